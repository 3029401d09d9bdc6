//! Models: anything that answers requests, on this machine or behind an API.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::ids::ModelName;
use crate::outcome::Outcome;
use crate::price::Price;
use crate::request::{Request, RequestKey};

/// A token's number in its tokenizer's vocabulary.
pub type Token = u32;

/// Turns text into tokens and back. Adds no special tokens on its own.
pub trait Tokenizer: Send + Sync {
    /// The tokens of a text, without special tokens around it.
    fn encode(&self, text: &str) -> Vec<Token>;

    /// The text of tokens. Bytes that are not UTF-8 become U+FFFD, as in HELM.
    fn decode(&self, tokens: &[Token]) -> String;

    /// Each token's own text, in order; a character split over several tokens shows as U+FFFD in each.
    fn pieces(&self, tokens: &[Token]) -> Vec<String> {
        tokens.iter().map(|token| self.decode(&[*token])).collect()
    }

    /// How many tokens a text has.
    fn count(&self, text: &str) -> usize {
        self.encode(text).len()
    }
}

/// A model's context window and special texts. HELM's window service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Prompt tokens and new tokens together, at most.
    pub max_sequence_length: usize,
    /// Prompt tokens alone, at most. HELM's `max_request_length`.
    pub max_request_length: usize,
    /// The text of the token that begins a text (HELM's `prefix_token`), for language modelling; may be empty.
    pub prefix_token: String,
    /// The text of the token that ends a text.
    pub end_of_text_token: String,
    /// Whether prompts are sent as a conversation (the model has a chat template).
    pub chat: bool,
}

/// What a model can do. A scenario that needs more is *not applicable*, with the reason, at plan time.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each with a name")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Writes text.
    pub generate: bool,
    /// Reports log-probabilities of given text.
    pub score_continuation: bool,
    /// Reports log-probabilities of an answer of one token, if that is among the likeliest.
    #[serde(default)]
    pub score_next_token: bool,
    /// Reports log-probabilities of the tokens it writes.
    pub token_logprobs: bool,
    /// Takes conversations.
    pub chat: bool,
    /// Can be told to sample from the likeliest tokens only.
    #[serde(default)]
    pub top_k: bool,
}

impl Capabilities {
    /// Everything.
    pub const ALL: Self = Self {
        generate: true,
        score_continuation: true,
        score_next_token: true,
        token_logprobs: true,
        chat: true,
        top_k: true,
    };
}

/// What a model says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// How the user named it.
    pub name: ModelName,
    /// Identifies everything that can change an answer: hashes of a local model's files and the engine's numerics
    /// version, or provider, endpoint and model name. Part of every cache key.
    pub fingerprint: String,
    /// One line for people: architecture, size, format; or the endpoint.
    pub summary: String,
    /// What it can do.
    pub capabilities: Capabilities,
}

/// Why a model can't be used. The message is one sentence and ends with a hint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ModelError(pub String);

/// Asks a model to stop. Cloning gives another handle to the same wish.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A wish not yet expressed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether stopping was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A request that is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Which.
    pub key: RequestKey,
    /// What came back.
    pub outcome: Outcome,
    /// Seconds that it took: over HTTP, from sending to the end of the answer; locally, its share of the batch's
    /// time; 0 where that has no meaning: for batches at a provider, and for what was never sent.
    pub seconds: f64,
    /// How many other tries came before (rate limits, dropped connections).
    pub retries: u32,
}

/// Receives requests as they finish, from any thread.
pub type Sink<'a> = &'a (dyn Fn(Finished) + Send + Sync);

/// Anything that answers requests.
pub trait Model: Send + Sync {
    /// What it says about itself.
    fn card(&self) -> &ModelCard;

    /// Its tokenizer, if it is known here.
    fn tokenizer(&self) -> Option<Arc<dyn Tokenizer>>;

    /// Its context window; a guess for servers that do not tell.
    fn window(&self) -> Window;

    /// What its answers cost; `None` for models on this machine and where no price is known.
    fn price(&self) -> Option<Price> {
        None
    }

    /// Answers all requests, in any order, and hands each to `sink` once, when it is done. Returns when all are done
    /// or, soon after a cancellation, with the rest not handed over. An answer does not depend on the other requests.
    fn answer(&self, requests: &[(RequestKey, Request)], cancel: &Cancel, sink: Sink<'_>);
}

impl fmt::Debug for dyn Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Model({})", self.card().name)
    }
}
