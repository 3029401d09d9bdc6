//! Replies in the shape of OpenAI-compatible servers, for scripts of the [fake server](crate::fake_server).
//!
//! The fake model answers every prompt with [`answer_to`] it, so that a test can tell whether each request got its own
//! answer, and gives a token of `n` characters the log-probability `-n`.

use serde_json::{Value, json};

use crate::fake_server::{FakeReply, FakeRequest, Reaction};

/// The fake model's name.
pub const MODEL: &str = "fake-model";

/// What the fake model answers to a prompt.
pub fn answer_to(prompt: &str) -> String {
    format!(" answer to [{prompt}]")
}

/// Answers as a well-behaved server with completions (echo and log-probabilities included), chat and a list of models.
pub fn behave(request: &FakeRequest) -> Reaction {
    Reaction::Reply(reply(request))
}

/// The reply of a well-behaved server.
pub fn reply(request: &FakeRequest) -> FakeReply {
    let body = request.json();
    let path = request.path.split('?').next().unwrap_or_default();
    match (request.method.as_str(), path) {
        ("GET", "/v1/models") => FakeReply::json(200, &models()),
        ("POST", "/v1/completions") => FakeReply::json(200, &completions(&body)),
        ("POST", "/v1/chat/completions") => FakeReply::json(200, &chat(&body)),
        _ => error(404, "no such path", "not_found"),
    }
}

/// An error in OpenAI's shape.
pub fn error(status: u16, message: &str, code: &str) -> FakeReply {
    let body = json!({"error": {"message": message, "type": code, "param": null, "code": code}});
    FakeReply::json(status, &body)
}

/// The prompt of a request, whichever endpoint it is for: the text, or the last message.
pub fn prompt_of(body: &Value) -> String {
    let text = body.get("prompt").and_then(Value::as_str);
    let message = || body.get("messages")?.as_array()?.last()?.get("content")?.as_str();
    text.or_else(message).unwrap_or_default().to_owned()
}

fn models() -> Value {
    json!({"object": "list", "data": [{
        "id": MODEL, "object": "model", "created": 0, "owned_by": "fake", "max_model_len": 2048,
    }]})
}

/// Text cut before each space.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for c in text.chars() {
        match tokens.last_mut() {
            Some(token) if c != ' ' => token.push(c),
            _ => tokens.push(c.to_string()),
        }
    }
    tokens
}

fn logprob(token: &str) -> f64 {
    -(token.chars().count() as f64)
}

fn completions(body: &Value) -> Value {
    let prompt = prompt_of(body);
    let echo = body["echo"] == true;
    let limit = body["max_tokens"].as_u64().unwrap_or(16) as usize;
    let written: Vec<String> = tokens(&answer_to(&prompt)).into_iter().take(limit).collect();
    let prompt_tokens = tokens(&prompt);
    let shown: Vec<String> =
        if echo { [prompt_tokens.clone(), written.clone()].concat() } else { written.clone() };
    let mut offset = 0;
    let offsets: Vec<usize> = shown
        .iter()
        .map(|token| {
            let start = offset;
            offset += token.chars().count();
            start
        })
        .collect();
    let logprobs: Vec<Value> = shown
        .iter()
        .enumerate()
        .map(|(index, token)| if echo && index == 0 { Value::Null } else { json!(logprob(token)) })
        .collect();
    let top: Vec<Value> = shown.iter().map(|token| json!({token: logprob(token)})).collect();
    let details = json!({
        "tokens": shown, "token_logprobs": logprobs, "top_logprobs": top, "text_offset": offsets,
    });
    let logprobs = if body.get("logprobs").is_some() { details } else { Value::Null };
    let choice = |index: u64| {
        json!({
            "index": index, "text": shown.concat(), "finish_reason": "length", "logprobs": logprobs,
        })
    };
    let count = body["n"].as_u64().unwrap_or(1);
    json!({
        "id": "cmpl-0", "object": "text_completion", "created": 0, "model": MODEL,
        "choices": (0..count).map(choice).collect::<Vec<_>>(),
        "usage": usage(prompt_tokens.len(), written.len() * count as usize),
    })
}

fn chat(body: &Value) -> Value {
    let prompt = prompt_of(body);
    let limit = body["max_tokens"].as_u64().unwrap_or(16) as usize;
    let written: Vec<String> = tokens(&answer_to(&prompt)).into_iter().take(limit).collect();
    let content: Vec<Value> = written
        .iter()
        .map(|token| {
            let logprob = logprob(token);
            json!({
                "token": token, "logprob": logprob, "bytes": token.as_bytes(),
                "top_logprobs": [{"token": token, "logprob": logprob, "bytes": token.as_bytes()}],
            })
        })
        .collect();
    let logprobs = if body["logprobs"] == true { json!({"content": content}) } else { Value::Null };
    let choice = |index: u64| {
        json!({
            "index": index, "finish_reason": "length", "logprobs": logprobs,
            "message": {"role": "assistant", "content": written.concat(), "refusal": null},
        })
    };
    let count = body["n"].as_u64().unwrap_or(1);
    json!({
        "id": "chatcmpl-0", "object": "chat.completion", "created": 0, "model": MODEL,
        "choices": (0..count).map(choice).collect::<Vec<_>>(),
        "usage": usage(tokens(&prompt).len(), written.len() * count as usize),
    })
}

fn usage(prompt: usize, completion: usize) -> Value {
    json!({
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
    })
}
