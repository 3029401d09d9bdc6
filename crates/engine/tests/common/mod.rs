//! What the tests share.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "test code; whether a helper is used differs from test file to test file"
)]

pub(crate) mod tiny;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use holometer_core::{Cancel, Completion, Decoding, Model, Outcome, Prompt, Request, RequestKey};

/// The real model's file: `$HOLOMETER_TEST_MODEL`, else where `make test` puts it. `None`, with a line that says so, when
/// it is absent.
pub(crate) fn real_model() -> Option<PathBuf> {
    let usual = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../.demo/models/SmolLM2-135M-Instruct.Q4_1.gguf");
    let path = std::env::var_os("HOLOMETER_TEST_MODEL").map_or(usual, PathBuf::from);
    if path.is_file() {
        return Some(path);
    }
    eprintln!(
        "SKIPPED: the test model is absent (looked for `{}`); run `make test` or set HOLOMETER_TEST_MODEL",
        path.display()
    );
    None
}

/// Asks all requests at once and returns the outcomes in order.
pub(crate) fn ask(model: &dyn Model, requests: &[Request]) -> Vec<Outcome> {
    let keyed: Vec<(RequestKey, Request)> = requests
        .iter()
        .enumerate()
        .map(|(index, request)| (RequestKey(index as u64), request.clone()))
        .collect();
    let outcomes = Mutex::new(BTreeMap::new());
    model.answer(&keyed, &Cancel::new(), &|finished| {
        let before = outcomes.lock().unwrap().insert(finished.key, finished.outcome);
        assert!(before.is_none(), "a request was handed out twice");
    });
    let outcomes = outcomes.into_inner().unwrap();
    assert_eq!(outcomes.len(), requests.len(), "every request is handed out");
    outcomes.into_values().collect()
}

/// The only completion of an answer.
pub(crate) fn completion(outcome: &Outcome) -> &Completion {
    match outcome {
        Outcome::Answered(response) => &response.completions[0],
        other => panic!("not answered: {other:?}"),
    }
}

/// A request for text.
pub(crate) fn generate(prompt: &str, max_tokens: usize) -> Request {
    Request::Generate {
        prompt: Prompt::Text(prompt.to_owned()),
        decoding: Decoding { max_tokens, ..Decoding::default() },
    }
}

/// A request for log-probabilities.
pub(crate) fn score(context: &str, continuation: &str) -> Request {
    Request::ScoreContinuation {
        context: context.to_owned(),
        continuation: continuation.to_owned(),
    }
}
