//! Expanders: arguments of a run entry that change how a run is made, whatever the scenario.
//!
//! Each is one file in `expanders/`. Their names, values and effects are HELM's (`run_expander.py` in HELM 0.5.16),
//! with one addition: a value that HELM would pass on unchecked is checked.

use holometer_core::{ArgValue, ModelSpec, RunSpec};
use serde::Serialize;

/// What an expander says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpanderCard {
    /// Its name in a run entry.
    pub name: &'static str,
    /// What it changes, in one sentence.
    pub summary: &'static str,
    /// The values that have a name, in the documented order.
    pub values: Vec<&'static str>,
    /// What else it takes, in words; empty if nothing.
    pub takes: &'static str,
}

/// Whether a model was trained to follow instructions; some expanders help only such models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tuning {
    /// It continues text.
    #[default]
    Base,
    /// It follows instructions.
    Instruct,
}

/// A model to plan for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct SelectedModel {
    /// Its name and deployment.
    pub spec: ModelSpec,
    /// Whether it follows instructions.
    pub tuning: Tuning,
}

/// An expander.
#[derive(Clone, Debug)]
pub(crate) struct Plugin {
    pub(crate) card: ExpanderCard,
    /// The runs that a run becomes.
    pub(crate) expand: fn(&RunSpec, &ArgValue, &SelectedModel) -> Result<Vec<RunSpec>, ExpandError>,
}

/// Why an expander can't be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExpandError {
    /// It doesn't take the value.
    Value,
    /// It doesn't go with the run; a sentence.
    Run(String),
}

/// Every expander's card, in the order of their names.
pub fn expander_cards() -> Vec<ExpanderCard> {
    crate::expanders::all().into_iter().map(|plugin| plugin.card).collect()
}

/// A value within a run's name: HELM writes `_` for `/`.
pub(crate) fn sanitised(value: &impl ToString) -> String {
    value.to_string().replace('/', "_")
}

/// Adds `key=value` to a run's name, after `:` if the name has none yet.
pub(crate) fn with_argument(run: &RunSpec, key: &str, value: &impl ToString) -> RunSpec {
    let joint = if run.name.as_str().contains(':') { ',' } else { ':' };
    renamed(run, joint, key, value)
}

/// Adds `,key=value` to a run's name even where it has no `:` yet: what HELM does in some expanders, so that a name may
/// read `gsm,data_augmentation=lower:model=...`.
pub(crate) fn with_comma(run: &RunSpec, key: &str, value: &impl ToString) -> RunSpec {
    renamed(run, ',', key, value)
}

fn renamed(run: &RunSpec, joint: char, key: &str, value: &impl ToString) -> RunSpec {
    let mut run = run.clone();
    run.name.0 = format!("{}{joint}{key}={}", run.name, sanitised(value));
    run
}

/// One run per whole number that `value` stands for, with the number in the name and set by `set`.
pub(crate) fn with_counts(
    run: &RunSpec,
    key: &str,
    value: &ArgValue,
    named: &[(&str, &[usize])],
    set: fn(&mut RunSpec, usize),
) -> Result<Vec<RunSpec>, ExpandError> {
    let listed = match value {
        ArgValue::Text(text) => {
            named.iter().find(|(name, _)| name == text).map(|(_, n)| n.to_vec())
        }
        _ => value.as_usize().map(|number| vec![number]),
    };
    let numbers = listed.ok_or(ExpandError::Value)?;
    let runs = numbers.into_iter().map(|number| {
        let mut run = with_argument(run, key, &number);
        set(&mut run, number);
        run
    });
    Ok(runs.collect())
}

/// The text of a value that must be one of an expander's named values.
pub(crate) fn name_of(value: &ArgValue) -> &str {
    if let ArgValue::Text(text) = value { text } else { "" }
}

/// Whether a switch is on, for expanders that take no value in HELM.
pub(crate) fn switch(value: &ArgValue) -> Result<bool, ExpandError> {
    match value.to_string().to_lowercase().as_str() {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => Err(ExpandError::Value),
    }
}
