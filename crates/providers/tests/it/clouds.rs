//! APIs that want more than a fixed key: OpenAI's responses, Amazon's signatures, Google's short-lived tokens. Bodies and
//! replies are those of the vendors' references.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::support::{ask_one, failure, quick};
use holometer_core::{
    ChatMessage, Decoding, FailureKind, FinishReason, Model, Outcome, Prompt, Request, Role,
};
use holometer_providers::{Settings, open};
use holometer_testkit::fake_server::{FakeReply, FakeRequest, FakeServer, Reaction};
use serde_json::{Value, json};

fn open_at(server: &FakeServer, spec: &str, variables: &[(&str, &str)]) -> Box<dyn Model> {
    let vendor = spec.split(':').next().unwrap().to_owned();
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let env = move |name: &str| variables.get(name).cloned();
    let base_urls = [(vendor, format!("{}/base", server.url()))].into();
    open(spec, &Settings { env: Arc::new(env), base_urls, ..quick() }).unwrap().unwrap()
}

fn replying(body: Value) -> FakeServer {
    FakeServer::start(move |request: &FakeRequest| {
        let body = if request.method == "GET" { json!({"data": []}) } else { body.clone() };
        Reaction::Reply(FakeReply::json(200, &body))
    })
}

fn hello(top_k_per_token: usize) -> Request {
    let say = |role, content: &str| ChatMessage { role, content: content.into() };
    let prompt = Prompt::Chat(vec![say(Role::System, "Be brief."), say(Role::User, "Hello")]);
    let stop_sequences = vec!["END".to_owned()];
    let decoding =
        Decoding { max_tokens: 40, stop_sequences, top_k_per_token, ..Decoding::default() };
    Request::Generate { prompt, decoding }
}

fn posted(server: &FakeServer) -> FakeRequest {
    server.seen().into_iter().rev().find(|request| request.method == "POST").unwrap()
}

#[test]
fn openai_responses() {
    let server = replying(json!({
        "id": "resp_67ccd2bed1ec8190b14f964abc054267", "object": "response", "status": "completed",
        "error": null, "incomplete_details": null, "model": "gpt-4.1-2025-04-14",
        "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
            {"type": "message", "role": "assistant", "status": "completed", "content": [{
                "type": "output_text", "text": "Hi there END and more", "annotations": [],
                "logprobs": [{"token": "Hi", "logprob": -0.5, "bytes": [72, 105],
                    "top_logprobs": [{"token": "Hi", "logprob": -0.5, "bytes": [72, 105]}]}],
            }]},
        ],
        "usage": {"input_tokens": 36, "output_tokens": 87, "total_tokens": 123},
    }));
    let model = open_at(&server, "openai-responses:gpt-4.1", &[("OPENAI_API_KEY", "sk-1")]);
    let outcome = ask_one(&*model, hello(3));
    let request = posted(&server);
    assert_eq!(request.path, "/base/responses");
    assert_eq!(request.header("authorization"), Some("Bearer sk-1"));
    assert_eq!(
        request.json(),
        json!({
            "model": "gpt-4.1", "instructions": "Be brief.",
            "input": [{"role": "user", "content": "Hello"}], "max_output_tokens": 40,
            "store": false, "temperature": 0.0,
            "include": ["message.output_text.logprobs"], "top_logprobs": 3,
        })
    );
    let response = outcome.response().unwrap();
    let completion = &response.completions[0];
    assert_eq!(completion.text, "Hi there ");
    assert_eq!(completion.finish_reason, Some(FinishReason::Stop));
    assert_eq!(completion.thinking.as_deref(), Some("hm"));
    assert_eq!(completion.tokens[0].logprob, Some(-0.5));
    assert_eq!((response.prompt_tokens, response.completion_tokens), (Some(36), Some(87)));
    assert_eq!(model.price().map(|price| (price.input, price.output)), Some((2.0, 8.0)));
}

#[test]
fn openai_responses_that_are_no_answers() {
    let part = |content: Value| json!({"status": "completed", "output": [{"type": "message", "content": [content]}]});
    let refused = part(json!({"type": "refusal", "refusal": "I can't help with that."}));
    let cut = json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"},
        "output": [{"type": "reasoning", "summary": []}]});
    let filtered = json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"},
        "output": []});
    let ask = |body: Value| {
        let server = replying(body);
        let model = open_at(&server, "openai-responses:o3", &[("OPENAI_API_KEY", "sk-1")]);
        ask_one(&*model, hello(0))
    };
    assert!(matches!(ask(refused), Outcome::Refused { .. }));
    assert!(matches!(ask(filtered), Outcome::Refused { .. }));
    let cut = ask(cut);
    let completion = &cut.response().unwrap().completions[0];
    assert_eq!(
        (completion.text.as_str(), &completion.finish_reason),
        ("", &Some(FinishReason::Length))
    );
    let broken =
        ask(json!({"status": "failed", "error": {"code": "server_error", "message": "oops"}}));
    assert_eq!(failure(&broken).0, FailureKind::Server);
}

