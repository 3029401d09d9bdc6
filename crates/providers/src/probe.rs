//! Asking a server what it can do, with its own endpoints and a few calls of one token each.

use std::sync::Arc;

use holometer_core::{
    ChatMessage, Decoding, FailureKind, Outcome, Prompt, Request, Response, Role,
};
use serde_json::{Map, Value, json};

use crate::deployment::Deployment;
use crate::error::{ProviderError, nearest_names};
use crate::http::attempt::{attempt, read_error};
use crate::http::transport::Transport;
use crate::settings::Settings;
use crate::spec::Endpoints;
use crate::vendor::Prefill;
use crate::wire_format::{Plugin, Verdict, wire_format};

/// The longest list of alternatives asked of a server about which nothing else is known: OpenAI's own bounds.
const CHAT_ALTERNATIVES: usize = 20;
const COMPLETIONS_ALTERNATIVES: usize = 5;

/// The beginning of a text whose next token every language model is fairly sure of.
const CONTEXT: &str = "One, two, three,";

/// By how much the log-probabilities of one token may differ between writing and scoring: rounding and other batches make
/// up for some hundredths.
const AGREEMENT: f64 = 0.5;

/// One model in a server's list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    /// Which software serves it, where the list says: `vllm`, `llamacpp`, ...
    pub(crate) owned_by: String,
    pub(crate) window: Option<usize>,
}

/// What a server told about itself.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) listed: Listed,
    /// Whether the model has a chat template of its own.
    pub(crate) chat_template: bool,
    /// The texts of the tokens that begin and end a text; empty where the server does not tell.
    pub(crate) begin_text: String,
    pub(crate) end_text: String,
    /// What of its offers is not used, and why; may be empty.
    pub(crate) distrusted: String,
    /// Whether the first token of a text without context gets no log-probability: nothing stands before it.
    pub(crate) first_token_unscored: bool,
}

/// Finds the model and what the server can do with it; completes the deployment.
pub(crate) async fn probe(
    deployment: &mut Deployment,
    transport: &Transport,
    model: Option<String>,
    endpoints: Endpoints,
    settings: &Settings,
    key_hint: &str,
) -> Result<Found, ProviderError> {
    let mut listed = find_model(deployment, transport, model, key_hint).await?;
    deployment.model.clone_from(&listed.id);
    if matches!(listed.owned_by.as_str(), "vllm" | "sglang") {
        deployment.support.prefill = Prefill::ContinueFinalMessage;
    }
    deployment.support.neutral = neutral_samplers(&listed.owned_by);
    let mut chat_template = true;
    let (mut begin_text, mut end_text) = (String::new(), String::new());
    if listed.owned_by == "llamacpp" {
        let props = llama_cpp_props(deployment, transport).await.unwrap_or_default();
        let window = props.pointer("/default_generation_settings/n_ctx").and_then(Value::as_u64);
        listed.window = window.map(|window| window as usize).or(listed.window);
        chat_template =
            props.get("chat_template").and_then(Value::as_str).is_none_or(|text| !text.is_empty());
        let text = |field| props.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        (begin_text, end_text) = (text("bos_token"), text("eos_token"));
        if deployment.begin_text.is_empty() && !llama_cpp_begins_texts(deployment, transport).await
        {
            deployment.begin_text.clone_from(&begin_text);
        }
    }
    let owned_by = &listed.owned_by;
    let prober = Prober { deployment, transport, settings, key_hint, owned_by };
    let completions = match endpoints {
        Endpoints::Chat => Completions::absent("not asked"),
        Endpoints::Both | Endpoints::Completions => prober.completions().await?,
    };
    let chat = match endpoints {
        Endpoints::Completions => Chat::absent("not asked"),
        Endpoints::Both | Endpoints::Chat => prober.chat().await?,
    };
    if let (Err(completions), Err(chat)) = (&completions.works, &chat.works) {
        return Err(ProviderError::NoEndpoint {
            address: deployment.shown.clone(),
            completions: completions.clone(),
            chat: chat.clone(),
        });
    }
    deployment.text = completions.works.ok();
    deployment.chat = chat.works.ok();
    deployment.support.completions_logprobs =
        completions.logprobs.then_some(COMPLETIONS_ALTERNATIVES);
    deployment.support.chat_logprobs = chat.logprobs.then_some(CHAT_ALTERNATIVES);
    deployment.scorer = completions.scorer;
    let Completions { distrusted, first_token_unscored, .. } = completions;
    Ok(Found { listed, chat_template, begin_text, end_text, distrusted, first_token_unscored })
}

/// How a format scores given text.
enum Scoring {
    /// Not at all.
    Absent,
    /// As the model writes.
    Sound,
    /// With other numbers than the model has when it writes.
    Contradicts { scored: f64, written: f64 },
}

