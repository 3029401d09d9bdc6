//! Requests and answers against a server in OpenAI's shape.

use std::sync::Arc;

use crate::support::{answer_of, ask_one, failure, open_fake, quick, text};
use holometer_core::{
    ChatMessage, Completion, Decoding, FailureKind, FinishReason, Outcome, Prompt, Request, Role,
};
use holometer_providers::{Contact, ProviderError, Settings, open};
use holometer_testkit::fake_openai::{MODEL, answer_to, behave, error, reply};
use holometer_testkit::fake_server::{FakeReply, FakeRequest, FakeServer, Reaction, dead_address};
use serde_json::{Value, json};

fn first(outcome: &Outcome) -> &Completion {
    match outcome {
        Outcome::Answered(response) => &response.completions[0],
        other => panic!("not answered: {other:?}"),
    }
}

fn chat(decoding: Decoding) -> Request {
    let message = |role, content: &str| ChatMessage { role, content: content.into() };
    let messages = vec![message(Role::System, "be brief"), message(Role::User, "hello there")];
    Request::Generate { prompt: Prompt::Chat(messages), decoding }
}

/// The last body that was sent to a path.
fn last_body(server: &FakeServer, path: &str) -> Value {
    server.seen().iter().rev().find(|request| request.path == path).unwrap().json()
}

