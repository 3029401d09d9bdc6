//! Requests and replies of the vendors whose APIs are not OpenAI's, or differ from it: the request bodies are those of
//! the vendors' references, the replies are the examples of their documentation.

use std::sync::Arc;

use crate::support::{ask_one, failure, quick};
use holometer_core::{
    ChatMessage, Completion, Decoding, FailureKind, FinishReason, Model, Outcome, Prompt, Request,
    Role,
};
use holometer_providers::{Settings, open};
use holometer_testkit::fake_server::{FakeReply, FakeRequest, FakeServer, Reaction};
use serde_json::{Value, json};

/// A vendor's model at the fake server, with a planted key.
fn open_at(server: &FakeServer, spec: &str) -> Box<dyn Model> {
    let vendor = spec.split(':').next().unwrap().to_owned();
    let env = |name: &str| (name.ends_with("KEY") || name == "HF_TOKEN").then(|| "sk-1".to_owned());
    let base_urls = [(vendor, format!("{}/base", server.url()))].into();
    let settings = Settings { env: Arc::new(env), base_urls, ..quick() };
    open(spec, &settings).unwrap().unwrap()
}

/// A server that replies to every POST in the same way, and to GET with an empty list.
fn replying(status: u16, body: Value) -> FakeServer {
    FakeServer::start(move |request: &FakeRequest| {
        let body = if request.method == "GET" { json!({"data": []}) } else { body.clone() };
        let status = if request.method == "GET" { 200 } else { status };
        Reaction::Reply(FakeReply::json(status, &body))
    })
}

fn conversation() -> Prompt {
    let say = |role, content: &str| ChatMessage { role, content: content.into() };
    Prompt::Chat(vec![
        say(Role::System, "Be brief."),
        say(Role::User, "Hello"),
        say(Role::Assistant, "Answer: "),
    ])
}

fn decoding() -> Decoding {
    Decoding {
        max_tokens: 9,
        stop_sequences: vec!["\n".into(), "END".into()],
        ..Decoding::default()
    }
}

fn generate(prompt: Prompt) -> Request {
    Request::Generate { prompt, decoding: decoding() }
}

fn hello() -> Request {
    generate(Prompt::Text("Hello".into()))
}

fn posted(server: &FakeServer) -> FakeRequest {
    server.seen().into_iter().rev().find(|request| request.method == "POST").unwrap()
}

fn completion(outcome: &Outcome) -> &Completion {
    match outcome {
        Outcome::Answered(response) => &response.completions[0],
        other => panic!("not answered: {other:?}"),
    }
}

#[test]
fn anthropic_messages() {
    let server = replying(
        200,
        json!({
            "id": "msg_013Zva2CMHLNnXjNJJKqJ2EF", "type": "message", "role": "assistant",
            "model": "claude-sonnet-4-20250514",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "EqQB"},
                {"type": "text", "text": "Hi! My name is Claude."},
            ],
            "stop_reason": "end_turn", "stop_sequence": null,
            "usage": {
                "input_tokens": 95, "cache_read_input_tokens": 2000, "cache_creation_input_tokens": 5,
                "output_tokens": 503,
            },
        }),
    );
    let model = open_at(&server, "anthropic:claude-sonnet-4-20250514");
    let outcome = ask_one(&*model, generate(conversation()));
    let request = posted(&server);
    assert_eq!(request.path, "/base/messages");
    assert_eq!(request.header("x-api-key"), Some("sk-1"));
    assert_eq!(request.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(request.header("authorization"), None);
    assert_eq!(
        request.json(),
        json!({
            "model": "claude-sonnet-4-20250514", "max_tokens": 9, "system": "Be brief.",
            "messages": [
                {"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Answer:"},
            ],
            "temperature": 0.0, "stop_sequences": ["END"],
        })
    );
    assert_eq!(completion(&outcome).text, "Hi! My name is Claude.");
    assert_eq!(completion(&outcome).thinking.as_deref(), Some("hm"));
    assert_eq!(completion(&outcome).finish_reason, Some(FinishReason::EndOfText));
    let response = outcome.response().unwrap();
    assert_eq!((response.prompt_tokens, response.completion_tokens), (Some(2100), Some(503)));
    assert_eq!(model.window().max_sequence_length, 200_000);
    assert!(!model.card().capabilities.score_continuation);
}

