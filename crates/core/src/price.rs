//! What a model's answers cost.

use serde::{Deserialize, Serialize};

use crate::outcome::Response;

/// A price list's unit: tokens.
const TOKENS_PER_UNIT: f64 = 1e6;

/// A model's list price, without discounts for caching.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// US dollars per million prompt tokens.
    pub input: f64,
    /// US dollars per million tokens written, thinking included.
    pub output: f64,
    /// The day on which the list was read, `YYYY-MM-DD`; empty for a price that the user gave.
    pub checked: String,
}

impl Price {
    /// US dollars for so many tokens.
    pub fn of_tokens(&self, prompt: u64, written: u64) -> f64 {
        (prompt as f64 * self.input + written as f64 * self.output) / TOKENS_PER_UNIT
    }

    /// US dollars for an answer; `None` when the server does not say how many tokens it took.
    pub fn of_response(&self, response: &Response) -> Option<f64> {
        let (prompt, written) = (response.prompt_tokens?, response.completion_tokens?);
        Some(self.of_tokens(prompt as u64, written as u64))
    }

    /// The same price list at a share of its prices, as batches have it.
    pub fn at(&self, share: f64) -> Self {
        Self { input: self.input * share, output: self.output * share, ..self.clone() }
    }
}
