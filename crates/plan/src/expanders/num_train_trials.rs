//! `num_train_trials`: how many draws of few-shot examples, to see how much the draw matters.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, with_counts};

const NAME: &str = "num_train_trials";

/// There are no names for numbers of draws.
const NAMED: &[(&str, &[usize])] = &[];

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "How many draws of few-shot examples; each is a trial.",
            values: NAMED.iter().map(|(name, _)| *name).collect(),
            takes: "a whole number",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    with_counts(run, NAME, value, NAMED, |run, number| {
        run.adapter.few_shot.num_train_trials = number;
    })
}
