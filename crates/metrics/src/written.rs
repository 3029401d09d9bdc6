//! What the model wrote in its own words.

use holometer_core::{Method, Unit};

/// The texts that the model wrote in its own words, without empty ones.
///
/// # Errors
/// Why there are none.
pub(crate) fn written_texts<'a>(unit: &Unit<'a>) -> Result<Vec<&'a str>, String> {
    if unit.spec.adapter.method == Method::MultipleChoiceJoint {
        return Err("the answer is the letter of a given choice".into());
    }
    let responses = unit.responses()?;
    let texts: Vec<&str> = responses
        .iter()
        .flat_map(|response| &response.completions)
        .map(|completion| completion.text.as_str())
        .filter(|text| !text.trim().is_empty())
        .collect();
    if texts.is_empty() { Err("the answer is empty".into()) } else { Ok(texts) }
}