#[test]
fn a_text_without_context_is_scored_after_the_token_that_begins_it() {
    let score =
        || Request::ScoreContinuation { context: String::new(), continuation: " one two".into() };
    let logprobs = |outcome: &Outcome| match outcome {
        Outcome::Answered(response) => response.completions[0]
            .tokens
            .iter()
            .map(|token| (token.text.clone(), token.logprob))
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let server = FakeServer::start(behave);
    let bare = open_fake(&server, &quick());
    assert!(bare.card().summary.contains("from their second token on"), "{}", bare.card().summary);
    let scored = logprobs(&ask_one(&*bare, score()));
    assert_eq!(scored, [(" one".to_owned(), None), (" two".to_owned(), Some(-4.0))]);

    let begun = open_fake(&server, &Settings { begin_text: Some("<s>".into()), ..quick() });
    let scored = logprobs(&ask_one(&*begun, score()));
    assert_eq!(scored, [(" one".to_owned(), Some(-4.0)), (" two".to_owned(), Some(-4.0))]);
    assert_ne!(begun.card().fingerprint, bare.card().fingerprint);
}

#[test]
fn the_card_tells_what_was_probed() {
    let server = FakeServer::start(behave);
    let model = open_fake(&server, &quick());
    let card = model.card();
    assert!(card.capabilities.score_continuation && card.capabilities.token_logprobs);
    assert!(card.capabilities.chat && card.capabilities.generate);
    assert!(card.summary.contains("window 2048 tokens, as the server says"), "{}", card.summary);
    assert!(card.fingerprint.ends_with(&format!("/v1#{MODEL}")), "{}", card.fingerprint);
    assert_eq!(model.window().max_sequence_length, 2048);
    assert!(model.window().chat);
    // The list, three calls of completions at most and one or two of chat, of one token each.
    assert!(server.requests() <= 6, "{} requests", server.requests());
    for request in server.seen().iter().filter(|request| request.method == "POST") {
        assert_eq!(request.json()["max_tokens"], 1);
    }
}

#[test]
fn the_only_model_needs_no_name() {
    let server = FakeServer::start(behave);
    let model = open(&format!("{}/v1", server.url()), &quick()).unwrap().unwrap();
    assert!(model.card().summary.contains(MODEL));
}

#[test]
fn text_goes_to_completions_with_the_documented_fields() {
    let server = FakeServer::start(behave);
    let model = open_fake(&server, &quick());
    let decoding = Decoding {
        max_tokens: 7,
        temperature: 0.5,
        top_p: 0.9,
        top_k: None,
        stop_sequences: vec!["\n".into()],
        num_completions: 2,
        top_k_per_token: 3,
        presence_penalty: 0.1,
        frequency_penalty: 0.2,
        random: None,
    };
    let prompt = Prompt::Text("a b".into());
    let outcome = ask_one(&*model, Request::Generate { prompt, decoding });
    let mut body = last_body(&server, "/v1/completions");
    assert!(body["seed"].is_u64());
    body.as_object_mut().unwrap().remove("seed");
    assert_eq!(
        body,
        json!({
            "model": MODEL, "prompt": "a b", "max_tokens": 7, "temperature": 0.5, "top_p": 0.9,
            "presence_penalty": 0.1, "frequency_penalty": 0.2, "stop": ["\n"], "n": 2, "logprobs": 3,
        })
    );
    let Outcome::Answered(response) = outcome else { panic!("{outcome:?}") };
    assert_eq!(response.completions.len(), 2);
    assert_eq!((response.prompt_tokens, response.completion_tokens), (Some(2), Some(8)));
    assert_eq!(response.served_by.as_deref(), Some(MODEL));
    let completion = &response.completions[1];
    assert_eq!(completion.text, answer_to("a b"));
    assert_eq!(completion.tokens[1].text, " to");
    assert_eq!(completion.tokens[1].logprob, Some(-3.0));
    assert_eq!(completion.tokens[1].top[0].text, " to");
    assert_eq!(completion.finish_reason, Some(FinishReason::Length));
}

#[test]
fn defaults_are_not_sent() {
    let server = FakeServer::start(behave);
    let model = open_fake(&server, &quick());
    ask_one(&*model, text("x"));
    assert_eq!(
        last_body(&server, "/v1/completions"),
        json!({"model": MODEL, "prompt": "x", "max_tokens": 10, "temperature": 0.0, "top_p": 1.0, "logprobs": 1})
    );
}

#[test]
fn repetitions_differ_by_their_seed_alone() {
    let server = FakeServer::start(behave);
    let model = open_fake(&server, &quick());
    let seed = |random: Option<&str>| {
        let random = random.map(str::to_owned);
        let decoding = Decoding { temperature: 1.0, random, ..Decoding::default() };
        ask_one(&*model, Request::Generate { prompt: Prompt::Text("x".into()), decoding });
        last_body(&server, "/v1/completions")["seed"].as_u64().unwrap()
    };
    assert_eq!(seed(Some("1")), seed(Some("1")));
    assert_ne!(seed(Some("1")), seed(Some("2")));
    assert!(seed(None) < 1 << 31);
}

#[test]
fn conversations_go_to_chat() {
    let server = FakeServer::start(behave);
    let model = open_fake(&server, &quick());
    let outcome = ask_one(&*model, chat(Decoding { max_tokens: 5, ..Decoding::default() }));
    assert_eq!(
        last_body(&server, "/v1/chat/completions"),
        json!({
            "model": MODEL,
            "messages": [
                {"role": "system", "content": "be brief"}, {"role": "user", "content": "hello there"},
            ],
            "max_tokens": 5, "temperature": 0.0, "top_p": 1.0, "logprobs": true, "top_logprobs": 1,
        })
    );
    assert_eq!(answer_of(&outcome), answer_to("hello there"));
    assert_eq!(first(&outcome).tokens[0].logprob, Some(-7.0));
}

#[test]
fn given_text_is_scored_by_echo() {
    let server = FakeServer::start(behave);
    let model = open_fake(&server, &quick());
    let request =
        Request::ScoreContinuation { context: "the sky".into(), continuation: "s are blue".into() };
    let outcome = ask_one(&*model, request);
    assert_eq!(
        last_body(&server, "/v1/completions"),
        json!({
            "model": MODEL, "prompt": "the skys are blue", "max_tokens": 1, "temperature": 0.0,
            "echo": true, "logprobs": 1,
        })
    );
    let texts: Vec<_> = first(&outcome).tokens.iter().map(|token| token.text.as_str()).collect();
    assert_eq!(texts, [" skys", " are", " blue"]);
    assert_eq!(first(&outcome).logprob(), Some(-14.0));
    assert_eq!(first(&outcome).text, "s are blue");
}

/// A server that answers echo with the same number for every token, as one does whose software keeps only the last
/// position's logits.
fn made_up_echo(request: &FakeRequest) -> Reaction {
    let mut reply = reply(request);
    if request.json()["echo"] == true {
        let mut body: Value = serde_json::from_slice(&reply.body).unwrap();
        for number in body["choices"][0]["logprobs"]["token_logprobs"].as_array_mut().unwrap() {
            *number = json!(-10.8);
        }
        reply.body = serde_json::to_vec(&body).unwrap();
    }
    Reaction::Reply(reply)
}

#[test]
fn scores_that_contradict_what_the_server_writes_are_not_used() {
    let server = FakeServer::start(made_up_echo);
    let model = open_fake(&server, &quick());
    let card = model.card();
    assert!(!card.capabilities.score_continuation, "{}", card.summary);
    assert!(card.summary.contains("-10.80 instead of -7.00"), "{}", card.summary);
}

#[test]
fn a_server_without_completions_gets_text_as_a_message() {
    let server = FakeServer::start(|request| {
        if request.path == "/v1/completions" {
            return Reaction::Reply(error(404, "no such path", "not_found"));
        }
        behave(request)
    });
    let model = open_fake(&server, &quick());
    assert!(!model.card().capabilities.score_continuation);
    assert_eq!(answer_of(&ask_one(&*model, text("x"))), answer_to("x"));
    let messages = &last_body(&server, "/v1/chat/completions")["messages"];
    assert_eq!(*messages, json!([{"role": "user", "content": "x"}]));
    let score = Request::ScoreContinuation { context: "a".into(), continuation: "b".into() };
    assert_eq!(failure(&ask_one(&*model, score)).0, FailureKind::Unsupported);
}

#[test]
fn a_server_that_fails_on_logprobs_is_used_without() {
    let server = FakeServer::start(|request| {
        if request.json().get("logprobs").is_some_and(|value| !value.is_null()) {
            return Reaction::Reply(error(500, "logprobs need logits_all=True", "internal"));
        }
        behave(request)
    });
    let model = open_fake(&server, &quick());
    let capabilities = model.card().capabilities;
    assert!(!capabilities.token_logprobs && !capabilities.score_continuation);
    assert_eq!(answer_of(&ask_one(&*model, text("x"))), answer_to("x"));
}

#[test]
fn a_prefix_restricts_the_endpoint() {
    let server = FakeServer::start(behave);
    let spec = format!("completions+{}/v1#{MODEL}", server.url());
    let model = open(&spec, &quick()).unwrap().unwrap();
    assert!(!model.window().chat && !model.card().capabilities.chat);
    let outcome = ask_one(&*model, chat(Decoding::default()));
    assert_eq!(failure(&outcome).0, FailureKind::Unsupported);
}

/// The outcome of a chat request that is answered with this choice.
fn chat_outcome(choice: Value) -> Outcome {
    let server = FakeServer::start(move |request: &FakeRequest| {
        let asked = request.json()["messages"][0]["content"] == "be brief";
        if asked {
            let body = json!({"model": "m", "choices": [choice.clone()], "usage": {}});
            return Reaction::Reply(FakeReply::json(200, &body));
        }
        Reaction::Reply(reply(request))
    });
    let model = open_fake(&server, &quick());
    let stop_sequences = vec!["\n".into()];
    ask_one(&*model, chat(Decoding { stop_sequences, ..Decoding::default() }))
}

#[test]
fn thinking_is_kept_apart_and_stop_sequences_hold() {
    let outcome = chat_outcome(json!({
        "index": 0, "finish_reason": "length",
        "message": {"role": "assistant", "content": "yes\nno", "reasoning_content": "hm\nhm"},
    }));
    assert_eq!(first(&outcome).text, "yes");
    assert_eq!(first(&outcome).thinking.as_deref(), Some("hm\nhm"));
    assert_eq!(first(&outcome).finish_reason, Some(FinishReason::Stop));
}

#[test]
fn refusals_and_filters_are_told_apart_from_errors() {
    let refused = chat_outcome(json!({
        "index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": null, "refusal": "I can't help with that."},
    }));
    assert_eq!(refused, Outcome::Refused { reason: "I can't help with that.".into() });
    let filtered = chat_outcome(json!({
        "index": 0, "finish_reason": "content_filter", "message": {"role": "assistant", "content": ""},
    }));
    assert!(matches!(filtered, Outcome::Refused { .. }));
}

