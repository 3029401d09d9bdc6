//! What a caller decides: where keys come from, how patient to be, how hard to push.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use holometer_core::Price;

use crate::batch::Batching;

/// Looks up an environment variable. This crate never reads the environment by itself.
pub type EnvLookup = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Whether opening a model talks to its server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contact {
    /// Ask the server what it offers, with a few requests of one token at most.
    #[default]
    Probe,
    /// Believe what is declared and ask for no key: for planning without a network. Sending a request is then
    /// refused.
    Never,
}

/// How often, and for how long, a failed call is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retries {
    /// Further tries of one call after server errors, dropped connections, time-outs and unreadable answers.
    pub max: u32,
    /// The first delay; each further one is up to twice as long. The actual delay is drawn from half of it to all of
    /// it.
    pub first_delay: Duration,
    /// No delay is longer, unless the server asks for more.
    pub max_delay: Duration,
    /// How long a call is held back by rate limits before it fails, and the longest wait that a server may ask for.
    pub patience: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            max: 6,
            first_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(30),
            patience: Duration::from_secs(15 * 60),
        }
    }
}

/// An OpenAI-compatible server that the user describes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedServer {
    /// Where its calls go.
    pub base_url: String,
    /// The variable that holds its key.
    pub key_env: Option<String>,
    /// Its models' context window, in tokens; `None`: as it says.
    pub window: Option<usize>,
    /// The text of the token that begins every text.
    pub begin_text: Option<String>,
    /// What its models cost.
    pub price: Option<Price>,
}

/// Settings of models behind HTTP.
#[derive(Clone)]
pub struct Settings {
    /// Where keys and addresses are looked up.
    pub env: EnvLookup,
    /// Whether opening a model talks to its server.
    pub contact: Contact,
    /// From sending a call to the last byte of its answer, at most.
    pub request_timeout: Duration,
    /// For the connection alone, at most.
    pub connect_timeout: Duration,
    /// Calls in flight to one deployment, at most; the actual number adapts to what the server takes.
    pub max_concurrency: usize,
    /// How failures are tried again.
    pub retries: Retries,
    /// How long calls in flight may still finish after a cancellation: they may have been billed.
    pub cancel_grace: Duration,
    /// Addresses that replace the vendors' own, by vendor name.
    pub base_urls: BTreeMap<String, String>,
    /// Servers that the user describes, by the name that stands before the colon in their models' specs.
    pub servers: BTreeMap<String, NamedServer>,
    /// The context window, where the user knows better than the server says.
    pub window: Option<usize>,
    /// The text of the token that begins every text, such as `<s>`: put before a text that is scored without context, for
    /// servers that don't do it themselves.
    pub begin_text: Option<String>,
    /// Tokens (prompt and answer) per minute, at most; `None`: as many as the server takes.
    pub tokens_per_minute: Option<u64>,
    /// What models cost by their specs, where the user knows better than the vendors' lists.
    pub prices: BTreeMap<String, Price>,
    /// Send a call that takes unusually long a second time and take the answer that comes first: one call in twenty at
    /// most, and only calls that have one right answer (temperature 0, or scores of given text).
    pub hedge: bool,
    /// Ask in batches where the provider takes them; `None`: one call after the other.
    pub batching: Option<Batching>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            env: Arc::new(|_| None),
            contact: Contact::Probe,
            request_timeout: Duration::from_secs(600),
            connect_timeout: Duration::from_secs(10),
            max_concurrency: 64,
            retries: Retries::default(),
            cancel_grace: Duration::from_secs(1),
            base_urls: BTreeMap::new(),
            servers: BTreeMap::new(),
            window: None,
            begin_text: None,
            tokens_per_minute: None,
            prices: BTreeMap::new(),
            hedge: false,
            batching: None,
        }
    }
}

impl Settings {
    /// A variable that is set and not blank.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|value| !value.trim().is_empty())
    }
}

impl fmt::Debug for Settings {
    /// Leaves the environment out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("contact", &self.contact)
            .field("request_timeout", &self.request_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("max_concurrency", &self.max_concurrency)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}
