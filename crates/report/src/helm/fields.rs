//! Looking into JSON without trusting it.

use serde_json::{Map, Value};

/// A text field; empty when it is absent or something else.
pub(crate) fn text(value: &Value, key: &str) -> String {
    optional_text(value, key).unwrap_or_default()
}

/// A text field, if there is one.
pub(crate) fn optional_text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// A whole number that is not negative; `default` when it is absent or something else. HELM writes some as floats.
pub(crate) fn count(value: &Value, key: &str, default: usize) -> usize {
    match value.get(key) {
        Some(Value::Number(number)) => number
            .as_u64()
            .or_else(|| number.as_f64().filter(|float| *float >= 0.0).map(|float| float as u64))
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(default),
        _ => default,
    }
}

/// A number; `default` when it is absent or something else.
pub(crate) fn number(value: &Value, key: &str, default: f64) -> f64 {
    value.get(key).and_then(Value::as_f64).unwrap_or(default)
}

/// True or false; `default` when it is absent or something else.
pub(crate) fn flag(value: &Value, key: &str, default: bool) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(default)
}

/// A list's entries; none when it is absent or something else.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A list of texts.
pub(crate) fn texts(value: &Value, key: &str) -> Vec<String> {
    list(value, key).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// An object without its null fields: HELM leaves out what is None.
pub(crate) fn object(fields: Value) -> Value {
    match fields {
        Value::Object(fields) => Value::Object(
            fields.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>(),
        ),
        other => other,
    }
}
