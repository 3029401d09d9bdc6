//! `num_outputs`: how many completions, or in joint multiple choice how many alternatives per token.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, with_counts};

const NAME: &str = "num_outputs";

/// HELM's named numbers.
const NAMED: &[(&str, &[usize])] = &[("default", &[1]), ("copyright_sweep", &[1, 10])];

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "How many completions to ask for, or alternatives per token in joint multiple choice.",
            values: NAMED.iter().map(|(name, _)| *name).collect(),
            takes: "a whole number",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    with_counts(run, NAME, value, NAMED, |run, number| run.adapter.num_outputs = number)
}