#[test]
fn models_that_sample_in_their_own_way_get_no_temperature_and_say_so() {
    let server = replying(200, json!({"content": [], "stop_reason": "end_turn", "usage": {}}));
    for (name, takes) in [
        ("claude-opus-4-8", false),
        ("claude-sonnet-5-5", false),
        ("claude-opus-4-1-20250805", true),
        ("claude-haiku-4-5-20251001", true),
    ] {
        let model = open_at(&server, &format!("anthropic:{name}"));
        ask_one(&*model, hello());
        assert_eq!(posted(&server).json().get("temperature").is_some(), takes, "{name}");
        assert_eq!(model.card().summary.contains("samples in its own way"), !takes, "{name}");
    }
}

#[test]
fn anthropic_refusals_and_errors() {
    let refusal = replying(
        200,
        json!({"type": "message", "content": [], "stop_reason": "refusal", "usage": {}}),
    );
    let model = open_at(&refusal, "anthropic:claude-sonnet-4");
    assert!(matches!(ask_one(&*model, hello()), Outcome::Refused { .. }));
    for (status, kind, message, expected) in [
        (
            400,
            "invalid_request_error",
            "prompt is too long: 9 tokens > 8 maximum",
            FailureKind::TooLong,
        ),
        (400, "invalid_request_error", "temperature: range: -1..1", FailureKind::Rejected),
        (401, "authentication_error", "invalid x-api-key", FailureKind::Unauthorized),
        (
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API.",
            FailureKind::Unauthorized,
        ),
        (404, "not_found_error", "model: claude-none", FailureKind::Rejected),
    ] {
        let error = json!({"type": "error", "error": {"type": kind, "message": message}});
        let server = replying(status, error);
        let model = open_at(&server, "anthropic:claude-sonnet-4");
        let outcome = ask_one(&*model, hello());
        assert_eq!(failure(&outcome).0, expected, "{outcome:?}");
    }
}

#[test]
fn several_completions_take_several_calls_where_they_must() {
    let server = replying(
        200,
        json!({
            "content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn",
            "usage": {"input_tokens": 3, "output_tokens": 1},
        }),
    );
    let model = open_at(&server, "anthropic:claude-3-haiku");
    let decoding = Decoding { num_completions: 3, temperature: 1.0, ..decoding() };
    let outcome =
        ask_one(&*model, Request::Generate { prompt: Prompt::Text("Hello".into()), decoding });
    let response = outcome.response().unwrap();
    assert_eq!(response.completions.len(), 3);
    assert_eq!((response.prompt_tokens, response.completion_tokens), (Some(9), Some(3)));
    let posts = server.seen().iter().filter(|request| request.method == "POST").count();
    assert_eq!(posts, 3);
}

