//! What the letters of a multiple-choice request stand for, written as indices of the instance's references where
//! possible, so that the answers' texts are not stored twice.

use holometer_core::Instance;
use serde_json::Value;

use crate::store::{Problem, Problematic};

/// The JSON of a mapping: `[["A",0],["B","a text that is no reference"]]`.
pub(crate) fn write_mapping(
    instance: &Instance,
    mapping: &[(String, String)],
) -> Result<String, Problem> {
    let pairs: Vec<(&str, Value)> = mapping
        .iter()
        .map(|(letter, text)| {
            let at = instance.references.iter().position(|found| found.output.text == *text);
            (letter.as_str(), at.map_or_else(|| Value::from(text.as_str()), Value::from))
        })
        .collect();
    Ok(serde_json::to_string(&pairs)?)
}

/// Undoes [`write_mapping`].
pub(crate) fn read_mapping(
    instance: &Instance,
    json: &str,
) -> Result<Vec<(String, String)>, Problem> {
    let pairs: Vec<(String, Value)> = serde_json::from_str(json)?;
    pairs
        .into_iter()
        .map(|(letter, value)| {
            let text = match value {
                Value::String(text) => Some(text),
                Value::Number(index) => index
                    .as_u64()
                    .and_then(|index| instance.references.get(usize::try_from(index).ok()?))
                    .map(|reference| reference.output.text.clone()),
                _ => None,
            };
            Ok((letter, text.damaged("an answer's letter refers to no reference")?))
        })
        .collect()
}
