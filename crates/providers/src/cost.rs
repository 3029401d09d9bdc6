//! What calls cost by the vendors' lists.

use holometer_core::Price;

use crate::spec::{self, Spec};
use crate::vendor::find_vendor;

/// The list price of the model that a spec names; `None` for local models, servers by address and models without a
/// listed price.
pub fn list_price(spec: &str) -> Option<Price> {
    let Ok(Some(Spec::Vendor { vendor, model })) = spec::parse(spec) else { return None };
    let vendor = find_vendor(&vendor)?;
    let entry = vendor.model(&model)?;
    let (input, output) = (entry.input_price?, entry.output_price?);
    Some(Price { input, output, checked: vendor.checked.clone() })
}

#[cfg(test)]
mod tests {
    use holometer_core::Response;

    use super::*;

    #[test]
    fn the_longest_listed_name_counts() {
        let mini = list_price("openai:gpt-4o-mini-2024-07-18").unwrap();
        assert_eq!((mini.input, mini.output), (0.15, 0.6));
        assert_eq!(list_price("openai:gpt-4o").unwrap().input, 2.5);
        assert_eq!(list_price("openai:gpt-4omega"), None);
        assert_eq!(list_price("http://localhost/v1#gpt-4o"), None);
        assert_eq!(list_price("test:echo"), None);
    }

    #[test]
    fn a_million_tokens_cost_the_listed_price() {
        let price = list_price("openai:gpt-4o-mini").unwrap();
        assert!((price.of_tokens(1_000_000, 2_000_000) - 1.35).abs() < 1e-12);
        let response = Response { prompt_tokens: Some(10), ..Response::default() };
        assert_eq!(price.of_response(&response), None);
    }
}