#[test]
fn google_gemini() {
    let server = replying(
        200,
        json!({
            "candidates": [{
                "content": {"role": "model", "parts": [
                    {"text": "let me see", "thought": true}, {"text": "Hi "}, {"text": "there"},
                ]},
                "finishReason": "MAX_TOKENS", "index": 0,
            }],
            "usageMetadata": {
                "promptTokenCount": 4, "candidatesTokenCount": 5, "thoughtsTokenCount": 30,
                "totalTokenCount": 39,
            },
            "modelVersion": "gemini-2.5-flash",
        }),
    );
    let model = open_at(&server, "google:gemini-2.5-flash");
    let outcome = ask_one(&*model, generate(conversation()));
    let request = posted(&server);
    assert_eq!(request.path, "/base/models/gemini-2.5-flash:generateContent");
    assert_eq!(request.header("x-goog-api-key"), Some("sk-1"));
    let mut body = request.json();
    let safety = body.as_object_mut().unwrap().remove("safetySettings").unwrap();
    assert!(safety.as_array().unwrap().iter().all(|entry| entry["threshold"] == "BLOCK_NONE"));
    assert_eq!(
        body,
        json!({
            "contents": [
                {"role": "user", "parts": [{"text": "Hello"}]},
                {"role": "model", "parts": [{"text": "Answer: "}]},
            ],
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "generationConfig": {
                "maxOutputTokens": 9, "temperature": 0.0, "topP": 1.0, "stopSequences": ["\n", "END"],
            },
        })
    );
    assert_eq!(completion(&outcome).text, "Hi there");
    assert_eq!(completion(&outcome).thinking.as_deref(), Some("let me see"));
    assert_eq!(completion(&outcome).finish_reason, Some(FinishReason::Length));
    assert_eq!(outcome.response().unwrap().completion_tokens, Some(35));
}

#[test]
fn google_blocks_and_errors() {
    for body in [
        json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {}}),
        json!({"candidates": [{"finishReason": "SAFETY", "index": 0}]}),
        json!({"candidates": [{"finishReason": "RECITATION", "content": {"parts": [{"text": "It was"}]}}]}),
    ] {
        let server = replying(200, body);
        let model = open_at(&server, "google:gemini-2.5-flash");
        assert!(matches!(ask_one(&*model, hello()), Outcome::Refused { .. }));
    }
    let bad_key = json!({"error": {
        "code": 400, "message": "API key not valid. Please pass a valid API key.",
        "status": "INVALID_ARGUMENT",
        "details": [{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
        }],
    }});
    let server = replying(400, bad_key);
    let outcome = ask_one(&*open_at(&server, "google:gemini-2.5-flash"), hello());
    assert_eq!(failure(&outcome).0, FailureKind::Unauthorized);
    // A wait of two days is longer than anyone's patience.
    let exhausted = json!({"error": {
        "code": 429, "message": "You exceeded your current quota", "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "172800s"}],
    }});
    let server = replying(429, exhausted);
    let outcome = ask_one(&*open_at(&server, "google:gemini-2.5-flash"), hello());
    let (kind, message) = failure(&outcome);
    assert_eq!(kind, FailureKind::RateLimited);
    assert!(message.contains("172800 s"), "{message}");
}

#[test]
fn cohere_chat() {
    let server = replying(
        200,
        json!({
            "id": "c14c80c3-18eb-4519-9460-6c92edd8cfb4", "finish_reason": "STOP_SEQUENCE",
            "message": {"role": "assistant", "content": [{"type": "text", "text": "LLMs stand"}]},
            "usage": {
                "billed_units": {"input_tokens": 5, "output_tokens": 418},
                "tokens": {"input_tokens": 71, "output_tokens": 418},
            },
            "logprobs": [
                {"text": "LLMs", "token_ids": [1, 2], "logprobs": [-0.5, -0.25]},
                {"text": " stand", "token_ids": [3], "logprobs": [-1.0]},
            ],
        }),
    );
    let model = open_at(&server, "cohere:command-a-03-2025");
    let outcome = ask_one(&*model, hello());
    let request = posted(&server);
    assert_eq!(request.path, "/base/chat");
    assert_eq!(request.header("authorization"), Some("Bearer sk-1"));
    assert_eq!(
        request.json(),
        json!({
            "model": "command-a-03-2025", "messages": [{"role": "user", "content": "Hello"}],
            "max_tokens": 9, "temperature": 0.0, "p": 0.99, "stop_sequences": ["\n", "END"],
            "logprobs": true,
        })
    );
    assert_eq!(completion(&outcome).text, "LLMs stand");
    assert_eq!(completion(&outcome).tokens[0].logprob, Some(-0.75));
    assert_eq!(completion(&outcome).finish_reason, Some(FinishReason::Stop));
    assert_eq!(outcome.response().unwrap().prompt_tokens, Some(71));
}

