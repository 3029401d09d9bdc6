//! The classes of a classification that lists none: those that occur as a right answer in the run, as HELM finds them.

use std::collections::BTreeSet;

use holometer_core::RunSpec;
use holometer_store::{RunId, Store};
use serde_json::Value;

use crate::failure::Failure;

/// The run spec with the classes of every `classification` filled in. A class that never occurs as a right answer is not
/// among them; a scenario that knows all its classes lists them.
pub(crate) fn with_classes(
    mut spec: RunSpec,
    store: &Store,
    run: RunId,
) -> Result<RunSpec, Failure> {
    let lacks = |args: &Value| args.get("labels").is_none_or(Value::is_null);
    let unnamed = |metric: &&mut holometer_core::MetricSpec| {
        metric.name == "classification" && lacks(&metric.args)
    };
    let mut metrics: Vec<_> = spec.metrics.iter_mut().filter(unnamed).collect();
    if metrics.is_empty() {
        return Ok(spec);
    }
    let mut classes = BTreeSet::new();
    for unit in store.units(run) {
        let unit = unit.map_err(Failure::usage)?;
        let right = unit.instance.correct_references();
        classes.extend(right.map(|reference| reference.output.text.clone()));
    }
    if classes.is_empty() {
        return Ok(spec);
    }
    for metric in &mut metrics {
        if metric.args.is_null() {
            metric.args = Value::Object(serde_json::Map::new());
        }
        metric.args["labels"] = classes.iter().cloned().collect();
    }
    Ok(spec)
}
