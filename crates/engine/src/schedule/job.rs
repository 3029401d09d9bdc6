//! A request in tokens.

use holometer_core::{Decoding, RequestKey, TokenId};

use crate::embed::Pooling;

/// What is to be done for one request.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) key: RequestKey,
    pub(crate) work: Work,
}

/// The kinds of work.
#[derive(Debug)]
pub(crate) enum Work {
    /// Log-probabilities of `tokens[first..]`, each after all tokens before it.
    Score {
        tokens: Vec<TokenId>,
        /// At least 1.
        first: usize,
        text: String,
        /// Leading tokens of the continuation that have nothing before them and so no probability.
        unscored: Vec<TokenId>,
        /// How many tokens the request itself has, those added before it left out.
        prompt_tokens: usize,
    },
    /// New tokens after `prompt`, which has at least one.
    Generate {
        prompt: Vec<TokenId>,
        decoding: Box<Decoding>,
        /// Seeds the sampling; a hash of the request.
        seed: u64,
        /// At most this many new tokens fit into the window.
        room: usize,
    },
    /// The final states of `tokens`, of which there is at least one, as one vector.
    Embed { tokens: Vec<TokenId>, pooling: Pooling },
}

impl Job {
    /// The tokens that the prefix tree computes: all of a text that is embedded; otherwise all but the last one, which
    /// nothing follows or from which generation starts.
    pub(crate) fn inputs(&self) -> &[TokenId] {
        match &self.work {
            Work::Score { tokens, .. } => &tokens[..tokens.len().saturating_sub(1)],
            Work::Generate { prompt, .. } => &prompt[..prompt.len() - 1],
            Work::Embed { tokens, .. } => tokens,
        }
    }

    /// Tokens that a completion may have.
    pub(crate) fn max_new(&self) -> usize {
        match &self.work {
            Work::Score { .. } | Work::Embed { .. } => 0,
            Work::Generate { decoding, room, .. } => decoding.max_tokens.min(*room),
        }
    }
}
