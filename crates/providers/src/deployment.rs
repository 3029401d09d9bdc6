//! A deployment: one model at one address, with everything that calls to it need.

use holometer_core::{FailureKind, Prompt, Request};

use crate::next_token::NextToken;
use crate::secret::Secret;
use crate::vendor::Support;
use crate::wire_format::{Call, Origin, WireFormat};

/// One model at one address.
#[derive(Clone)]
pub(crate) struct Deployment {
    /// Where calls go, without trailing slash; may hold a user name and password and is never shown.
    pub(crate) base: String,
    /// The query that every call carries, without `?`; may be empty.
    pub(crate) query: String,
    /// The address for people.
    pub(crate) shown: String,
    /// The model's name as the server knows it.
    pub(crate) model: String,
    /// Headers that every call carries, the key's among them.
    pub(crate) headers: Vec<(String, Secret)>,
    /// The text of the token that begins every text, where the server knows it but does not put it there by itself;
    /// what a text without context is conditioned on.
    pub(crate) begin_text: String,
    /// What calls may ask for.
    pub(crate) support: Support,
    /// How conversations are sent.
    pub(crate) chat: Option<&'static dyn WireFormat>,
    /// How plain text is sent.
    pub(crate) text: Option<&'static dyn WireFormat>,
    /// How given text is scored.
    pub(crate) scorer: Option<&'static dyn WireFormat>,
}

/// Why a request can't be sent.
pub(crate) type Unsendable = (FailureKind, String);

impl Deployment {
    /// The wire format for a request.
    pub(crate) fn route(&self, request: &Request) -> Result<&'static dyn WireFormat, Unsendable> {
        let (format, missing) = match request {
            Request::Generate { prompt: Prompt::Text(_), .. } => {
                (self.text.or(self.chat), "take text")
            }
            Request::Generate { prompt: Prompt::Chat(_), .. } => (self.chat, "take conversations"),
            Request::ScoreContinuation { .. } => {
                (self.scorer, "report log-probabilities of given text")
            }
        };
        format.ok_or_else(|| {
            let model = &self.model;
            (FailureKind::Unsupported, format!("`{model}` at {} does not {missing}", self.shown))
        })
    }

    /// How short answers are scored, where given text can't be.
    pub(crate) fn next_token(&self) -> Option<NextToken> {
        if self.scorer.is_some() { None } else { NextToken::of(self) }
    }

    /// A call's address.
    pub(crate) fn address(&self, call: &Call) -> String {
        match call.origin {
            Origin::Base => self.url(&call.path),
            Origin::Root => format!("{}{}", self.root(), call.path),
        }
    }

    /// The address beside `/v1`, where servers keep what is not OpenAI's.
    pub(crate) fn root(&self) -> &str {
        self.base.strip_suffix("/v1").unwrap_or(&self.base)
    }

    /// The address of a path below the base.
    pub(crate) fn url(&self, path: &str) -> String {
        let query = match (self.query.is_empty(), path.contains('?')) {
            (true, _) => String::new(),
            (false, true) => format!("&{}", self.query),
            (false, false) => format!("?{}", self.query),
        };
        format!("{}{path}{query}", self.base)
    }

    /// A text of the server's without any of our keys.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.headers.iter().fold(text.to_owned(), |text, (_, value)| {
            let bare = value.expose().strip_prefix("Bearer ").map(Secret::new);
            bare.as_ref().unwrap_or(value).redact(&text)
        })
    }
}
