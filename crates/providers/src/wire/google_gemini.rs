//! Google's Gemini, `POST /models/MODEL:generateContent`.
//!
//! The adjustable safety filters are switched off, as HELM does (`google_genai_client.py`): a filtered answer says nothing
//! about the model. What Google blocks regardless is a refusal.
//!
//! Source: <https://ai.google.dev/api/generate-content>.

use std::time::Duration;

use holometer_core::{
    Completion, Decoding, FailureKind, FinishReason, Outcome, Prompt, Response, Role, ScoredToken,
    TopToken,
};
use serde_json::{Map, Value, json};

use crate::conversation::conversation;
use crate::cutting::cut_completion;
use crate::deployment::{Deployment, Unsendable};
use crate::openai::fields;
use crate::refusal::{self, ServerError};
use crate::wire_format::{Call, Plugin, Verdict};
use crate::writing::{Writing, WritingFormat, count};

/// The adjustable categories.
const HARM_CATEGORIES: [&str; 4] = [
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
];

/// Reasons for which Google withholds an answer.
const BLOCKED: [&str; 6] =
    ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"];

pub(crate) fn plugin() -> Plugin {
    &Writing(GoogleGemini)
}

struct GoogleGemini;

impl WritingFormat for GoogleGemini {
    fn name(&self) -> &'static str {
        "google_gemini"
    }

    fn build(
        &self,
        deployment: &Deployment,
        prompt: &Prompt,
        decoding: &Decoding,
        call: usize,
    ) -> Result<Call, Unsendable> {
        let conversation = conversation(prompt);
        let contents: Vec<Value> = conversation
            .turns
            .iter()
            .map(|turn| {
                let role = if turn.role == Role::Assistant { "model" } else { "user" };
                json!({"role": role, "parts": [{"text": turn.content}]})
            })
            .collect();
        let safety = HARM_CATEGORIES
            .map(|category| json!({"category": category, "threshold": "BLOCK_NONE"}));
        let mut body = Map::new();
        body.insert("contents".into(), json!(contents));
        if !conversation.system.is_empty() {
            let instruction = json!({"parts": [{"text": conversation.system}]});
            body.insert("systemInstruction".into(), instruction);
        }
        body.insert("generationConfig".into(), config(deployment, decoding, call)?);
        body.insert("safetySettings".into(), json!(safety));
        let path = format!("/models/{}:generateContent", deployment.model);
        Ok(Call::new(path, Value::Object(body)))
    }

    fn parse(&self, body: &Value, decoding: &Decoding) -> Result<Outcome, String> {
        if let Some(reason) = body.pointer("/promptFeedback/blockReason").and_then(Value::as_str) {
            return Ok(Outcome::Refused { reason: format!("the prompt was blocked: {reason}") });
        }
        let candidate = body.pointer("/candidates/0").ok_or("the reply has no `candidates`")?;
        let reason = candidate.get("finishReason").and_then(Value::as_str);
        let completion = completion(candidate, reason, decoding);
        if let Some(reason) = reason.filter(|reason| BLOCKED.contains(reason)) {
            return Ok(Outcome::Refused { reason: format!("the answer was blocked: {reason}") });
        }
        if completion.text.is_empty() && completion.finish_reason.is_none() {
            return Err("a candidate has neither text nor `finishReason`".into());
        }
        let thought = count(body, "/usageMetadata/thoughtsTokenCount").unwrap_or_default();
        Ok(Outcome::Answered(Response {
            completions: vec![completion],
            prompt_tokens: count(body, "/usageMetadata/promptTokenCount"),
            completion_tokens: count(body, "/usageMetadata/candidatesTokenCount")
                .or((thought > 0).then_some(0))
                .map(|written| written + thought),
            truncated_tokens: 0,
            served_by: body.get("modelVersion").and_then(Value::as_str).map(str::to_owned),
        }))
    }

    /// A bad key is a bad argument here, and the time to wait is in the body.
    fn judge(&self, error: &ServerError) -> Option<Verdict> {
        let details = error.body.as_ref().map(details).unwrap_or_default();
        let bad_key = details.iter().any(|detail| detail["reason"] == "API_KEY_INVALID");
        if bad_key {
            let hint = "check the key and what it may use, then run again";
            return Some(refusal::stop(FailureKind::Unauthorized, error, hint));
        }
        let delay = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
        let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
        let after = Duration::try_from_secs_f64(seconds).ok();
        Some(refusal::verdict(&ServerError { after: error.after.or(after), ..error.clone() }))
    }
}

