//! Reading replies in OpenAI's shape: choices, usage, finish reasons, log-probabilities.

use holometer_core::{
    Completion, Decoding, FinishReason, Outcome, Response, ScoredToken, TopToken,
};
use serde_json::Value;

use crate::cutting::{cut_completion, drop_unwritten_tokens};

/// Reads a reply: each choice by `completion`, then usage and the model's name. A reply all of whose choices were
/// filtered away is a refusal.
pub(crate) fn outcome(
    body: &Value,
    decoding: &Decoding,
    wanted: usize,
    completion: impl Fn(&Value) -> Result<Completion, String>,
) -> Result<Outcome, String> {
    let choices = body
        .get("choices")
        .and_then(Value::as_array)
        .ok_or("the reply has no list of `choices`")?;
    if choices.len() != wanted {
        return Err(format!("the reply has {} choices instead of {wanted}", choices.len()));
    }
    let mut ordered: Vec<&Value> = choices.iter().collect();
    ordered.sort_by_key(|choice| choice.get("index").and_then(Value::as_u64));
    let mut completions = Vec::with_capacity(ordered.len());
    for choice in ordered {
        if let Some(reason) = choice.pointer("/message/refusal").and_then(Value::as_str) {
            return Ok(Outcome::Refused { reason: reason.to_owned() });
        }
        let mut completion = completion(choice)?;
        completion.finish_reason = finish_reason(choice, decoding);
        cut_completion(&mut completion, &decoding.stop_sequences);
        drop_unwritten_tokens(&mut completion);
        completions.push(completion);
    }
    let filtered = |completion: &Completion| {
        completion.finish_reason == Some(FinishReason::ContentFilter) && completion.text.is_empty()
    };
    if completions.iter().all(filtered) {
        return Ok(Outcome::Refused {
            reason: "the provider's content filter kept the answer".into(),
        });
    }
    Ok(Outcome::Answered(response(body, completions)))
}

/// A response with usage and the model's name as the server reports them.
pub(crate) fn response(body: &Value, completions: Vec<Completion>) -> Response {
    let count = |field| body.pointer(field).and_then(Value::as_u64).map(|count| count as usize);
    Response {
        completions,
        prompt_tokens: count("/usage/prompt_tokens"),
        completion_tokens: count("/usage/completion_tokens"),
        truncated_tokens: 0,
        served_by: body.get("model").and_then(Value::as_str).map(str::to_owned),
    }
}

/// Why writing ended. `stop` means both a stop sequence and the model's own end; vLLM tells them apart, and without
/// stop sequences it can only be the end.
fn finish_reason(choice: &Value, decoding: &Decoding) -> Option<FinishReason> {
    let reason = choice.get("finish_reason").and_then(Value::as_str)?;
    Some(match reason {
        "stop" => match choice.get("stop_reason") {
            Some(Value::String(_)) => FinishReason::Stop,
            Some(Value::Null) => FinishReason::EndOfText,
            _ if decoding.stop_sequences.is_empty() => FinishReason::EndOfText,
            _ => FinishReason::Stop,
        },
        "eos" | "eos_token" | "end_turn" => FinishReason::EndOfText,
        "stop_sequence" => FinishReason::Stop,
        "length" | "max_tokens" => FinishReason::Length,
        "content_filter" => FinishReason::ContentFilter,
        "model_context_window_exceeded" => FinishReason::Window,
        other => FinishReason::Other(other.to_owned()),
    })
}

/// `logprobs.content` of chat: a list of `{token, logprob, top_logprobs: [{token, logprob}]}`.
pub(crate) fn chat_tokens(choice: &Value) -> Vec<ScoredToken> {
    let Some(content) = choice.pointer("/logprobs/content").and_then(Value::as_array) else {
        return Vec::new();
    };
    content.iter().filter_map(chat_token).collect()
}

fn chat_token(entry: &Value) -> Option<ScoredToken> {
    let top = entry.get("top_logprobs").and_then(Value::as_array);
    let mut top: Vec<TopToken> = top
        .into_iter()
        .flatten()
        .filter_map(|other| {
            Some(TopToken {
                text: other.get("token")?.as_str()?.to_owned(),
                logprob: other.get("logprob")?.as_f64()?,
            })
        })
        .collect();
    top.sort_by(|a, b| b.logprob.total_cmp(&a.logprob));
    Some(ScoredToken {
        text: entry.get("token")?.as_str()?.to_owned(),
        logprob: entry.get("logprob").and_then(Value::as_f64),
        top,
    })
}

/// `logprobs` of completions: parallel lists `tokens`, `token_logprobs` and `top_logprobs`. Servers that report chat's
/// shape here (llama.cpp) are read too.
pub(crate) fn completion_tokens(choice: &Value) -> Vec<ScoredToken> {
    let Some(tokens) = choice.pointer("/logprobs/tokens").and_then(Value::as_array) else {
        return chat_tokens(choice);
    };
    let list = |field| choice.pointer(field).and_then(Value::as_array);
    let logprobs = list("/logprobs/token_logprobs");
    let top = list("/logprobs/top_logprobs");
    tokens
        .iter()
        .enumerate()
        .map(|(index, token)| ScoredToken {
            text: token.as_str().unwrap_or_default().to_owned(),
            logprob: logprobs.and_then(|list| list.get(index)).and_then(Value::as_f64),
            top: top.and_then(|list| list.get(index)).map(alternatives).unwrap_or_default(),
        })
        .collect()
}

/// `{text: logprob}`, likeliest first.
fn alternatives(entry: &Value) -> Vec<TopToken> {
    let mut top: Vec<TopToken> = entry
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(text, logprob)| {
            Some(TopToken { text: text.clone(), logprob: logprob.as_f64()? })
        })
        .collect();
    top.sort_by(|a, b| b.logprob.total_cmp(&a.logprob));
    top
}
