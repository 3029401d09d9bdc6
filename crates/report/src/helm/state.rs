//! Requests with what came back: the entries of `scenario_state.json`, in and out.

use std::sync::Arc;

use holometer_core::{
    Completion, Decoding, FailureKind, FinishReason, Instance, Method, Outcome, Prompt, Request,
    RequestMode, RequestState, Response, RunSpec, ScoredToken, Tokenizer, TopToken,
};
use serde_json::{Map, Value, json};

use super::fields::{count, flag, list, number, object, optional_text, text, texts};
use super::instance::{read_messages, write_instance};
use super::run::HelmRequest;

/// Reads an entry. The instance is read apart, because many requests may share one.
pub(crate) fn read_state(
    value: &Value,
    instance: Arc<Instance>,
    method: Method,
    lengths: Lengths<'_>,
) -> HelmRequest {
    let request = &value["request"];
    let mapping = value["output_mapping"].as_object().map(|mapping| {
        let pairs = mapping.iter();
        pairs
            .map(|(label, choice)| (label.clone(), choice.as_str().unwrap_or_default().to_owned()))
            .collect()
    });
    let optional_index =
        |key: &str| value.get(key).and_then(Value::as_u64).map(|index| index as usize);
    let state = RequestState {
        instance,
        reference_index: optional_index("reference_index"),
        request_mode: match text(value, "request_mode").as_str() {
            "original" => Some(RequestMode::Original),
            "calibration" => Some(RequestMode::Calibration),
            _ => None,
        },
        train_trial_index: count(value, "train_trial_index", 0),
        output_mapping: mapping,
        request: read_request(request),
        num_train_instances: count(value, "num_train_instances", 0),
        prompt_truncated: flag(value, "prompt_truncated", false),
        num_conditioning_tokens: count(value, "num_conditioning_tokens", 0),
    };
    let result = &value["result"];
    HelmRequest {
        outcome: result.is_object().then(|| read_outcome(result, &state, method, lengths)),
        seconds: result.get("request_time").and_then(Value::as_f64).filter(|time| time.is_finite()),
        sent_at: result.get("request_datetime").and_then(Value::as_i64),
        cached: flag(result, "cached", false),
        state,
    }
}

fn read_request(request: &Value) -> Request {
    let prompt = text(request, "prompt");
    if flag(request, "echo_prompt", false) {
        return Request::ScoreContinuation { context: String::new(), continuation: prompt };
    }
    let messages = read_messages(request);
    let default = Decoding::default();
    let decoding = Decoding {
        max_tokens: count(request, "max_tokens", default.max_tokens),
        temperature: number(request, "temperature", 1.0),
        top_p: number(request, "top_p", default.top_p),
        top_k: None,
        stop_sequences: texts(request, "stop_sequences"),
        num_completions: count(request, "num_completions", default.num_completions),
        top_k_per_token: count(request, "top_k_per_token", default.top_k_per_token),
        presence_penalty: number(request, "presence_penalty", 0.0),
        frequency_penalty: number(request, "frequency_penalty", 0.0),
        random: optional_text(request, "random"),
    };
    let prompt = if messages.is_empty() { Prompt::Text(prompt) } else { Prompt::Chat(messages) };
    Request::Generate { prompt, decoding }
}

/// HELM marks what a content filter refused as an error that is not fatal.
fn read_outcome(
    result: &Value,
    state: &RequestState,
    method: Method,
    lengths: Lengths<'_>,
) -> Outcome {
    let success = flag(result, "success", true);
    if !success {
        let error =
            optional_text(result, "error").unwrap_or_else(|| "HELM gives no reason".to_owned());
        let fatal = flag(&result["error_flags"], "is_fatal", true);
        return if fatal {
            Outcome::failed(FailureKind::Rejected, error)
        } else {
            Outcome::Refused { reason: error }
        };
    }
    let completions = list(result, "completions").iter().map(|value| {
        let mut completion = read_completion(value);
        if matches!(state.request, Request::ScoreContinuation { .. }) {
            completion.echoed_tokens = echoed(state, method, &completion, lengths);
        }
        completion
    });
    Outcome::Answered(Response { completions: completions.collect(), ..Response::default() })
}

fn read_completion(value: &Value) -> Completion {
    let tokens = list(value, "tokens").iter().map(|token| ScoredToken {
        text: text(token, "text"),
        logprob: token.get("logprob").and_then(Value::as_f64),
        top: token["top_logprobs"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(text, logprob)| {
                Some(TopToken { text: text.clone(), logprob: logprob.as_f64()? })
            })
            .collect(),
    });
    let finish_reason = optional_text(&value["finish_reason"], "reason");
    Completion {
        text: text(value, "text"),
        tokens: tokens.collect(),
        echoed_tokens: 0,
        finish_reason: finish_reason.map(|reason| match reason.as_str() {
            "length" => FinishReason::Length,
            "stop" => FinishReason::Stop,
            "endoftext" => FinishReason::EndOfText,
            "content_filter" => FinishReason::ContentFilter,
            "window" => FinishReason::Window,
            _ => FinishReason::Other(reason),
        }),
        thinking: optional_text(&value["thinking"], "text"),
    }
}

/// How it is known which of an echoed prompt's tokens are the reference.
#[derive(Clone, Copy)]
pub(crate) enum Lengths<'a> {
    /// As in HELM: as many of the last tokens as the reference has after a space.
    Counted(&'a dyn Tokenizer),
    /// The last tokens that spell the reference; where none do, all tokens.
    Spelled,
}

