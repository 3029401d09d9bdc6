//! What has been computed of a job, and what its caller gets in the end.

use std::collections::BTreeMap;

use holometer_core::{Completion, FailureKind, Outcome, Response, ScoredToken, TokenId, Tokenizer};

use super::job::{Job, Work};
use crate::embed::Pooling;

/// What has been computed of a job so far.
#[derive(Default)]
pub(super) struct JobState {
    /// Of the wanted tokens, in their order; natural logarithms.
    pub(super) logprobs: Vec<f64>,
    /// The sum of the final states of a text that is embedded, added in the order of its tokens.
    pub(super) sums: Vec<f64>,
    /// Final states that are wanted and not yet there.
    pub(super) missing: usize,
    /// By their number.
    pub(super) completions: BTreeMap<usize, Completion>,
    pub(super) wanted_completions: usize,
    pub(super) seconds: f64,
    /// Tokens of all completions.
    pub(super) written: usize,
    /// A distribution was not finite.
    pub(super) broken: bool,
}

/// What the caller of a finished job gets.
pub(super) enum Ending {
    Vector(Vec<f32>),
    Outcome(Outcome),
}

impl JobState {
    pub(super) fn new(job: &Job) -> Self {
        match &job.work {
            Work::Score { tokens, first, .. } => {
                let count = tokens.len().saturating_sub(*first);
                Self { logprobs: vec![0.0; count], missing: count, ..Self::default() }
            }
            Work::Generate { .. } => {
                Self { wanted_completions: Self::computed_completions(job), ..Self::default() }
            }
            Work::Embed { tokens, pooling } => {
                Self { missing: pooled(tokens, *pooling), ..Self::default() }
            }
        }
    }

    /// Completions that have to be computed.
    pub(super) fn computed_completions(job: &Job) -> usize {
        match &job.work {
            Work::Score { .. } | Work::Embed { .. } => 0,
            Work::Generate { decoding, .. } if decoding.temperature <= 0.0 => {
                decoding.num_completions.min(1)
            }
            Work::Generate { decoding, .. } => decoding.num_completions,
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.missing == 0 && self.completions.len() == self.wanted_completions
    }

    pub(super) fn ending(self, job: &Job, tokenizer: &dyn Tokenizer) -> Ending {
        if self.broken || self.sums.iter().any(|sum| !sum.is_finite()) {
            return Ending::Outcome(Outcome::failed(
                FailureKind::Malformed,
                "the model's output is not finite; the checkpoint is damaged or overflows",
            ));
        }
        let response = match &job.work {
            Work::Embed { tokens, pooling } => {
                let count = pooled(tokens, *pooling) as f64;
                return Ending::Vector(self.sums.iter().map(|sum| (sum / count) as f32).collect());
            }
            Work::Score { tokens, first, text, unscored, prompt_tokens } => {
                let without = unscored.iter().map(|token| (token, None));
                let scored =
                    tokens.iter().skip(*first).zip(self.logprobs.iter().copied().map(Some));
                let tokens = without.chain(scored).map(|(token, logprob): (&TokenId, _)| {
                    ScoredToken { text: tokenizer.decode(&[*token]), logprob, top: Vec::new() }
                });
                let text = text.clone();
                Response {
                    completions: vec![Completion {
                        text,
                        tokens: tokens.collect(),
                        ..Completion::default()
                    }],
                    prompt_tokens: Some(*prompt_tokens),
                    completion_tokens: Some(0),
                    ..Response::default()
                }
            }
            Work::Generate { prompt, decoding, .. } => {
                let mut completions: Vec<Completion> = self.completions.into_values().collect();
                // Greedy completions are all the same and were computed once.
                while let Some(first) =
                    completions.first().filter(|_| completions.len() < decoding.num_completions)
                {
                    completions.push(first.clone());
                }
                Response {
                    completions,
                    prompt_tokens: Some(prompt.len()),
                    completion_tokens: Some(self.written),
                    ..Response::default()
                }
            }
        };
        Ending::Outcome(Outcome::Answered(response))
    }
}

/// How many final states a text's vector is the mean of.
fn pooled(tokens: &[TokenId], pooling: Pooling) -> usize {
    match pooling {
        Pooling::Last => 1,
        Pooling::Mean => tokens.len(),
    }
}
