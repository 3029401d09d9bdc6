//! OpenAI's responses, `POST /responses`.
//!
//! The API has no stop sequences, seeds, penalties or several completions: stop sequences are applied here, and every
//! completion takes a call of its own. Nothing is stored at the provider (`store: false`).
//!
//! Source: <https://platform.openai.com/docs/api-reference/responses/create>.

use holometer_core::{
    Completion, Decoding, FailureKind, FinishReason, Outcome, Prompt, Response, Role, ScoredToken,
    TopToken,
};
use serde_json::{Map, Value, json};

use crate::conversation::conversation;
use crate::cutting::{cut_at_length, cut_completion, drop_unwritten_tokens};
use crate::deployment::{Deployment, Unsendable};
use crate::openai::fields;
use crate::wire_format::{Call, Plugin};
use crate::writing::{Writing, WritingFormat, count};

/// The API refuses smaller limits; what it then writes too much is cut off where it lists its tokens.
const LEAST_OUTPUT_TOKENS: usize = 16;

/// What makes the reply carry log-probabilities.
const LOGPROBS: &str = "message.output_text.logprobs";

pub(crate) fn plugin() -> Plugin {
    &Writing(OpenAiResponses)
}

struct OpenAiResponses;

impl WritingFormat for OpenAiResponses {
    fn name(&self) -> &'static str {
        "openai_responses"
    }

    fn build(
        &self,
        deployment: &Deployment,
        prompt: &Prompt,
        decoding: &Decoding,
        _call: usize,
    ) -> Result<Call, Unsendable> {
        let conversation = conversation(prompt);
        if conversation.turns.last().is_some_and(|turn| turn.role == Role::Assistant) {
            let message = "the API can't continue an answer that is begun already";
            return Err((FailureKind::Unsupported, message.into()));
        }
        let input: Vec<Value> = conversation
            .turns
            .iter()
            .map(|turn| json!({"role": turn.role, "content": turn.content}))
            .collect();
        let support = &deployment.support;
        let limit = (decoding.max_tokens + support.thinking_tokens).max(LEAST_OUTPUT_TOKENS);
        let mut body = Map::new();
        body.insert("model".into(), json!(deployment.model));
        if !conversation.system.is_empty() {
            body.insert("instructions".into(), json!(conversation.system));
        }
        body.insert("input".into(), json!(input));
        body.insert("max_output_tokens".into(), json!(limit));
        body.insert("store".into(), json!(false));
        if support.sampling {
            body.insert("temperature".into(), json!(decoding.temperature));
            if decoding.top_p != 1.0 {
                body.insert("top_p".into(), json!(decoding.top_p));
            }
        }
        fields::add_top_k(&mut body, decoding, support)?;
        if let Some(most) = support.chat_logprobs.filter(|_| decoding.top_k_per_token > 0) {
            body.insert("include".into(), json!([LOGPROBS]));
            body.insert("top_logprobs".into(), json!(decoding.top_k_per_token.min(most)));
        }
        Ok(Call::new("/responses", Value::Object(body)))
    }

    fn parse(&self, body: &Value, decoding: &Decoding) -> Result<Outcome, String> {
        if let Some(message) = body.pointer("/error/message").and_then(Value::as_str) {
            return Err(format!("the model failed: {message}"));
        }
        let output =
            body.get("output").and_then(Value::as_array).ok_or("the reply has no list `output`")?;
        let parts: Vec<&Value> =
            output.iter().filter_map(|item| item.get("content")?.as_array()).flatten().collect();
        if let Some(refusal) = parts.iter().find_map(|part| part.get("refusal")?.as_str()) {
            return Ok(Outcome::Refused { reason: refusal.to_owned() });
        }
        let incomplete = body.pointer("/incomplete_details/reason").and_then(Value::as_str);
        if incomplete == Some("content_filter") {
            let reason = "the provider's content filter stopped the answer".into();
            return Ok(Outcome::Refused { reason });
        }
        if parts.is_empty() && incomplete.is_none() {
            return Err("the reply has no message".into());
        }
        Ok(Outcome::Answered(Response {
            completions: vec![completion(output, &parts, incomplete, decoding)],
            prompt_tokens: count(body, "/usage/input_tokens"),
            completion_tokens: count(body, "/usage/output_tokens"),
            truncated_tokens: 0,
            served_by: body.get("model").and_then(Value::as_str).map(str::to_owned),
        }))
    }
}

fn completion(
    output: &[Value],
    parts: &[&Value],
    incomplete: Option<&str>,
    decoding: &Decoding,
) -> Completion {
    let text_of = |part: &Value| part.get("text").and_then(Value::as_str).map(str::to_owned);
    let summaries = output.iter().filter_map(|item| item.get("summary")?.as_array()).flatten();
    let thinking: Vec<String> = summaries.filter_map(text_of).collect();
    let finish_reason = match incomplete {
        None => FinishReason::EndOfText,
        Some("max_output_tokens") => FinishReason::Length,
        Some(other) => FinishReason::Other(other.to_owned()),
    };
    let mut completion = Completion {
        text: parts.iter().filter_map(|part| text_of(part)).collect(),
        tokens: parts
            .iter()
            .filter_map(|part| part.get("logprobs")?.as_array())
            .flatten()
            .map(token)
            .collect(),
        thinking: Some(thinking.join("\n")).filter(|thinking| !thinking.is_empty()),
        finish_reason: Some(finish_reason),
        ..Completion::default()
    };
    cut_at_length(&mut completion, decoding.max_tokens);
    cut_completion(&mut completion, &decoding.stop_sequences);
    drop_unwritten_tokens(&mut completion);
    completion
}

fn token(entry: &Value) -> ScoredToken {
    let top = entry.get("top_logprobs").and_then(Value::as_array).into_iter().flatten();
    ScoredToken {
        text: entry.get("token").and_then(Value::as_str).unwrap_or_default().to_owned(),
        logprob: entry.get("logprob").and_then(Value::as_f64),
        top: top
            .filter_map(|entry| {
                let text = entry.get("token")?.as_str()?.to_owned();
                Some(TopToken { text, logprob: entry.get("logprob")?.as_f64()? })
            })
            .collect(),
    }
}