/// What the completions endpoint can do.
struct Completions {
    works: Result<Plugin, String>,
    logprobs: bool,
    scorer: Option<Plugin>,
    distrusted: String,
    first_token_unscored: bool,
}

impl Completions {
    fn absent(reason: &str) -> Self {
        Self {
            works: Err(reason.into()),
            logprobs: false,
            scorer: None,
            distrusted: String::new(),
            first_token_unscored: false,
        }
    }
}

/// What the chat endpoint can do.
struct Chat {
    works: Result<Plugin, String>,
    logprobs: bool,
}

impl Chat {
    fn absent(reason: &str) -> Self {
        Self { works: Err(reason.into()), logprobs: false }
    }
}

struct Prober<'a> {
    deployment: &'a Deployment,
    transport: &'a Transport,
    settings: &'a Settings,
    key_hint: &'a str,
    owned_by: &'a str,
}

impl Prober<'_> {
    async fn completions(&self) -> Result<Completions, ProviderError> {
        let format = wire_format("openai_completions").expect("a file of that name is in src/wire");
        let text = Prompt::Text(CONTEXT.into());
        let (works, logprobs) = self.generation(format, text).await?;
        if let Err(reason) = works {
            return Ok(Completions::absent(&reason));
        }
        let written = if logprobs { self.written_token(format).await? } else { None };
        let mut scorer = None;
        let mut distrusted = String::new();
        for format in
            [format, wire_format("llama_cpp").expect("a file of that name is in src/wire")]
        {
            // An endpoint that is llama.cpp's own is not tried elsewhere.
            let is_its_own = format.name() != "llama_cpp" || self.owned_by == "llamacpp";
            if scorer.is_some() || !is_its_own {
                continue;
            }
            match self.scores(format, written.as_ref()).await? {
                Scoring::Sound => scorer = Some(format),
                Scoring::Absent => {}
                Scoring::Contradicts { scored, written } => {
                    distrusted = format!(
                        "its scores of given text are not used: they give the token it writes itself {scored:.2} instead of {written:.2}"
                    );
                }
            }
        }
        let first_token_unscored = match scorer {
            Some(scorer) => self.leaves_first_token_out(scorer).await?,
            None => false,
        };
        Ok(Completions { works: Ok(format), logprobs, scorer, distrusted, first_token_unscored })
    }

    /// The token that the model writes first after [`CONTEXT`], with its log-probability.
    async fn written_token(&self, format: Plugin) -> Result<Option<(String, f64)>, ProviderError> {
        let decoding = Decoding { max_tokens: 1, top_k_per_token: 1, ..Decoding::default() };
        let request = Request::Generate { prompt: Prompt::Text(CONTEXT.into()), decoding };
        let trial = self.trial(|support| support.completions_logprobs = Some(1));
        let answer = self.ask(&trial, format, &request).await?;
        let first = answer.ok().and_then(|response| {
            let token = response.completions.first()?.tokens.first()?.clone();
            Some((token.text, token.logprob?))
        });
        Ok(first.filter(|(text, _)| !text.is_empty() && !text.contains('\u{fffd}')))
    }

    /// Whether a format gives every token of a continuation its log-probability, and the one that the model has when it
    /// writes: some servers answer with numbers that were never computed.
    async fn scores(
        &self,
        format: Plugin,
        written: Option<&(String, f64)>,
    ) -> Result<Scoring, ProviderError> {
        let continuation = written.map_or_else(|| " four".to_owned(), |(text, _)| text.clone());
        let score = Request::ScoreContinuation { context: CONTEXT.into(), continuation };
        let trial = self.trial(|_| {});
        let Ok(response) = self.ask(&trial, format, &score).await? else {
            return Ok(Scoring::Absent);
        };
        let scored: Option<Vec<f64>> =
            response.completions.iter().map(holometer_core::Completion::logprob).collect();
        let one_token = response.completions.iter().all(|scored| scored.answer_tokens().len() == 1);
        Ok(match (scored.as_deref(), written) {
            (None | Some([]), _) => Scoring::Absent,
            (Some([scored, ..]), Some((_, written)))
                if one_token && (scored - written).abs() > AGREEMENT =>
            {
                Scoring::Contradicts { scored: *scored, written: *written }
            }
            _ => Scoring::Sound,
        })
    }

    /// Whether a text without context is scored from its second token on.
    async fn leaves_first_token_out(&self, scorer: Plugin) -> Result<bool, ProviderError> {
        let score =
            Request::ScoreContinuation { context: String::new(), continuation: CONTEXT.into() };
        let answer = self.ask(&self.trial(|_| {}), scorer, &score).await?;
        let first = answer.ok().and_then(|response| {
            response.completions.first()?.answer_tokens().first().map(|token| token.logprob)
        });
        Ok(first == Some(None))
    }

    async fn chat(&self) -> Result<Chat, ProviderError> {
        let format = wire_format("openai_chat").expect("a file of that name is in src/wire");
        let message = ChatMessage { role: Role::User, content: "Count to three.".into() };
        let (works, logprobs) = self.generation(format, Prompt::Chat(vec![message])).await?;
        Ok(Chat { works: works.map(|()| format), logprobs })
    }

    /// Whether an endpoint writes, and with log-probabilities. A server that fails when asked for those is asked without.
    async fn generation(
        &self,
        format: Plugin,
        prompt: Prompt,
    ) -> Result<(Result<(), String>, bool), ProviderError> {
        let decoding = Decoding { max_tokens: 1, ..Decoding::default() };
        let request = Request::Generate { prompt, decoding };
        let with = self.trial(|support| {
            support.chat_logprobs = Some(1);
            support.completions_logprobs = Some(1);
        });
        if let Ok(response) = self.ask(&with, format, &request).await? {
            let told = |completion: &holometer_core::Completion| {
                completion.tokens.iter().any(|token| token.logprob.is_some())
            };
            return Ok((Ok(()), response.completions.iter().any(told)));
        }
        let without = self.trial(|_| {});
        let works = self.ask(&without, format, &request).await?;
        Ok((works.map(|_| ()), false))
    }

    /// The deployment with another support.
    fn trial(&self, change: impl FnOnce(&mut crate::vendor::Support)) -> Deployment {
        let mut support = self.deployment.support.clone();
        change(&mut support);
        Deployment { support, ..self.deployment.clone() }
    }

    /// Asks, and asks again while the server is busy or still loading. The inner error is the server's no.
    async fn ask(
        &self,
        deployment: &Deployment,
        format: Plugin,
        request: &Request,
    ) -> Result<Result<Response, String>, ProviderError> {
        let mut tries = 0;
        loop {
            let tried = attempt(deployment, self.transport, format, request, 0).await;
            match tried.verdict {
                Verdict::Done(Outcome::Answered(response)) => return Ok(Ok(response)),
                // A filter that takes offence at counting still shows that the endpoint works.
                Verdict::Done(Outcome::Refused { .. }) => return Ok(Ok(Response::default())),
                Verdict::Stop { kind: FailureKind::Unauthorized, message } => {
                    return Err(self.unauthorized(&message));
                }
                Verdict::Done(Outcome::Failed { message, .. }) | Verdict::Stop { message, .. } => {
                    return Ok(Err(message));
                }
                Verdict::Again { message, after, overloaded, .. } => {
                    tries += 1;
                    if !overloaded && tries > 1 || tries > self.settings.retries.max {
                        return Ok(Err(message));
                    }
                    let delay = after.unwrap_or(self.settings.retries.first_delay * tries);
                    tokio::time::sleep(delay.min(self.settings.retries.max_delay)).await;
                }
            }
        }
    }

    fn unauthorized(&self, reason: &str) -> ProviderError {
        let reason = reason.split("; hint:").next().unwrap_or(reason).to_owned();
        let address = self.deployment.shown.clone();
        ProviderError::Unauthorized { address, reason, hint: self.key_hint.to_owned() }
    }
}

