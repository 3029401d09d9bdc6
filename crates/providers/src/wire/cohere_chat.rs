//! Cohere's chat, `POST /v2/chat`.
//!
//! One completion per call. The API's own default for nucleus sampling is 0.75 and its greatest value 0.99, so that is
//! sent where all of the mass is asked for.
//!
//! Source: <https://docs.cohere.com/reference/chat>.

use holometer_core::{Completion, Decoding, FinishReason, Outcome, Prompt, Response, ScoredToken};
use serde_json::{Map, Value, json};

use crate::cutting::cut_completion;
use crate::deployment::{Deployment, Unsendable};
use crate::openai::fields;
use crate::wire_format::{Call, Plugin};
use crate::writing::{Writing, WritingFormat, count};

/// The greatest `p` that the API takes.
const LARGEST_P: f64 = 0.99;

pub(crate) fn plugin() -> Plugin {
    &Writing(CohereChat)
}

struct CohereChat;

impl WritingFormat for CohereChat {
    fn name(&self) -> &'static str {
        "cohere_chat"
    }

    fn build(
        &self,
        deployment: &Deployment,
        prompt: &Prompt,
        decoding: &Decoding,
        call: usize,
    ) -> Result<Call, Unsendable> {
        let messages = match prompt {
            Prompt::Text(text) => json!([{"role": "user", "content": text}]),
            Prompt::Chat(messages) => json!(messages),
        };
        let support = &deployment.support;
        let mut body = Map::new();
        body.insert("model".into(), json!(deployment.model));
        body.insert("messages".into(), messages);
        body.insert("max_tokens".into(), json!(decoding.max_tokens + support.thinking_tokens));
        body.insert("temperature".into(), json!(decoding.temperature));
        body.insert("p".into(), json!(decoding.top_p.min(LARGEST_P)));
        fields::add_top_k(&mut body, decoding, support)?;
        let stops = fields::sent_stops(decoding, support.stop_sequences);
        if !stops.is_empty() {
            body.insert("stop_sequences".into(), json!(stops));
        }
        let penalties = [
            ("presence_penalty", decoding.presence_penalty),
            ("frequency_penalty", decoding.frequency_penalty),
        ];
        for (name, penalty) in penalties.into_iter().filter(|(_, penalty)| *penalty != 0.0) {
            body.insert(name.into(), json!(penalty));
        }
        fields::add_seed(&mut body, decoding, support, call);
        if support.chat_logprobs.is_some() && decoding.top_k_per_token > 0 {
            body.insert("logprobs".into(), json!(true));
        }
        Ok(Call::new("/chat", Value::Object(body)))
    }

    fn parse(&self, body: &Value, decoding: &Decoding) -> Result<Outcome, String> {
        let blocks = body
            .pointer("/message/content")
            .and_then(Value::as_array)
            .ok_or("the reply has no list of `message.content`")?;
        let reason = body.get("finish_reason").and_then(Value::as_str);
        if matches!(reason, Some("ERROR" | "TIMEOUT")) {
            return Err(format!("the answer broke off: {}", reason.unwrap_or_default()));
        }
        if reason == Some("ERROR_TOXIC") {
            return Ok(Outcome::Refused { reason: "the provider found the answer toxic".into() });
        }
        let mut completion = completion(blocks, reason);
        completion.tokens = tokens(body);
        cut_completion(&mut completion, &decoding.stop_sequences);
        Ok(Outcome::Answered(Response {
            completions: vec![completion],
            prompt_tokens: count(body, "/usage/tokens/input_tokens"),
            completion_tokens: count(body, "/usage/tokens/output_tokens"),
            ..Response::default()
        }))
    }
}

fn completion(blocks: &[Value], reason: Option<&str>) -> Completion {
    let texts = |field: &str| -> String {
        blocks.iter().filter_map(|block| block.get(field).and_then(Value::as_str)).collect()
    };
    Completion {
        text: texts("text"),
        thinking: Some(texts("thinking")).filter(|thinking| !thinking.is_empty()),
        finish_reason: reason.map(|reason| match reason {
            "COMPLETE" => FinishReason::EndOfText,
            "STOP_SEQUENCE" => FinishReason::Stop,
            "MAX_TOKENS" => FinishReason::Length,
            other => FinishReason::Other(other.to_owned()),
        }),
        ..Completion::default()
    }
}

/// `logprobs: [{text, token_ids, logprobs}]`: chunks of one token, mostly. A chunk's log-probability is its tokens' sum.
fn tokens(body: &Value) -> Vec<ScoredToken> {
    let chunks = body.get("logprobs").and_then(Value::as_array).into_iter().flatten();
    chunks
        .map(|chunk| {
            let logprobs = chunk.get("logprobs").and_then(Value::as_array);
            let sum = logprobs.and_then(|list| list.iter().map(Value::as_f64).sum());
            let text = chunk.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
            ScoredToken { text, logprob: sum, top: Vec::new() }
        })
        .collect()
}
