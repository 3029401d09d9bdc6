//! Requests against those that HELM's own adapters make of small instances (`parity/adapt/make_requests.py`): what the
//! golden runs do not cover.

use std::sync::Arc;

use holometer_adapt::{AdaptContext, AdaptError, adapt, helm_request};
use holometer_core::{Instance, Request, TokenId, Tokenizer, Window};
use serde_json::Value;

use crate::support::{adapter_spec, instance, named_run};

/// One token per byte; squeezing first makes one space of several.
struct ByteTokens {
    squeezing: bool,
}

impl Tokenizer for ByteTokens {
    fn encode(&self, text: &str) -> Vec<TokenId> {
        let mut text = text.to_owned();
        while self.squeezing && text.contains("  ") {
            text = text.replace("  ", " ");
        }
        text.bytes().map(u32::from).collect()
    }

    fn decode(&self, tokens: &[TokenId]) -> String {
        let bytes: Vec<u8> = tokens.iter().map(|token| u8::try_from(*token).unwrap()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/requests.json")).unwrap()
}

fn window(case: &Value) -> Window {
    let length = |name: &str| case["window"][name].as_u64().unwrap() as usize;
    Window {
        max_sequence_length: length("max_sequence_length"),
        max_request_length: length("max_request_length"),
        prefix_token: case["window"]["prefix_token"].as_str().unwrap().to_owned(),
        end_of_text_token: String::new(),
        chat: false,
    }
}

#[test]
fn every_request_is_that_of_helms_adapter() {
    let fixture = fixture();
    let mut compared = 0;
    for case in fixture["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let run = named_run(name, adapter_spec(&case["adapter_spec"]));
        let pool = &fixture["pools"][case["instances"].as_u64().unwrap() as usize];
        let instances: Vec<Arc<Instance>> =
            pool.as_array().unwrap().iter().map(instance).map(Arc::new).collect();
        let tokenizer = ByteTokens { squeezing: case["tokenizer"] == "squeezing" };
        let window = window(case);
        let context = AdaptContext { tokenizer: Some(&tokenizer), window: &window };
        let adaptation = adapt(&run.adapter, &instances, &context);
        let Some(theirs) = case["requests"].as_array() else {
            assert!(matches!(adaptation, Err(AdaptError::NothingFits { .. })), "{name}");
            continue;
        };
        let ours = adaptation.unwrap().requests;
        assert_eq!(ours.len(), theirs.len(), "{name}");
        for (our, their) in ours.iter().zip(theirs) {
            let mut object = helm_request(our, &run);
            object.as_object_mut().unwrap().remove("run");
            assert_eq!(&object, their, "{name}");
            compared += 1;
            check_split(our);
        }
    }
    assert!(compared > 150, "{compared}");
}

/// The scored part begins where the reference does, or a space before it, unless the prompt was cut.
fn check_split(state: &holometer_core::RequestState) {
    let (Request::ScoreContinuation { continuation, .. }, Some(index)) =
        (&state.request, state.reference_index)
    else {
        return;
    };
    let answer = &state.instance.references[index].output.text;
    // One case substitutes `A: b` by `Answer: B`, which spans the border.
    let answer = answer.trim_start_matches('b');
    assert!(
        state.prompt_truncated || continuation.contains(answer),
        "`{continuation}` should hold `{answer}`"
    );
}