/// Neutral values for the samplers that a server applies by its own defaults (llama.cpp keeps 40 tokens and 95% of the
/// mass; vLLM reads the model's `generation_config.json`), so that the same request means the same everywhere.
fn neutral_samplers(owned_by: &str) -> Map<String, Value> {
    let neutral = match owned_by {
        "vllm" | "sglang" => {
            json!({"top_p": 1.0, "top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0})
        }
        // llama-cpp-python signs with `me`.
        "llamacpp" | "me" => {
            json!({"top_p": 1.0, "top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0})
        }
        _ => json!({"top_p": 1.0}),
    };
    match neutral {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Reads the server's list of models and picks the one that is meant.
async fn find_model(
    deployment: &Deployment,
    transport: &Transport,
    model: Option<String>,
    key_hint: &str,
) -> Result<Listed, ProviderError> {
    let address = deployment.shown.clone();
    let list = get_json(deployment, transport, "/models", key_hint).await?;
    let unlisted = |id: String| Listed { id, ..Listed::default() };
    let Some(list) = list else {
        let reason = "it has no list of models at `/models`".to_owned();
        return model.map(unlisted).ok_or(ProviderError::NotAServer { address, reason });
    };
    let served = read_list(&list);
    let names: Vec<String> = served.iter().map(|listed| listed.id.clone()).collect();
    match model {
        Some(name) => match served.into_iter().find(|listed| listed.id == name) {
            Some(listed) => Ok(listed),
            None if names.is_empty() => Ok(unlisted(name)),
            None => {
                let nearest = nearest_names(&name, names.iter().map(String::as_str));
                Err(ProviderError::UnknownModel { address, model: name, nearest, served: names })
            }
        },
        None if served.len() == 1 => Ok(served.into_iter().next().unwrap_or_default()),
        None => {
            let example = names.first().map_or("MODEL", String::as_str);
            let example = format!("{address}#{example}");
            Err(ProviderError::MissingModel { spec: address, example })
        }
    }
}

/// `{"data": [...]}`, or the bare list that some vendors send.
fn read_list(body: &Value) -> Vec<Listed> {
    let list = body.get("data").unwrap_or(body).as_array().into_iter().flatten();
    list.filter_map(|entry| {
        let number = |field| entry.pointer(field).and_then(Value::as_u64);
        let window = number("/max_model_len")
            .or_else(|| number("/context_window"))
            .or_else(|| number("/context_length"))
            .or_else(|| number("/max_context_length"))
            .or_else(|| number("/meta/n_ctx"))
            .or_else(|| number("/meta/n_ctx_train"));
        Some(Listed {
            id: entry.get("id")?.as_str()?.to_owned(),
            owned_by: entry.get("owned_by").and_then(Value::as_str).unwrap_or_default().to_owned(),
            window: window.map(|window| window as usize),
        })
    })
    .collect()
}

/// A GET below the base address; `None` when there is no such path.
pub(crate) async fn get_json(
    deployment: &Deployment,
    transport: &Transport,
    path: &str,
    key_hint: &str,
) -> Result<Option<Value>, ProviderError> {
    let address = deployment.shown.clone();
    let reply = transport.get(&deployment.url(path)).await.map_err(|no_reply| {
        let hint = match no_reply.kind {
            FailureKind::Timeout => {
                "the server took the connection but does not answer; see its log"
            }
            _ => "is the server running, and are host and port right?",
        };
        let reason = no_reply.reason;
        ProviderError::Unreachable { address: address.clone(), reason, hint: hint.into() }
    })?;
    let error = || read_error(deployment, &reply, reply.status);
    let describe = || {
        let error = error();
        let words = if error.message.is_empty() { error.code } else { error.message };
        format!("HTTP {} {words}", error.status).trim_end().to_owned()
    };
    match reply.status {
        200..=299 => serde_json::from_slice(&reply.body).map(Some).map_err(|_| {
            let reason = "the list of models is not JSON".into();
            ProviderError::NotAServer { address: address.clone(), reason }
        }),
        401 | 403 => Err(ProviderError::Unauthorized {
            address: address.clone(),
            reason: describe(),
            hint: key_hint.to_owned(),
        }),
        404 | 405 | 501 => Ok(None),
        _ => Err(ProviderError::NotAServer { address: address.clone(), reason: describe() }),
    }
}

/// llama.cpp's own description of itself, beside `/v1`.
async fn llama_cpp_props(deployment: &Deployment, transport: &Transport) -> Option<Value> {
    let reply = transport.get(&format!("{}/props", deployment.root())).await.ok()?;
    serde_json::from_slice(&reply.body).ok()
}

/// Whether llama.cpp puts a token before every text by itself.
async fn llama_cpp_begins_texts(deployment: &Deployment, transport: &Transport) -> bool {
    let address = format!("{}/tokenize", deployment.root());
    let reply = transport.post(&address, &json!({"content": "", "add_special": true})).await;
    let body = reply.ok().and_then(|reply| serde_json::from_slice::<Value>(&reply.body).ok());
    let tokens = body.as_ref().and_then(|body| body.get("tokens")?.as_array());
    tokens.is_some_and(|tokens| !tokens.is_empty())
}

/// The probing future with everything it needs, so that it can run on another thread.
pub(crate) async fn probe_owned(
    mut deployment: Deployment,
    transport: Transport,
    model: Option<String>,
    endpoints: Endpoints,
    settings: Arc<Settings>,
    key_hint: String,
) -> Result<(Deployment, Found), ProviderError> {
    let found = probe(&mut deployment, &transport, model, endpoints, &settings, &key_hint).await?;
    Ok((deployment, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_from_every_known_list() {
        let body = serde_json::json!({"object": "list", "data": [
            {"id": "a", "owned_by": "vllm", "max_model_len": 8192},
            {"id": "b", "owned_by": "llamacpp", "meta": {"n_ctx_train": 2048}},
            {"id": "c", "context_window": 131_072},
            {"id": "d"},
            {"name": "no id"},
        ]});
        let windows: Vec<_> = read_list(&body).into_iter().map(|listed| listed.window).collect();
        assert_eq!(windows, [Some(8192), Some(2048), Some(131_072), None]);
        assert_eq!(read_list(&serde_json::json!([{"id": "bare"}])).len(), 1);
        assert!(read_list(&serde_json::json!("nonsense")).is_empty());
    }
}