fn converse_reply() -> Value {
    json!({
        "output": {"message": {"role": "assistant", "content": [
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
            {"text": "Hello!"},
        ]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 30, "outputTokens": 628, "totalTokens": 658},
        "metrics": {"latencyMs": 1275},
    })
}

#[test]
fn bedrock_calls_are_signed() {
    let server = replying(converse_reply());
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "planted-secret"),
        ("AWS_SESSION_TOKEN", "session"),
        ("AWS_REGION", "eu-central-1"),
    ];
    let model = open_at(&server, "bedrock:anthropic.claude-3-haiku-20240307-v1:0", &keys);
    let outcome = ask_one(&*model, hello(0));
    let request = posted(&server);
    assert_eq!(request.path, "/base/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse");
    assert_eq!(
        request.json(),
        json!({
            "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
            "system": [{"text": "Be brief."}],
            "inferenceConfig": {"maxTokens": 40, "temperature": 0.0, "stopSequences": ["END"]},
        })
    );
    let authorization = request.header("authorization").unwrap();
    assert!(
        authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"),
        "{authorization}"
    );
    assert!(authorization.contains("/eu-central-1/bedrock/aws4_request, "), "{authorization}");
    assert!(!authorization.contains("planted"));
    assert_eq!(request.header("x-amz-security-token"), Some("session"));
    let response = outcome.response().unwrap();
    assert_eq!(response.completions[0].text, "Hello!");
    assert_eq!(response.completions[0].thinking.as_deref(), Some("hm"));
    assert_eq!((response.prompt_tokens, response.completion_tokens), (Some(30), Some(628)));
}

#[test]
fn bedrock_takes_a_bearer_token_and_names_what_is_missing() {
    let server = replying(converse_reply());
    let model = open_at(&server, "bedrock:m", &[("AWS_BEARER_TOKEN_BEDROCK", "b-1")]);
    ask_one(&*model, hello(0));
    assert_eq!(posted(&server).header("authorization"), Some("Bearer b-1"));
    let settings = Settings { env: Arc::new(|_| None), ..quick() };
    let error = open("bedrock:m", &settings).unwrap_err().to_string();
    assert!(error.contains("AWS_ACCESS_KEY_ID") && error.contains("hint"), "{error}");
}

/// Google's documented kind of file for a person's consent.
fn consent(token_uri: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = json!({
        "type": "authorized_user", "client_id": "id", "client_secret": "planted-secret",
        "refresh_token": "planted-refresh", "token_uri": token_uri,
    });
    std::fs::write(file.path(), text.to_string()).unwrap();
    file
}

#[test]
fn vertex_buys_a_token_once() {
    let server = FakeServer::start(|request: &FakeRequest| {
        let body = if request.path == "/token" {
            json!({"access_token": "ya29.x", "expires_in": 3599, "token_type": "Bearer"})
        } else {
            json!({"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]})
        };
        Reaction::Reply(FakeReply::json(200, &body))
    });
    let file = consent(&format!("{}/token", server.url()));
    let path = file.path().to_str().unwrap();
    let model =
        open_at(&server, "vertex:gemini-2.5-flash", &[("GOOGLE_APPLICATION_CREDENTIALS", path)]);
    for _ in 0..3 {
        let outcome = ask_one(&*model, hello(0));
        assert_eq!(outcome.response().unwrap().completions[0].text, "Hi");
    }
    let seen = server.seen();
    let bought: Vec<_> = seen.iter().filter(|request| request.path == "/token").collect();
    assert_eq!(bought.len(), 1);
    let form = String::from_utf8(bought[0].body.clone()).unwrap();
    assert!(
        form.contains("grant_type=refresh_token") && form.contains("refresh_token=planted-refresh"),
        "{form}"
    );
    let asked = posted(&server);
    assert_eq!(asked.path, "/base/models/gemini-2.5-flash:generateContent");
    assert_eq!(asked.header("authorization"), Some("Bearer ya29.x"));
}

#[test]
fn a_refused_token_stops_the_run_and_shows_no_secret() {
    let server = FakeServer::start(|_: &FakeRequest| {
        Reaction::Reply(FakeReply::json(400, &json!({"error": "invalid_grant"})))
    });
    let file = consent(&format!("{}/token", server.url()));
    let path = file.path().to_str().unwrap();
    let model =
        open_at(&server, "vertex:gemini-2.5-flash", &[("GOOGLE_APPLICATION_CREDENTIALS", path)]);
    let outcome = ask_one(&*model, hello(0));
    let (kind, message) = failure(&outcome);
    assert_eq!(kind, FailureKind::Unauthorized);
    assert!(message.contains("invalid_grant") && !message.contains("planted"), "{message}");
}