/// What a vendor in OpenAI's shape is sent for a seeded request.
fn openai_body(spec: &str) -> Value {
    let server = replying(
        200,
        json!({"choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}]}),
    );
    let model = open_at(&server, spec);
    let decoding = Decoding { temperature: 1.0, ..decoding() };
    let outcome =
        ask_one(&*model, Request::Generate { prompt: Prompt::Text("Hello".into()), decoding });
    assert_eq!(completion(&outcome).text, "x");
    let mut body = posted(&server).json();
    for field in ["model", "messages"] {
        body.as_object_mut().unwrap().remove(field);
    }
    for field in ["seed", "random_seed"] {
        if let Some(seed) = body.get_mut(field) {
            *seed = json!("some");
        }
    }
    body
}

#[test]
fn vendors_in_openais_shape_get_only_what_they_take() {
    let stop = json!(["\n", "END"]);
    for (spec, expected) in [
        (
            "mistral:mistral-small-latest",
            json!({"max_tokens": 9, "temperature": 1.0, "stop": stop, "random_seed": "some"}),
        ),
        (
            "groq:llama-3.1-8b-instant",
            json!({"max_completion_tokens": 9, "temperature": 1.0, "stop": stop, "seed": "some"}),
        ),
        (
            "deepseek:deepseek-chat",
            json!({
                "max_tokens": 9, "temperature": 1.0, "stop": stop, "logprobs": true,
                "top_logprobs": 1,
            }),
        ),
        // Thinking counts against the limit, and nothing else may be set.
        ("deepseek:deepseek-reasoner", json!({"max_tokens": 9 + 8192})),
        (
            "huggingface:org/name:provider",
            json!({"max_tokens": 9, "temperature": 1.0, "stop": stop, "seed": "some"}),
        ),
    ] {
        assert_eq!(openai_body(spec), expected, "{spec}");
    }
}

/// The outcome of a request that samples from the five likeliest tokens, and the body that was sent, if any.
fn narrowed(spec: &str, reply: Value, temperature: f64) -> (Outcome, Option<Value>) {
    let server = replying(200, reply);
    let model = open_at(&server, spec);
    let decoding = Decoding { temperature, top_k: Some(5), ..decoding() };
    let prompt = Prompt::Text("Hello".into());
    let outcome = ask_one(&*model, Request::Generate { prompt, decoding });
    // Opening the model may have asked something, too.
    let asks = |body: &Value| body.to_string().contains("Hello");
    let posts = server.seen().into_iter().rev().filter(|request| request.method == "POST");
    (outcome, posts.map(|request| request.json()).find(asks))
}

#[test]
fn the_likeliest_tokens_are_asked_for_by_each_vendors_name_or_not_at_all() {
    let openai = json!({
        "choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}],
    });
    let anthropic = json!({"content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn"});
    let google = json!({
        "candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}],
    });
    let cohere = json!({
        "message": {"role": "assistant", "content": [{"type": "text", "text": "x"}]},
        "finish_reason": "COMPLETE",
    });
    for (spec, reply, pointer) in [
        ("anthropic:claude-3-haiku", anthropic, "/top_k"),
        ("google:gemini-2.0-flash", google, "/generationConfig/topK"),
        ("cohere:command-r-plus", cohere, "/k"),
        ("together:meta-llama/Llama-3.3-70B-Instruct-Turbo", openai.clone(), "/top_k"),
    ] {
        let (outcome, sent) = narrowed(spec, reply.clone(), 0.7);
        assert_eq!(completion(&outcome).text, "x", "{spec}");
        assert_eq!(sent.unwrap().pointer(pointer), Some(&json!(5)), "{spec}");
        let (_, greedy) = narrowed(spec, reply, 0.0);
        assert_eq!(greedy.unwrap().pointer(pointer), None, "{spec}: greedy needs no cut");
    }
    let (outcome, sent) = narrowed("openai:gpt-4o-mini", openai.clone(), 0.7);
    assert_eq!(failure(&outcome).0, FailureKind::Unsupported);
    assert!(failure(&outcome).1.contains("`top_k`") && sent.is_none(), "{outcome:?}");
    let (outcome, _) = narrowed("openai:gpt-4o-mini", openai, 0.0);
    assert_eq!(completion(&outcome).text, "x");
}

#[test]
fn mistral_marks_the_beginning_of_an_answer() {
    let server = replying(
        200,
        json!({"choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}]}),
    );
    ask_one(&*open_at(&server, "mistral:mistral-small-latest"), generate(conversation()));
    let last = json!({"role": "assistant", "content": "Answer: ", "prefix": true});
    assert_eq!(posted(&server).json()["messages"][2], last);
}

#[test]
fn a_dead_key_is_found_before_the_run() {
    let server = FakeServer::start(|_| {
        let body = json!({"error": {"message": "Incorrect API key provided: sk-1."}});
        Reaction::Reply(FakeReply::json(401, &body))
    });
    let env = |_: &str| Some("sk-1".to_owned());
    let base_urls = [("groq".to_owned(), server.url())].into();
    let settings = Settings { env: Arc::new(env), base_urls, ..quick() };
    let error = open("groq:llama-3.1-8b-instant", &settings).unwrap_err().to_string();
    assert!(error.contains("refused the key") && error.contains("GROQ_API_KEY"), "{error}");
    assert!(!error.contains("sk-1"), "{error}");
}

#[test]
fn addresses_of_the_vendors_own_clients_are_understood_with_and_without_a_path() {
    for (spec, variable, path, wanted) in [
        ("anthropic:claude-sonnet-4-5", "ANTHROPIC_BASE_URL", "", "/v1/messages"),
        ("anthropic:claude-sonnet-4-5", "ANTHROPIC_BASE_URL", "/proxy/v1/", "/proxy/v1/messages"),
        (
            "google:gemini-2.5-flash",
            "GOOGLE_GEMINI_BASE_URL",
            "/",
            "/v1beta/models/gemini-2.5-flash:generateContent",
        ),
        ("cohere:command-r", "CO_API_URL", "", "/v2/chat"),
    ] {
        let server = replying(200, json!({}));
        let address = format!("{}{path}", server.url());
        let env = move |name: &str| match name {
            name if name == variable => Some(address.clone()),
            name => name.ends_with("KEY").then(|| "k".to_owned()),
        };
        let model = open(spec, &Settings { env: Arc::new(env), ..quick() }).unwrap().unwrap();
        ask_one(&*model, hello());
        assert_eq!(posted(&server).path, wanted);
    }
}

#[test]
fn azure_takes_its_address_from_the_environment() {
    let server = replying(
        200,
        json!({"choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}]}),
    );
    let address = server.url();
    let env = move |name: &str| match name {
        "AZURE_OPENAI_API_KEY" => Some("sk-1".to_owned()),
        "AZURE_OPENAI_ENDPOINT" => Some(format!("{address}/")),
        _ => None,
    };
    let settings = Settings { env: Arc::new(env), ..quick() };
    let model = open("azure:my-deployment", &settings).unwrap().unwrap();
    ask_one(&*model, hello());
    let request = posted(&server);
    assert_eq!(request.path, "/openai/v1/chat/completions");
    assert_eq!(request.header("api-key"), Some("sk-1"));
    assert_eq!(request.json()["model"], "my-deployment");
    let unset =
        Settings { env: Arc::new(|name| (name.ends_with("KEY")).then(|| "k".into())), ..quick() };
    let error = open("azure:my-deployment", &unset).unwrap_err().to_string();
    assert!(error.contains("AZURE_OPENAI_ENDPOINT is not set"), "{error}");
}
