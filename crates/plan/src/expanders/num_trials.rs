//! `num_trials`: how often each request is repeated with another sampling seed.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, with_counts};

const NAME: &str = "num_trials";

/// HELM's named numbers.
const NAMED: &[(&str, &[usize])] = &[("heim_efficiency", &[5])];

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "How often each request is repeated with another sampling seed.",
            values: NAMED.iter().map(|(name, _)| *name).collect(),
            takes: "a whole number",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    with_counts(run, NAME, value, NAMED, |run, number| run.adapter.few_shot.num_trials = number)
}
