//! Servers that score no given text, but report the likeliest next tokens.

use holometer_core::{FailureKind, Outcome, Request};
use holometer_testkit::fake_openai::{MODEL, behave, error, prompt_of};
use holometer_testkit::fake_server::{FakeReply, FakeRequest, FakeServer, Reaction};
use serde_json::json;

use crate::support::{ask, failure, open_fake, quick};

/// After `flip`, the fake model is fairly sure of yes.
const AFTER_FLIP: [(&str, f64); 3] = [(" yes", -0.5), (" no", -1.25), ("\n", -4.0)];
const BY_CHAT: [(&str, f64); 4] = [("Yes", -1.0), ("No", -1.5), ("yes", -2.0), ("\n", -4.0)];

/// Completions without echo, and no chat.
fn completions_only(request: &FakeRequest) -> Reaction {
    let body = request.json();
    if request.path.contains("chat") || body["echo"] == true {
        return Reaction::Reply(error(400, "not offered", "invalid_request"));
    }
    if request.method == "GET" {
        return behave(request);
    }
    let tokens = if prompt_of(&body) == "flip" { &AFTER_FLIP[..] } else { &AFTER_FLIP[2..] };
    let top: serde_json::Map<_, _> =
        tokens.iter().map(|(text, logprob)| ((*text).to_owned(), json!(logprob))).collect();
    let (text, logprob) = tokens[0];
    Reaction::Reply(FakeReply::json(
        200,
        &json!({
            "id": "cmpl-0", "object": "text_completion", "created": 0, "model": MODEL,
            "choices": [{"index": 0, "text": text, "finish_reason": "length", "logprobs": {
                "tokens": [text], "token_logprobs": [logprob], "top_logprobs": [top], "text_offset": [0],
            }}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8},
        }),
    ))
}

/// Chat with alternatives, and no completions.
fn chat_only(request: &FakeRequest) -> Reaction {
    if request.method == "GET" {
        return behave(request);
    }
    if !request.path.contains("chat") {
        return Reaction::Reply(error(404, "no such path", "not_found"));
    }
    let token = |(text, logprob): &(&str, f64)| json!({"token": text, "logprob": logprob});
    let top: Vec<_> = BY_CHAT.iter().map(token).collect();
    let first = json!({"token": "Yes", "logprob": -1.0, "top_logprobs": top});
    Reaction::Reply(FakeReply::json(
        200,
        &json!({
            "id": "chatcmpl-0", "object": "chat.completion", "created": 0, "model": MODEL,
            "choices": [{"index": 0, "finish_reason": "length", "logprobs": {"content": [first]},
                "message": {"role": "assistant", "content": "Yes", "refusal": null}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
        }),
    ))
}

fn score(context: &str, continuation: &str) -> Request {
    Request::ScoreContinuation { context: context.into(), continuation: continuation.into() }
}

/// The log-probability, and the tokens that the answer is billed for.
fn scored(outcome: &Outcome) -> (f64, Option<usize>, Option<usize>) {
    match outcome {
        Outcome::Answered(response) => (
            response.completions[0].logprob().expect("a score"),
            response.prompt_tokens,
            response.completion_tokens,
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn answers_to_one_context_are_scored_by_one_call() {
    let server = FakeServer::start(completions_only);
    let model = open_fake(&server, &quick());
    let card = model.card();
    assert!(!card.capabilities.score_continuation && card.capabilities.score_next_token);
    assert!(card.summary.contains("one-token answers by the 5 likeliest"), "{}", card.summary);
    let before = server.requests();
    let requests = vec![
        score("flip", " yes"),
        score("flop", " yes"),
        score("flip", " no"),
        score("flip", " maybe"),
    ];
    let finished = ask(&*model, requests);
    assert_eq!(server.requests() - before, 2);
    assert_eq!(scored(&finished[&0].outcome), (-0.5, Some(7), Some(1)));
    assert_eq!(scored(&finished[&2].outcome), (-1.25, Some(0), Some(0)));
    for unlisted in [1, 3] {
        let (kind, message) = failure(&finished[&unlisted].outcome);
        assert_eq!(kind, FailureKind::Unsupported);
        assert!(message.contains("is none of the"), "{message}");
    }
    let body = server.seen().last().unwrap().json();
    assert_eq!((&body["max_tokens"], &body["logprobs"]), (&json!(1), &json!(5)));
    assert!(body.get("echo").is_none(), "{body}");
}

#[test]
fn over_chat_the_ways_to_write_an_answer_count_together() {
    let server = FakeServer::start(chat_only);
    let model = open_fake(&server, &quick());
    assert!(!model.card().capabilities.score_continuation);
    let finished = ask(&*model, vec![score("flip", " yes"), score("flip", " no")]);
    let (yes, ..) = scored(&finished[&0].outcome);
    assert!((yes.exp() - ((-1.0_f64).exp() + (-2.0_f64).exp())).abs() < 1e-12, "{yes}");
    assert_eq!(scored(&finished[&1].outcome), (-1.5, Some(0), Some(0)));
    let body = server.seen().last().unwrap().json();
    assert_eq!(body["messages"], json!([{"role": "user", "content": "flip"}]));
    assert_eq!((&body["logprobs"], &body["top_logprobs"]), (&json!(true), &json!(20)));
}
