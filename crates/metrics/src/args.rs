//! Reading a metric's arguments.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::MetricError;

/// The arguments as a struct; null is read as no arguments.
pub(crate) fn read<T: DeserializeOwned>(
    metric: &'static str,
    args: &Value,
    hint: &str,
) -> Result<T, MetricError> {
    let args = if args.is_null() { Value::Object(serde_json::Map::new()) } else { args.clone() };
    serde_json::from_value(args)
        .map_err(|error| MetricError::arguments(metric, error.to_string(), hint))
}

/// Checks that there are none.
pub(crate) fn none(metric: &'static str, args: &Value) -> Result<(), MetricError> {
    match args {
        Value::Null => Ok(()),
        Value::Object(object) if object.is_empty() => Ok(()),
        _ => Err(MetricError::arguments(metric, format!("`{args}` was given"), "it has none")),
    }
}
