//! What calls cost.

use holometer_core::Response;

use crate::spec::{self, Spec};
use crate::vendor::find_vendor;

/// A price list's unit: tokens.
const TOKENS_PER_UNIT: f64 = 1e6;

/// A model's list price, without discounts for caching or batches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// US dollars per million prompt tokens.
    pub input: f64,
    /// US dollars per million tokens written, thinking included.
    pub output: f64,
    /// The day on which the list was read, `YYYY-MM-DD`.
    pub checked: &'static str,
}

impl Price {
    /// US dollars for so many tokens.
    pub fn of_tokens(&self, prompt: usize, written: usize) -> f64 {
        (prompt as f64 * self.input + written as f64 * self.output) / TOKENS_PER_UNIT
    }

    /// US dollars for an answer; `None` when the server does not say how many tokens it took.
    pub fn of_response(&self, response: &Response) -> Option<f64> {
        Some(self.of_tokens(response.prompt_tokens?, response.completion_tokens?))
    }
}

/// The price of the model that a spec names; `None` for local models, servers by address and models without a listed
/// price.
pub fn price(spec: &str) -> Option<Price> {
    let Ok(Some(Spec::Vendor { vendor, model })) = spec::parse(spec) else { return None };
    let vendor = find_vendor(&vendor)?;
    let entry = vendor.model(&model)?;
    let (input, output) = (entry.input_price?, entry.output_price?);
    Some(Price { input, output, checked: &vendor.checked })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_listed_name_counts() {
        let mini = price("openai:gpt-4o-mini-2024-07-18").unwrap();
        assert_eq!((mini.input, mini.output), (0.15, 0.6));
        assert_eq!(price("openai:gpt-4o").unwrap().input, 2.5);
        assert_eq!(price("openai:gpt-4omega"), None);
        assert_eq!(price("http://localhost/v1#gpt-4o"), None);
        assert_eq!(price("test:echo"), None);
    }

    #[test]
    fn a_million_tokens_cost_the_listed_price() {
        let price = price("openai:gpt-4o-mini").unwrap();
        assert!((price.of_tokens(1_000_000, 2_000_000) - 1.35).abs() < 1e-12);
        let response = Response { prompt_tokens: Some(10), ..Response::default() };
        assert_eq!(price.of_response(&response), None);
    }
}
