//! `top_p`: the probability mass to sample from. The run keeps its name.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel};

const NAME: &str = "top_p";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Sets the probability mass to sample from (nucleus sampling); the run keeps its name. Not in HELM.",
            values: vec![],
            takes: "a number above 0, at most 1",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let mass = value.as_f64().filter(|p| *p > 0.0 && *p <= 1.0).ok_or(ExpandError::Value)?;
    let mut run = run.clone();
    run.adapter.decoding.top_p = mass;
    Ok(vec![run])
}
