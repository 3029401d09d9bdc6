//! llama.cpp's server, which neither echoes prompts nor reports their log-probabilities. The replies have the shape of
//! real ones (SmolLM2-135M-Instruct, build of November 2026).

use holometer_core::{Outcome, Request};
use holometer_providers::open;
use holometer_testkit::fake_openai;
use holometer_testkit::fake_server::{FakeReply, FakeRequest, FakeServer, Reaction};
use serde_json::{Value, json};

use crate::support::{ask_one, quick};

/// A vocabulary of bytes; a token's log-probability is minus its number, divided by the length of what precedes it.
fn llama_cpp(request: &FakeRequest) -> Reaction {
    let body = request.json();
    let reply = match request.path.as_str() {
        "/v1/models" => json!({"object": "list", "data": [{
            "id": "m.gguf", "owned_by": "llamacpp", "meta": {"n_ctx": 1024, "n_ctx_train": 8192},
        }]}),
        "/props" => json!({
            "default_generation_settings": {"n_ctx": 512}, "chat_template": "{{ messages }}",
            "bos_token": "^", "eos_token": "$",
        }),
        "/tokenize" => {
            let pieces = body["content"].as_str().unwrap().bytes().map(|byte| {
                let whole = byte.is_ascii().then(|| json!(char::from(byte).to_string()));
                json!({"id": byte, "piece": whole.unwrap_or_else(|| json!([byte]))})
            });
            json!({"tokens": pieces.collect::<Vec<_>>()})
        }
        "/completion" => forced(&body),
        // Echo is ignored.
        "/v1/completions" => {
            let choice = json!({
                "index": 0, "text": " four", "finish_reason": "length",
                "logprobs": {"content": [{"token": " four", "logprob": -1.0, "top_logprobs": []}]},
            });
            json!({"choices": [choice]})
        }
        _ => return fake_openai::behave(request),
    };
    Reaction::Reply(FakeReply::json(200, &reply))
}

fn forced(body: &Value) -> Value {
    let before = body["prompt"].as_array().unwrap().len() as f64;
    assert!(before > 0.0, "the server refuses empty prompts");
    assert_eq!((&body["n_predict"], &body["temperature"]), (&json!(1), &json!(0.0)));
    let entry = |id: u64| json!({"id": id, "token": "?", "logprob": -(id as f64) / before});
    let bias = &body["logit_bias"][0];
    assert_eq!(bias[1], 1e6);
    let (written, count) = match bias[0].as_u64() {
        Some(id) => (id, 1),
        None => (u64::from(b'a'), 256),
    };
    assert_eq!(body["n_probs"].as_u64().unwrap() > 256, count == 256);
    let mut probabilities = entry(written);
    probabilities["top_logprobs"] = (0..count).map(entry).collect();
    json!({"content": "?", "model": "m.gguf", "completion_probabilities": [probabilities]})
}

fn scored(context: &str, continuation: &str) -> Vec<Option<f64>> {
    let server = FakeServer::start(llama_cpp);
    let model = open(&format!("{}/v1", server.url()), &quick()).unwrap().unwrap();
    let (context, continuation) = (context.to_owned(), continuation.to_owned());
    let outcome = ask_one(&*model, Request::ScoreContinuation { context, continuation });
    let Outcome::Answered(response) = outcome else { panic!("{outcome:?}") };
    response.completions[0].tokens.iter().map(|token| token.logprob).collect()
}

#[test]
fn every_token_of_the_continuation_is_forced_after_what_precedes_it() {
    let logprob = |byte: u8, before: f64| Some(-f64::from(byte) / before);
    assert_eq!(scored("ab", "cd"), [logprob(b'c', 2.0), logprob(b'd', 3.0)]);
    // A text without context is conditioned on the token that begins texts.
    assert_eq!(scored("", "ab"), [logprob(b'a', 1.0), logprob(b'b', 2.0)]);
}

#[test]
fn parts_of_characters_are_looked_up_among_all_alternatives() {
    let bytes = "é".as_bytes();
    let expected: Vec<_> = bytes
        .iter()
        .zip([1.0, 2.0])
        .map(|(byte, before)| Some(-f64::from(*byte) / before))
        .collect();
    assert_eq!(scored("a", "é"), expected);
}

#[test]
fn the_card_says_how_text_is_scored_and_what_the_server_was_started_with() {
    let server = FakeServer::start(llama_cpp);
    let model = open(&format!("{}/v1", server.url()), &quick()).unwrap().unwrap();
    let summary = &model.card().summary;
    assert!(summary.contains("scoring of given text by forced tokens; llamacpp"), "{summary}");
    assert_eq!(model.window().max_sequence_length, 512);
    assert_eq!(
        (model.window().prefix_token, model.window().end_of_text_token),
        ("^".into(), "$".into())
    );
}
