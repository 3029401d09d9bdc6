//! OpenAI's chat completions, `POST /chat/completions`, as OpenAI and most other servers offer them.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat/create>; for vLLM's additions
//! <https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html>.

use holometer_core::{
    ChatMessage, Completion, Decoding, FailureKind, Outcome, Prompt, Request, Role,
};
use serde_json::{Map, Value, json};

use crate::deployment::{Deployment, Unsendable};
use crate::openai::{fields, reply};
use crate::vendor::{Prefill, Support};
use crate::wire_format::{Call, Plugin, WireFormat};

pub(crate) fn plugin() -> Plugin {
    &OpenAiChat
}

struct OpenAiChat;

impl WireFormat for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai_chat"
    }

    fn calls(&self, deployment: &Deployment, request: &Request) -> usize {
        match request {
            Request::Generate { decoding, .. } => fields::calls(decoding, &deployment.support),
            Request::ScoreContinuation { .. } => 1,
        }
    }

    fn build(
        &self,
        deployment: &Deployment,
        request: &Request,
        call: usize,
    ) -> Result<Call, Unsendable> {
        let Request::Generate { prompt, decoding } = request else {
            return Err((FailureKind::Unsupported, "chat can't score given text".into()));
        };
        let support = &deployment.support;
        let mut body = Map::new();
        body.insert("model".into(), json!(deployment.model));
        add_messages(&mut body, prompt, support)?;
        fields::add_decoding(&mut body, decoding, support);
        fields::add_top_k(&mut body, decoding, support)?;
        fields::add_seed(&mut body, decoding, support, call);
        if let Some(most) = support.chat_logprobs.filter(|_| decoding.top_k_per_token > 0) {
            body.insert("logprobs".into(), json!(true));
            body.insert("top_logprobs".into(), json!(decoding.top_k_per_token.min(most)));
        }
        Ok(Call::new("/chat/completions", Value::Object(body)))
    }

    fn parse(
        &self,
        deployment: &Deployment,
        request: &Request,
        body: &Value,
    ) -> Result<Outcome, String> {
        let Request::Generate { decoding, .. } = request else {
            return Err("chat can't score given text".into());
        };
        let wanted = wanted(decoding, &deployment.support);
        reply::outcome(body, decoding, wanted, completion)
    }
}

fn wanted(decoding: &Decoding, support: &Support) -> usize {
    if support.several_completions { decoding.num_completions.max(1) } else { 1 }
}

fn completion(choice: &Value) -> Result<Completion, String> {
    let message = choice.get("message").ok_or("a choice has no `message`")?;
    let text = match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => joined_text(parts),
        // A model that spent all of its tokens on thinking, or whose answer was filtered, has no content.
        Some(Value::Null) | None if choice.get("finish_reason").is_some() => String::new(),
        _ => return Err("a message has no text `content`".into()),
    };
    let thinking = ["reasoning_content", "reasoning"]
        .iter()
        .find_map(|field| message.get(field).and_then(Value::as_str))
        .map(str::to_owned)
        .or_else(|| message.get("content").and_then(thinking_parts))
        .filter(|thinking| !thinking.is_empty());
    Ok(Completion { text, tokens: reply::chat_tokens(choice), thinking, ..Completion::default() })
}

/// Content as a list of parts: the text ones.
fn joined_text(parts: &[Value]) -> String {
    parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect()
}

/// Content as a list of parts: the thinking ones (Mistral: `{type: thinking, thinking: [{type: text, text}]}`).
fn thinking_parts(content: &Value) -> Option<String> {
    let parts = content.as_array()?.iter().filter_map(|part| part.get("thinking"));
    let texts = parts.filter_map(Value::as_array).map(|parts| joined_text(parts));
    Some(texts.collect())
}

fn add_messages(
    body: &mut Map<String, Value>,
    prompt: &Prompt,
    support: &Support,
) -> Result<(), Unsendable> {
    let messages: Vec<ChatMessage> = match prompt {
        Prompt::Text(text) => vec![ChatMessage { role: Role::User, content: text.clone() }],
        Prompt::Chat(messages) => messages.clone(),
    };
    let prefilled = messages.last().is_some_and(|message| message.role == Role::Assistant);
    let mut sent: Vec<Value> = messages
        .iter()
        .map(|message| json!({"role": message.role, "content": message.content}))
        .collect();
    if prefilled {
        match support.prefill {
            Prefill::AsMessage => {}
            Prefill::Marked => {
                if let Some(last) = sent.last_mut().and_then(Value::as_object_mut) {
                    last.insert("prefix".into(), json!(true));
                }
            }
            Prefill::ContinueFinalMessage => {
                body.insert("continue_final_message".into(), json!(true));
                body.insert("add_generation_prompt".into(), json!(false));
            }
            Prefill::Unsupported => {
                let message = "the server can't continue an answer that is begun already";
                return Err((FailureKind::Unsupported, message.into()));
            }
        }
    }
    body.insert("messages".into(), Value::Array(sent));
    Ok(())
}
