//! Amazon Bedrock's Converse, `POST /model/MODEL/converse`, one shape for the models of all vendors there.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.

use holometer_core::{Decoding, Outcome, Prompt, Response, Role};
use serde_json::{Map, Value, json};

use crate::conversation::conversation;
use crate::deployment::{Deployment, Unsendable};
use crate::http::signing::percent_encoded;
use crate::openai::fields;
use crate::wire_format::{Call, Plugin};
use crate::writing::{Writing, WritingFormat, block_completion, count};

pub(crate) fn plugin() -> Plugin {
    &Writing(BedrockConverse)
}

struct BedrockConverse;

impl WritingFormat for BedrockConverse {
    fn name(&self) -> &'static str {
        "bedrock_converse"
    }

    fn build(
        &self,
        deployment: &Deployment,
        prompt: &Prompt,
        decoding: &Decoding,
        _call: usize,
    ) -> Result<Call, Unsendable> {
        let conversation = conversation(prompt);
        let messages: Vec<Value> = conversation
            .turns
            .iter()
            .map(|turn| {
                // Trailing white space in a last message from the assistant is refused.
                let text = match turn.role {
                    Role::Assistant => turn.content.trim_end(),
                    Role::User | Role::System => turn.content.as_str(),
                };
                json!({"role": turn.role, "content": [{"text": text}]})
            })
            .collect();
        let mut body = Map::new();
        body.insert("messages".into(), json!(messages));
        if !conversation.system.is_empty() {
            body.insert("system".into(), json!([{"text": conversation.system}]));
        }
        body.insert("inferenceConfig".into(), config(deployment, decoding)?);
        let path = format!("/model/{}/converse", percent_encoded(&deployment.model));
        Ok(Call::new(path, Value::Object(body)))
    }

    fn parse(&self, body: &Value, decoding: &Decoding) -> Result<Outcome, String> {
        let reason = body.get("stopReason").and_then(Value::as_str);
        if let Some(reason) = reason.filter(|reason| is_refusal(reason)) {
            return Ok(Outcome::Refused { reason: format!("the provider stopped it: {reason}") });
        }
        let blocks = body
            .pointer("/output/message/content")
            .and_then(Value::as_array)
            .ok_or("the reply has no `output.message.content`")?;
        Ok(Outcome::Answered(Response {
            completions: vec![block_completion(
                blocks,
                "/text",
                "/reasoningContent/reasoningText/text",
                reason,
                decoding,
            )],
            prompt_tokens: count(body, "/usage/inputTokens"),
            completion_tokens: count(body, "/usage/outputTokens"),
            truncated_tokens: 0,
            served_by: None,
        }))
    }
}

fn is_refusal(reason: &str) -> bool {
    matches!(reason, "guardrail_intervened" | "content_filtered")
}

fn config(deployment: &Deployment, decoding: &Decoding) -> Result<Value, Unsendable> {
    let support = &deployment.support;
    let mut config = Map::new();
    config.insert("maxTokens".into(), json!(decoding.max_tokens + support.thinking_tokens));
    if support.sampling {
        config.insert("temperature".into(), json!(decoding.temperature));
        if decoding.top_p != 1.0 {
            config.insert("topP".into(), json!(decoding.top_p));
        }
    }
    fields::add_top_k(&mut config, decoding, support)?;
    let stops: Vec<&str> = fields::sent_stops(decoding, support.stop_sequences)
        .into_iter()
        .filter(|stop| !stop.trim().is_empty())
        .collect();
    if !stops.is_empty() {
        config.insert("stopSequences".into(), json!(stops));
    }
    Ok(Value::Object(config))
}
