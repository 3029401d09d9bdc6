//! `num_output_tokens`: how long the completions may be, in tokens, for measuring speed.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, with_counts};

const NAME: &str = "num_output_tokens";

/// HELM's named numbers.
const NAMED: &[(&str, &[usize])] = &[("default_sweep", &[1, 2, 4, 8, 16, 32, 64])];

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "At most how many tokens a completion has.",
            values: NAMED.iter().map(|(name, _)| *name).collect(),
            takes: "a whole number",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    with_counts(run, NAME, value, NAMED, |run, number| run.adapter.decoding.max_tokens = number)
}
