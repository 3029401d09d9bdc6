//! Amazon Bedrock's Converse, `POST /model/MODEL/converse`, one shape for the models of all vendors there.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.

use holometer_core::{Completion, Decoding, FinishReason, Outcome, Prompt, Response, Role};
use serde_json::{Map, Value, json};

use crate::conversation::conversation;
use crate::cutting::cut_completion;
use crate::deployment::{Deployment, Unsendable};
use crate::http::signing::percent_encoded;
use crate::openai::fields;
use crate::wire_format::{Call, Plugin};
use crate::writing::{Writing, WritingFormat, count};

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
        body.insert("inferenceConfig".into(), config(deployment, decoding));
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
            completions: vec![completion(blocks, reason, decoding)],
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

fn config(deployment: &Deployment, decoding: &Decoding) -> Value {
    let support = &deployment.support;
    let mut config = Map::new();
    config.insert("maxTokens".into(), json!(decoding.max_tokens + support.thinking_tokens));
    if support.sampling {
        config.insert("temperature".into(), json!(decoding.temperature));
        if decoding.top_p != 1.0 {
            config.insert("topP".into(), json!(decoding.top_p));
        }
    }
    let stops: Vec<&str> = fields::sent_stops(decoding, support.stop_sequences)
        .into_iter()
        .filter(|stop| !stop.trim().is_empty())
        .collect();
    if !stops.is_empty() {
        config.insert("stopSequences".into(), json!(stops));
    }
    Value::Object(config)
}

fn completion(blocks: &[Value], reason: Option<&str>, decoding: &Decoding) -> Completion {
    let texts = |field: &str| -> String {
        blocks.iter().filter_map(|block| block.pointer(field).and_then(Value::as_str)).collect()
    };
    let finish_reason = reason.map(|reason| match reason {
        "end_turn" => FinishReason::EndOfText,
        "stop_sequence" => FinishReason::Stop,
        "max_tokens" => FinishReason::Length,
        "model_context_window_exceeded" => FinishReason::Window,
        other => FinishReason::Other(other.to_owned()),
    });
    let mut completion = Completion {
        text: texts("/text"),
        thinking: Some(texts("/reasoningContent/reasoningText/text"))
            .filter(|thinking| !thinking.is_empty()),
        finish_reason,
        ..Completion::default()
    };
    cut_completion(&mut completion, &decoding.stop_sequences);
    completion
}
