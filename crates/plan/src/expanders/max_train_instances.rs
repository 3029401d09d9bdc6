//! `max_train_instances`: how many examples precede each question, for learning curves.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, with_counts};

const NAME: &str = "max_train_instances";

/// HELM's named numbers.
const NAMED: &[(&str, &[usize])] = &[
    ("zero", &[0]),
    ("one", &[1]),
    ("all", &[0, 1, 2, 4, 8, 16]),
    ("big_bench_few_shot_setting", &[0, 1, 2, 3]),
    ("vhelm", &[0, 1, 2, 4, 8]),
    ("melt", &[0, 1, 5]),
];

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "At most how many few-shot examples precede each question.",
            values: NAMED.iter().map(|(name, _)| *name).collect(),
            takes: "a whole number",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    with_counts(run, NAME, value, NAMED, |run, number| {
        run.adapter.few_shot.max_train_instances = number;
    })
}