fn details(body: &Value) -> Vec<&Value> {
    let body = body.as_array().and_then(|list| list.first()).unwrap_or(body);
    body.pointer("/error/details").and_then(Value::as_array).into_iter().flatten().collect()
}

fn config(deployment: &Deployment, decoding: &Decoding, call: usize) -> Result<Value, Unsendable> {
    let support = &deployment.support;
    let mut config = Map::new();
    config.insert("maxOutputTokens".into(), json!(decoding.max_tokens + support.thinking_tokens));
    if support.sampling {
        config.insert("temperature".into(), json!(decoding.temperature));
        config.insert("topP".into(), json!(decoding.top_p));
    }
    fields::add_top_k(&mut config, decoding, support)?;
    let stops = fields::sent_stops(decoding, support.stop_sequences);
    if !stops.is_empty() {
        config.insert("stopSequences".into(), json!(stops));
    }
    fields::add_seed(&mut config, decoding, support, call);
    if support.penalties {
        let penalties = [
            ("presencePenalty", decoding.presence_penalty),
            ("frequencyPenalty", decoding.frequency_penalty),
        ];
        for (name, penalty) in penalties.into_iter().filter(|(_, penalty)| *penalty != 0.0) {
            config.insert(name.into(), json!(penalty));
        }
    }
    if let Some(most) = support.chat_logprobs.filter(|_| decoding.top_k_per_token > 0) {
        config.insert("responseLogprobs".into(), json!(true));
        config.insert("logprobs".into(), json!(decoding.top_k_per_token.min(most)));
    }
    Ok(Value::Object(config))
}

fn completion(candidate: &Value, reason: Option<&str>, decoding: &Decoding) -> Completion {
    let parts = candidate.pointer("/content/parts").and_then(Value::as_array);
    let texts = |thought: bool| -> String {
        let parts = parts.into_iter().flatten();
        parts
            .filter(|part| (part["thought"] == true) == thought)
            .filter_map(|part| part.get("text").and_then(Value::as_str))
            .collect()
    };
    let finish_reason = reason.map(|reason| match reason {
        "STOP" if decoding.stop_sequences.is_empty() => FinishReason::EndOfText,
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        other => FinishReason::Other(other.to_owned()),
    });
    let mut completion = Completion {
        text: texts(false),
        tokens: tokens(candidate),
        thinking: Some(texts(true)).filter(|thinking| !thinking.is_empty()),
        finish_reason,
        ..Completion::default()
    };
    cut_completion(&mut completion, &decoding.stop_sequences);
    completion
}

fn tokens(candidate: &Value) -> Vec<ScoredToken> {
    let list = |field| candidate.pointer(field).and_then(Value::as_array);
    let top = list("/logprobsResult/topCandidates");
    let chosen = list("/logprobsResult/chosenCandidates").into_iter().flatten();
    chosen
        .enumerate()
        .map(|(index, token)| {
            let others = top.and_then(|top| top.get(index)?.get("candidates")?.as_array());
            ScoredToken {
                text: token.get("token").and_then(Value::as_str).unwrap_or_default().to_owned(),
                logprob: token.get("logProbability").and_then(Value::as_f64),
                top: others.into_iter().flatten().filter_map(alternative).collect(),
            }
        })
        .collect()
}

fn alternative(entry: &Value) -> Option<TopToken> {
    let text = entry.get("token")?.as_str()?.to_owned();
    Some(TopToken { text, logprob: entry.get("logProbability")?.as_f64()? })
}
