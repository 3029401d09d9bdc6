//! Texts to vectors: the states of the last layer, pooled.

use holometer_core::{Cancel, FailureKind, Outcome, RequestKey, TokenId};

use crate::model::{LocalModel, State};
use crate::schedule::{Job, Scheduler, Work};

/// How the states of a text's tokens become one vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pooling {
    /// The mean over all tokens, special ones included.
    #[default]
    Mean,
    /// The state of the last token, which alone has seen all others.
    Last,
}

/// A text as a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// As many numbers as the model's states have; not normalised.
    pub vector: Vec<f32>,
    /// How many tokens the text has, special ones included.
    pub tokens: usize,
}

impl LocalModel {
    /// Embeds texts: the states after the last layer and its norm (`last_hidden_state` of `transformers`), pooled.
    ///
    /// A text gets the special tokens that the tokenizer itself puts around texts, never a chat template; an empty
    /// one is the token that begins texts or, lacking one, the one that ends them. Each vector is handed to `sink` with its text's
    /// place in `texts` when it is done, in any order, or the sentence that says why there is none. Stops soon after a
    /// cancellation, with the rest not handed over. A vector depends on its text alone: not on the other texts, their order or the
    /// number of threads.
    pub fn embed(
        &self,
        texts: &[String],
        pooling: Pooling,
        cancel: &Cancel,
        sink: &(dyn Fn(usize, Result<Embedding, String>) + Send + Sync),
    ) {
        let mut jobs = Vec::with_capacity(texts.len());
        let mut counts = vec![0; texts.len()];
        for (index, text) in texts.iter().enumerate() {
            match self.prepare_embed(index, text, pooling) {
                Ok((job, count)) => {
                    counts[index] = count;
                    jobs.push(job);
                }
                Err(outcome) => sink(index, Err(reason(&outcome))),
            }
        }
        if jobs.is_empty() {
            return;
        }
        let mut state = self.state();
        let State { kv, work } = &mut *state;
        let failed = |finished: holometer_core::Finished| {
            sink(finished.key.0 as usize, Err(reason(&finished.outcome)));
        };
        let done = |key: RequestKey, vector: Vec<f32>| {
            let index = key.0 as usize;
            sink(index, Ok(Embedding { vector, tokens: counts[index] }));
        };
        let shared = self.shared(&[], cancel, &failed);
        let shared = crate::schedule::Shared { vectors: &done, ..shared };
        self.pool.install(|| Scheduler::new(shared, &jobs, kv, work).run());
    }

    fn prepare_embed(
        &self,
        index: usize,
        text: &str,
        pooling: Pooling,
    ) -> Result<(Job, usize), Outcome> {
        let tokens = self.embedded_tokens(text);
        if tokens.is_empty() {
            return Err(Outcome::failed(
                FailureKind::Rejected,
                "the text is empty, and the model has no token that begins a text",
            ));
        }
        let count = tokens.len();
        self.check_length(count)?;
        let job = Job { key: RequestKey(index as u64), work: Work::Embed { tokens, pooling } };
        self.check_tokens(&job)?;
        Ok((job, count))
    }

    fn embedded_tokens(&self, text: &str) -> Vec<TokenId> {
        let mut tokens = self.plain_tokens(text);
        tokens.extend(self.tokenizer.suffix());
        if tokens.is_empty() {
            tokens.extend(self.tokenizer.empty_context());
        }
        tokens
    }
}

fn reason(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Failed { message, .. } => message.clone(),
        other => format!("unexpectedly {other:?}"),
    }
}
