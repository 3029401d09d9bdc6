//! `num_prompt_tokens`: how long the prompts of `synthetic_efficiency` are, in tokens.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, with_counts};

const NAME: &str = "num_prompt_tokens";

/// HELM's named numbers.
const NAMED: &[(&str, &[usize])] = &[("default_sweep", &[1, 256, 512, 1024, 1536])];

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "How many tokens the prompts of the efficiency scenario have.",
            values: NAMED.iter().map(|(name, _)| *name).collect(),
            takes: "a whole number",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    with_counts(run, NAME, value, NAMED, |run, number| {
        run.scenario.args.set(NAME, ArgValue::Int(number as i64));
    })
}