#[test]
fn vllm_tells_the_two_kinds_of_stop_apart() {
    let stopped = |reason: Value| {
        let choice = json!({
            "index": 0, "finish_reason": "stop", "stop_reason": reason,
            "message": {"role": "assistant", "content": "yes"},
        });
        first(&chat_outcome(choice)).finish_reason.clone()
    };
    assert_eq!(stopped(json!("\n")), Some(FinishReason::Stop));
    assert_eq!(stopped(Value::Null), Some(FinishReason::EndOfText));
}

#[test]
fn an_unreachable_server_is_one_clear_message() {
    let address = dead_address();
    let error = open(&format!("{address}/v1#m"), &quick()).unwrap_err();
    let expected = format!(
        "can't reach `{address}/v1`: connection refused\nhint: is the server running, and are host and port right?"
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn servers_of_another_kind_are_recognised() {
    let server =
        FakeServer::start(|_| Reaction::Reply(FakeReply::text(200, "text/html", "<html>")));
    let error = open(&format!("{}/v1#m", server.url()), &quick()).unwrap_err();
    assert!(matches!(error, ProviderError::NotAServer { .. }), "{error}");
}

#[test]
fn unknown_models_are_answered_with_the_nearest_names() {
    let server = FakeServer::start(behave);
    let error = open(&format!("{}/v1#fake-modle", server.url()), &quick()).unwrap_err();
    assert!(error.to_string().contains("nearest: `fake-model`"), "{error}");
}

#[test]
fn a_server_that_is_still_loading_is_waited_for() {
    let server = FakeServer::start(|request| {
        if request.method == "POST" && request.number < 3 {
            return Reaction::Reply(error(503, "Loading model", "unavailable_error"));
        }
        behave(request)
    });
    assert!(open_fake(&server, &quick()).card().capabilities.score_continuation);
}

#[test]
fn keys_are_sent_and_never_shown() {
    const KEY: &str = "sk-planted-key";
    let server = FakeServer::start(|request| {
        if request.header("authorization") == Some("Bearer sk-planted-key")
            && request.json()["prompt"] != "leak"
        {
            return behave(request);
        }
        let message = format!("bad key in {:?}", request.headers);
        Reaction::Reply(error(401, &message, "invalid_api_key"))
    });
    let spec = format!("{}/v1#{MODEL}", server.url().replace("://", "://user:planted-password@"));
    let refused = open(&spec, &quick()).unwrap_err().to_string();
    assert!(refused.contains("HOLOMETER_SERVER_KEY"), "{refused}");
    let env = |name: &str| (name == "HOLOMETER_SERVER_KEY").then(|| KEY.to_owned());
    let settings = Settings { env: Arc::new(env), ..quick() };
    // With the key in place of user name and password.
    let model = open_fake(&server, &settings);
    let leaked = ask_one(&*model, text("leak"));
    let shown = format!("{refused} {leaked:?} {:?} {settings:?}", model.card());
    assert!(!shown.contains("planted"), "{shown}");
    assert!(shown.contains("[key]"), "{shown}");
}

#[test]
fn a_missing_key_names_its_variable() {
    let error = open("openai:gpt-4.1-mini", &quick()).unwrap_err();
    assert!(error.to_string().contains("OPENAI_API_KEY is not set\nhint: see https://"), "{error}");
}

#[test]
fn a_replaced_address_is_probed_with_the_vendors_key() {
    let server = FakeServer::start(behave);
    let address = format!("{}/v1", server.url());
    let env = move |name: &str| match name {
        "OPENAI_API_KEY" => Some("sk-1".to_owned()),
        "OPENAI_BASE_URL" => Some(address.clone()),
        _ => None,
    };
    let settings = Settings { env: Arc::new(env), ..quick() };
    let model = open(&format!("openai:{MODEL}"), &settings).unwrap().unwrap();
    assert!(model.card().capabilities.score_continuation);
    assert!(
        server.seen().iter().all(|request| request.header("authorization") == Some("Bearer sk-1"))
    );
}

#[test]
fn planning_needs_neither_key_nor_network() {
    let settings = Settings { contact: Contact::Never, ..quick() };
    let model = open("openai:gpt-4o-mini-2024-07-18", &settings).unwrap().unwrap();
    assert_eq!(model.window().max_sequence_length, 128_000);
    assert_eq!(failure(&ask_one(&*model, text("x"))).0, FailureKind::Unsupported);
    let server = open(&format!("{}/v1#m", dead_address()), &settings).unwrap().unwrap();
    assert!(server.card().capabilities.generate);
}

#[test]
fn specs_of_others_are_left_alone_and_typos_are_answered_with_names() {
    assert!(open("path:./model", &quick()).unwrap().is_none());
    assert!(open("openai/gpt2", &quick()).unwrap().is_none());
    let error = open("opanai:gpt-4", &quick()).unwrap_err();
    assert!(error.to_string().contains("nearest: `openai`"), "{error}");
    assert!(open("test:ecko", &quick()).is_err());
    assert!(open("test:echo", &quick()).unwrap().is_some());
}
