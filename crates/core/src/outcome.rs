//! Outcomes: what came back. A request that failed is never a wrong answer.

use serde::{Deserialize, Serialize};

/// An alternative token at one position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopToken {
    /// Its text.
    pub text: String,
    /// Its natural-log probability.
    pub logprob: f64,
}

/// A token with the probability that the model itself gave it (before temperature and truncation).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoredToken {
    /// Its text.
    pub text: String,
    /// Its natural-log probability; `None` where the server reports none, or for a text's first token when the
    /// model has nothing to condition it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprob: Option<f64>,
    /// The likeliest alternatives, likeliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<TopToken>,
}

/// Why writing ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// A stop sequence.
    Stop,
    /// The model's own end of text.
    EndOfText,
    /// `max_tokens` were written.
    Length,
    /// The context window was full.
    Window,
    /// The provider cut the answer for its content.
    ContentFilter,
    /// Anything else a server says, in its words.
    Other(String),
}

/// One completion.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The text, without stop sequence. For scored continuations, the continuation.
    pub text: String,
    /// Tokens with log-probabilities; empty when the server reports none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<ScoredToken>,
    /// How many leading `tokens` repeat the prompt or context and are not part of the answer. Non-zero only in
    /// results imported from HELM.
    #[serde(default)]
    pub echoed_tokens: usize,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<FinishReason>,
    /// Reasoning that the server reports apart from the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<String>,
}

impl Completion {
    /// The tokens of the answer itself.
    pub fn answer_tokens(&self) -> &[ScoredToken] {
        self.tokens.get(self.echoed_tokens..).unwrap_or_default()
    }

    /// The sum of the answer's log-probabilities; `None` if any token lacks one or there are no tokens.
    pub fn logprob(&self) -> Option<f64> {
        let tokens = self.answer_tokens();
        if tokens.is_empty() {
            return None;
        }
        tokens.iter().map(|token| token.logprob).sum()
    }
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// As many as asked for.
    pub completions: Vec<Completion>,
    /// Tokens of the prompt as the model counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<usize>,
    /// Tokens written, over all completions, thinking included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_tokens: Option<usize>,
    /// Tokens that were dropped from the prompt's front or end because the window was too small.
    #[serde(default)]
    pub truncated_tokens: usize,
    /// The model's name and version as the server reports them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_by: Option<String>,
}

/// The kind of a failure, which says whether another try may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The server can't be reached or closed the connection.
    Unreachable,
    /// Too many requests, even after waiting.
    RateLimited,
    /// The server failed (HTTP 5xx).
    Server,
    /// The key was refused.
    Unauthorized,
    /// The server does not accept this request (HTTP 4xx).
    Rejected,
    /// The answer could not be read.
    Malformed,
    /// It took too long.
    Timeout,
    /// The model lacks what the request needs.
    Unsupported,
    /// The prompt does not fit the model's window.
    TooLong,
    /// The machine gave out (memory, disk).
    Resources,
    /// The run was stopped first.
    Cancelled,
}

impl FailureKind {
    /// Whether running the same request again later may succeed.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::RateLimited
                | Self::Server
                | Self::Malformed
                | Self::Timeout
                | Self::Resources
                | Self::Cancelled
        )
    }
}

/// What came back for a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// An answer.
    Answered(Response),
    /// The provider refused to answer (content filter); this is a result, not an error.
    Refused {
        /// The provider's words.
        reason: String,
    },
    /// No answer; never scored as a wrong one.
    Failed {
        /// The kind.
        kind: FailureKind,
        /// What happened, in one line.
        message: String,
    },
}

impl Outcome {
    /// The answer, if there is one.
    pub fn response(&self) -> Option<&Response> {
        match self {
            Self::Answered(response) => Some(response),
            Self::Refused { .. } | Self::Failed { .. } => None,
        }
    }

    /// A failure.
    pub fn failed(kind: FailureKind, message: impl Into<String>) -> Self {
        Self::Failed { kind, message: message.into() }
    }
}
