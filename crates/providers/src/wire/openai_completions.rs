//! OpenAI's text completions, `POST /completions`: the only endpoint in OpenAI's shape that scores given text.
//!
//! Source: <https://platform.openai.com/docs/api-reference/completions/create>.

use holometer_core::{Completion, Decoding, FailureKind, Outcome, Prompt, Request};
use serde_json::{Map, Value, json};

use crate::deployment::{Deployment, Unsendable};
use crate::openai::{echo, fields, reply};
use crate::wire_format::{Call, Plugin, WireFormat};

pub(crate) fn plugin() -> Plugin {
    &OpenAiCompletions
}

struct OpenAiCompletions;

impl WireFormat for OpenAiCompletions {
    fn name(&self) -> &'static str {
        "openai_completions"
    }

    fn scores_by(&self) -> Option<&'static str> {
        Some("echo")
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
        let mut body = Map::new();
        body.insert("model".into(), json!(deployment.model));
        match request {
            Request::Generate { prompt: Prompt::Text(text), decoding } => {
                body.insert("prompt".into(), json!(text));
                add_generation(&mut body, deployment, decoding, call)?;
            }
            Request::Generate { prompt: Prompt::Chat(_), .. } => {
                let message = "the completions endpoint takes no conversations";
                return Err((FailureKind::Unsupported, message.into()));
            }
            Request::ScoreContinuation { context, continuation } => {
                let context = begun(deployment, context);
                body.insert("prompt".into(), json!(format!("{context}{continuation}")));
                add_echo(&mut body);
            }
        }
        Ok(Call::new("/completions", Value::Object(body)))
    }

    fn parse(
        &self,
        deployment: &Deployment,
        request: &Request,
        body: &Value,
    ) -> Result<Outcome, String> {
        match request {
            Request::Generate { decoding, .. } => {
                let several = deployment.support.several_completions;
                let wanted = if several { decoding.num_completions.max(1) } else { 1 };
                reply::outcome(body, decoding, wanted, written)
            }
            Request::ScoreContinuation { context, continuation } => {
                scored(body, begun(deployment, context), continuation)
            }
        }
    }
}

fn add_generation(
    body: &mut Map<String, Value>,
    deployment: &Deployment,
    decoding: &Decoding,
    call: usize,
) -> Result<(), Unsendable> {
    let support = &deployment.support;
    fields::add_decoding(body, decoding, support);
    fields::add_top_k(body, decoding, support)?;
    // This endpoint never took the newer name.
    if let Some(limit) = body.remove("max_completion_tokens") {
        body.insert("max_tokens".into(), limit);
    }
    fields::add_seed(body, decoding, support, call);
    if let Some(most) = support.completions_logprobs.filter(|_| decoding.top_k_per_token > 0) {
        body.insert("logprobs".into(), json!(decoding.top_k_per_token.min(most)));
    }
    Ok(())
}

/// What a continuation is conditioned on: without context, the token that begins a text, where it is known.
fn begun<'a>(deployment: &'a Deployment, context: &'a str) -> &'a str {
    if context.is_empty() { &deployment.begin_text } else { context }
}

/// One token is written, because `max_tokens: 0` means *no limit* to llama-cpp-python; it is dropped again.
fn add_echo(body: &mut Map<String, Value>) {
    body.insert("max_tokens".into(), json!(1));
    body.insert("temperature".into(), json!(0.0));
    body.insert("echo".into(), json!(true));
    body.insert("logprobs".into(), json!(1));
}

fn written(choice: &Value) -> Result<Completion, String> {
    let text = choice.get("text").and_then(Value::as_str).ok_or("a choice has no `text`")?;
    let thinking = choice.get("reasoning_content").and_then(Value::as_str).map(str::to_owned);
    let tokens = reply::completion_tokens(choice);
    Ok(Completion { text: text.to_owned(), tokens, thinking, ..Completion::default() })
}

fn scored(body: &Value, context: &str, continuation: &str) -> Result<Outcome, String> {
    let choice = body.pointer("/choices/0").ok_or("the reply has no `choices`")?;
    let tokens = reply::completion_tokens(choice);
    if tokens.is_empty() {
        return Err("the reply has no log-probabilities".into());
    }
    let offsets: Vec<usize> = choice
        .pointer("/logprobs/text_offset")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .map(|offset| offset as usize)
        .collect();
    let tokens = echo::continuation_tokens(context, continuation, tokens, &offsets)?;
    let completion = Completion { text: continuation.to_owned(), tokens, ..Completion::default() };
    let mut response = reply::response(body, vec![completion]);
    response.completion_tokens = Some(0);
    Ok(Outcome::Answered(response))
}
