//! What the tests against the fake server share.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use holometer_core::{
    Cancel, Decoding, FailureKind, Finished, Model, Outcome, Prompt, Request, RequestKey,
};
use holometer_providers::{Retries, Settings, open};
use holometer_testkit::fake_openai;
use holometer_testkit::fake_server::FakeServer;

/// Settings with delays of milliseconds.
pub(crate) fn quick() -> Settings {
    Settings {
        retries: Retries {
            max: 8,
            first_delay: Duration::from_millis(1),
            max_delay: Duration::from_millis(20),
            patience: Duration::from_secs(60),
        },
        ..Settings::default()
    }
}

/// Opens the fake model.
pub(crate) fn open_fake(server: &FakeServer, settings: &Settings) -> Box<dyn Model> {
    let spec = format!("{}/v1#{}", server.url(), fake_openai::MODEL);
    open(&spec, settings).unwrap().unwrap()
}

/// A request for a text of ten tokens.
pub(crate) fn text(prompt: &str) -> Request {
    let decoding = Decoding { max_tokens: 10, ..Decoding::default() };
    Request::Generate { prompt: Prompt::Text(prompt.into()), decoding }
}

/// Sends requests; the key of each is its position. Fails if one is handed over twice.
pub(crate) fn ask(model: &dyn Model, requests: Vec<Request>) -> BTreeMap<u64, Finished> {
    let keyed: Vec<(RequestKey, Request)> = (0..).map(RequestKey).zip(requests).collect();
    let seen = Mutex::new(BTreeMap::new());
    model.answer(&keyed, &Cancel::new(), &|finished| {
        let twice = seen.lock().unwrap().insert(finished.key.0, finished);
        assert!(twice.is_none(), "handed over twice: {twice:?}");
    });
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), keyed.len(), "some requests were lost");
    seen
}

/// Sends one request.
pub(crate) fn ask_one(model: &dyn Model, request: Request) -> Outcome {
    ask(model, vec![request]).remove(&0).unwrap().outcome
}

/// The kind and message of a failure.
pub(crate) fn failure(outcome: &Outcome) -> (FailureKind, &str) {
    match outcome {
        Outcome::Failed { kind, message } => (*kind, message),
        other => panic!("not failed: {other:?}"),
    }
}

/// The first completion's text.
pub(crate) fn answer_of(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Answered(response) => &response.completions[0].text,
        other => panic!("not answered: {other:?}"),
    }
}
