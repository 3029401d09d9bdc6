//! `max_eval_instances`: how many instances are evaluated, for one entry.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, with_counts};

const NAME: &str = "max_eval_instances";

/// HELM's named numbers.
const NAMED: &[(&str, &[usize])] = &[
    ("default", &[1000]),
    ("heim_default", &[100]),
    ("heim_fid", &[30_000]),
    ("heim_art_styles", &[17]),
];

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "At most how many instances are evaluated; beats the selection's own maximum.",
            values: NAMED.iter().map(|(name, _)| *name).collect(),
            takes: "a whole number",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    with_counts(run, NAME, value, NAMED, |run, number| {
        run.adapter.few_shot.max_eval_instances = Some(number);
    })
}
