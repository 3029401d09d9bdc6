//! A sequence that is being written.

use holometer_core::{
    Completion, Decoding, FinishReason, ScoredToken, TokenId, Tokenizer, TopToken,
};

use super::sample::{Distribution, Sampler};
use crate::decoder::PageId;

/// One completion under way.
pub(crate) struct Active {
    pub(crate) job: usize,
    pub(crate) completion: usize,
    pub(crate) pages: Vec<PageId>,
    /// Pages promised to it and not yet taken.
    pub(crate) promised: usize,
    /// The token to feed next, and its position.
    pub(crate) next: TokenId,
    pub(crate) position: usize,
    pub(crate) sampler: Sampler,
    pub(crate) max_new: usize,
    pub(crate) written: Vec<TokenId>,
    pub(crate) scored: Vec<ScoredToken>,
    pub(crate) seconds: f64,
}

/// What one step did to a sequence.
pub(crate) enum Progress {
    Goes,
    Done(Completion),
}

/// What every step needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Texts<'a> {
    pub(crate) tokenizer: &'a dyn Tokenizer,
    pub(crate) end_tokens: &'a [TokenId],
}

impl Active {
    /// Takes the next token from the distribution after the last one.
    pub(crate) fn step(
        &mut self,
        texts: Texts<'_>,
        decoding: &Decoding,
        distribution: &Distribution<'_>,
    ) -> Progress {
        let token = self.sampler.next(distribution);
        if texts.end_tokens.contains(&token) {
            return Progress::Done(self.finish(texts, FinishReason::EndOfText, None));
        }
        let alternatives = if decoding.top_k_per_token > 1 {
            let most = decoding.top_k_per_token.min(distribution.vocabulary());
            distribution.top(most)
        } else {
            Vec::new()
        };
        let text = |token: TokenId| texts.tokenizer.decode(&[token]);
        self.scored.push(ScoredToken {
            text: text(token),
            logprob: Some(distribution.logprob(token)),
            top: alternatives
                .into_iter()
                .map(|(token, logprob)| TopToken { text: text(token), logprob })
                .collect(),
        });
        self.written.push(token);
        if let Some(cut) = self.stop_position(texts, decoding) {
            return Progress::Done(self.finish(texts, FinishReason::Stop, Some(cut)));
        }
        if self.written.len() >= self.max_new {
            let full = self.max_new < decoding.max_tokens;
            let reason = if full { FinishReason::Window } else { FinishReason::Length };
            return Progress::Done(self.finish(texts, reason, None));
        }
        self.next = token;
        self.position += 1;
        Progress::Goes
    }

    /// Where the first stop sequence begins in the text so far.
    fn stop_position(&self, texts: Texts<'_>, decoding: &Decoding) -> Option<usize> {
        if decoding.stop_sequences.is_empty() {
            return None;
        }
        let text = texts.tokenizer.decode(&self.written);
        let stops = decoding.stop_sequences.iter().filter(|stop| !stop.is_empty());
        stops.filter_map(|stop| text.find(stop.as_str())).min()
    }

    /// The completion, cut before byte `cut` of its text. Tokens that begin at or after the cut are left out.
    fn finish(&mut self, texts: Texts<'_>, reason: FinishReason, cut: Option<usize>) -> Completion {
        let mut text = texts.tokenizer.decode(&self.written);
        let mut tokens = std::mem::take(&mut self.scored);
        if let Some(cut) = cut {
            let covers =
                |count: &usize| texts.tokenizer.decode(&self.written[..*count]).len() >= cut;
            tokens.truncate((0..tokens.len()).find(covers).unwrap_or(tokens.len()));
            text.truncate(cut);
        }
        Completion { text, tokens, finish_reason: Some(reason), ..Completion::default() }
    }
}
