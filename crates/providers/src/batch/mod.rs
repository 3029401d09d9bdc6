//! Batches: many requests handed to a provider at once and fetched later, for half the price.
//!
//! A batch goes on at the provider whatever happens here. What was handed in is kept in a [`Journal`] of the caller's, so
//! that the same command, started again, waits for the same batches instead of paying for new ones. Requests are known by a
//! hash of their bodies; nothing else ties a batch to a run.

mod anthropic;
mod api;
mod google;
mod openai;
mod tickets;
mod work;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

pub(crate) use work::answer;

/// What batches cost: half of the list price (OpenAI, Anthropic and Google alike).
pub(crate) const PRICE_SHARE: f64 = 0.5;

/// Keeps a text from one start of the program to the next.
pub trait Journal: Send + Sync {
    /// The text; empty before anything was written.
    ///
    /// # Errors
    /// Why it can't be read.
    fn read(&self) -> Result<String, String>;

    /// Puts another text in its place, so that one of the two survives a crash.
    ///
    /// # Errors
    /// Why it can't be written.
    fn write(&self, text: &str) -> Result<(), String>;
}

/// How batches are used.
#[derive(Clone)]
pub struct Batching {
    /// Where batches under way are noted.
    pub journal: Arc<dyn Journal>,
    /// How long to wait before asking again how a batch is doing.
    pub poll: Duration,
}

impl fmt::Debug for Batching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batching").field("poll", &self.poll).finish_non_exhaustive()
    }
}

/// Whose batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BatchApi {
    /// OpenAI's: a file of requests, a file of answers.
    OpenAi,
    /// Anthropic's message batches.
    Anthropic,
    /// Google's, with the requests in the call.
    Google,
}
