//! Anthropic's Messages, `POST /v1/messages`.
//!
//! No log-probabilities, no seed, one completion per call. Stop sequences of white space alone are refused by the API, so
//! they are applied here.
//!
//! Source: <https://docs.anthropic.com/en/api/messages>.

use holometer_core::{Decoding, FailureKind, Outcome, Prompt, Response, Role};
use serde_json::{Map, Value, json};

use crate::conversation::conversation;
use crate::deployment::{Deployment, Unsendable};
use crate::openai::fields;
use crate::vendor::Prefill;
use crate::wire_format::{Call, Plugin};
use crate::writing::{Writing, WritingFormat, block_completion, count};

pub(crate) fn plugin() -> Plugin {
    &Writing(AnthropicMessages)
}

struct AnthropicMessages;

impl WritingFormat for AnthropicMessages {
    fn name(&self) -> &'static str {
        "anthropic_messages"
    }

    fn build(
        &self,
        deployment: &Deployment,
        prompt: &Prompt,
        decoding: &Decoding,
        _call: usize,
    ) -> Result<Call, Unsendable> {
        let support = &deployment.support;
        let conversation = conversation(prompt);
        let mut turns = conversation.turns;
        if let Some(last) = turns.last_mut().filter(|last| last.role == Role::Assistant) {
            if support.prefill == Prefill::Unsupported {
                let message = "the model can't continue an answer that is begun already";
                return Err((FailureKind::Unsupported, message.into()));
            }
            // The API refuses a beginning that ends in white space.
            last.content.truncate(last.content.trim_end().len());
        }
        let mut body = Map::new();
        body.insert("model".into(), json!(deployment.model));
        body.insert("max_tokens".into(), json!(decoding.max_tokens + support.thinking_tokens));
        if !conversation.system.is_empty() {
            body.insert("system".into(), json!(conversation.system));
        }
        body.insert("messages".into(), json!(turns));
        if support.sampling {
            // Many models refuse both in one call, and each has the value 1 for its default.
            let nucleus = decoding.top_p != 1.0;
            if decoding.temperature != 1.0 || !nucleus {
                body.insert("temperature".into(), json!(decoding.temperature));
            }
            if nucleus {
                body.insert("top_p".into(), json!(decoding.top_p));
            }
        }
        fields::add_top_k(&mut body, decoding, support)?;
        let stops: Vec<&str> = fields::sent_stops(decoding, support.stop_sequences)
            .into_iter()
            .filter(|stop| !stop.trim().is_empty())
            .collect();
        if !stops.is_empty() {
            body.insert("stop_sequences".into(), json!(stops));
        }
        Ok(Call::new("/messages", Value::Object(body)))
    }

    fn parse(&self, body: &Value, decoding: &Decoding) -> Result<Outcome, String> {
        let blocks = body
            .get("content")
            .and_then(Value::as_array)
            .ok_or("the reply has no list of `content`")?;
        let reason = body.get("stop_reason").and_then(Value::as_str);
        if reason == Some("refusal") {
            let reason = "the provider's safety classifier stopped the answer".into();
            return Ok(Outcome::Refused { reason });
        }
        Ok(Outcome::Answered(Response {
            completions: vec![block_completion(blocks, "/text", "/thinking", reason, decoding)],
            prompt_tokens: prompt_tokens(body),
            completion_tokens: count(body, "/usage/output_tokens"),
            truncated_tokens: 0,
            served_by: body.get("model").and_then(Value::as_str).map(str::to_owned),
        }))
    }
}

/// Tokens read from and written to the cache are counted apart from the others.
fn prompt_tokens(body: &Value) -> Option<usize> {
    let cached = ["/usage/cache_creation_input_tokens", "/usage/cache_read_input_tokens"];
    let cached: usize = cached.iter().filter_map(|field| count(body, field)).sum();
    count(body, "/usage/input_tokens").map(|tokens| tokens + cached)
}