/// How many tokens of an echoed prompt come before what is scored.
fn echoed(
    state: &RequestState,
    method: Method,
    completion: &Completion,
    lengths: Lengths<'_>,
) -> usize {
    let Some(index) = state.reference_index else {
        let scored = method == Method::LanguageModeling;
        return if scored { state.num_conditioning_tokens } else { 0 };
    };
    let Some(reference) = state.instance.references.get(index) else { return 0 };
    if let Lengths::Counted(tokenizer) = lengths {
        let length = tokenizer.count(&format!(" {}", reference.output.text));
        return completion.tokens.len().saturating_sub(length);
    }
    let reference = reference.output.text.trim();
    let mut tail = String::new();
    for (at, token) in completion.tokens.iter().enumerate().rev() {
        tail.insert_str(0, &token.text);
        let spelled = tail.trim();
        if spelled.len() >= reference.len() {
            return if spelled == reference && !reference.is_empty() { at } else { 0 };
        }
    }
    0
}

/// The entry under HELM's field names.
pub(crate) fn write_state(request: &HelmRequest, spec: &RunSpec) -> Value {
    let state = &request.state;
    let mapping = state.output_mapping.as_ref().map(|mapping| {
        let pairs = mapping.iter().map(|(label, text)| (label.clone(), json!(text)));
        Value::Object(pairs.collect::<Map<_, _>>())
    });
    object(json!({
        "instance": write_instance(&state.instance),
        "reference_index": state.reference_index,
        "request_mode": state.request_mode.map(RequestMode::as_str),
        "train_trial_index": state.train_trial_index,
        "output_mapping": mapping,
        "request": write_request(&state.request, spec),
        "result": request.outcome.as_ref().map(|outcome| write_result(request, outcome)),
        "num_train_instances": state.num_train_instances,
        "prompt_truncated": state.prompt_truncated,
        "num_conditioning_tokens": state.num_conditioning_tokens,
    }))
}

/// HELM's request. Text that is scored is sent as HELM's adapters send it: echoed, with no new tokens, at temperature 0.
pub(crate) fn write_request(request: &Request, spec: &RunSpec) -> Value {
    let (prompt, messages, decoding, echo) = match request {
        Request::Generate { prompt: Prompt::Text(text), decoding } => {
            (text.clone(), None, decoding.clone(), false)
        }
        Request::Generate { prompt: Prompt::Chat(messages), decoding } => {
            (String::new(), Some(json!(messages)), decoding.clone(), false)
        }
        Request::ScoreContinuation { context, continuation } => {
            (format!("{context}{continuation}"), None, scoring_decoding(spec), true)
        }
    };
    object(json!({
        "model_deployment": spec.model.deployment,
        "model": spec.model.name,
        "embedding": false,
        "prompt": prompt,
        "temperature": decoding.temperature,
        "num_completions": decoding.num_completions,
        "top_k_per_token": decoding.top_k_per_token,
        "max_tokens": decoding.max_tokens,
        "stop_sequences": decoding.stop_sequences,
        "echo_prompt": echo,
        "top_p": decoding.top_p,
        "presence_penalty": decoding.presence_penalty,
        "frequency_penalty": decoding.frequency_penalty,
        "random": decoding.random,
        "messages": messages,
    }))
}

fn scoring_decoding(spec: &RunSpec) -> Decoding {
    let nothing = Decoding { max_tokens: 0, ..Decoding::default() };
    if spec.adapter.method != Method::LanguageModeling {
        return nothing;
    }
    let own = &spec.adapter.decoding;
    Decoding { max_tokens: own.max_tokens, stop_sequences: own.stop_sequences.clone(), ..nothing }
}

fn write_result(request: &HelmRequest, outcome: &Outcome) -> Value {
    let (success, error, flags) = match outcome {
        Outcome::Answered(_) => (true, None, None),
        Outcome::Refused { reason } => {
            (false, Some(reason), Some(json!({ "is_retriable": false, "is_fatal": false })))
        }
        Outcome::Failed { message, .. } => (false, Some(message), None),
    };
    let completions: Vec<Value> = match outcome {
        Outcome::Answered(response) => response.completions.iter().map(write_completion).collect(),
        // HELM's pages fail on a result without a completion.
        Outcome::Refused { .. } | Outcome::Failed { .. } => {
            vec![write_completion(&Completion::default())]
        }
    };
    object(json!({
        "success": success,
        "embedding": [],
        "completions": completions,
        "cached": request.cached,
        "request_time": request.seconds,
        "request_datetime": request.sent_at,
        "error": error,
        "error_flags": flags,
    }))
}

fn write_completion(completion: &Completion) -> Value {
    let tokens: Vec<Value> = completion
        .tokens
        .iter()
        .map(|token| {
            let top = token.top.iter().map(|top| (top.text.clone(), json!(top.logprob)));
            let top: Map<String, Value> = top.collect();
            object(json!({
                "text": token.text,
                "logprob": token.logprob.unwrap_or(0.0),
                "top_logprobs": if top.is_empty() { Value::Null } else { Value::Object(top) },
            }))
        })
        .collect();
    let logprob: f64 = completion.tokens.iter().filter_map(|token| token.logprob).sum();
    let reason = completion.finish_reason.as_ref().map(|reason| match reason {
        FinishReason::Stop => "stop",
        FinishReason::EndOfText => "endoftext",
        FinishReason::Length => "length",
        FinishReason::Window => "window",
        FinishReason::ContentFilter => "content_filter",
        FinishReason::Other(reason) => reason,
    });
    object(json!({
        "text": completion.text,
        "logprob": logprob,
        "tokens": tokens,
        "finish_reason": reason.map(|reason| json!({ "reason": reason })),
        "thinking": completion.thinking.as_ref().map(|text| json!({ "text": text })),
    }))
}
