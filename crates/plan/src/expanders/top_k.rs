//! `top_k`: how many of the likeliest tokens to sample from. The run keeps its name.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel};

const NAME: &str = "top_k";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Samples from so many of the likeliest tokens only; the run keeps its name. Not in HELM.",
            values: vec![],
            takes: "a whole number from 1",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let most = value.as_usize().filter(|most| *most > 0).ok_or(ExpandError::Value)?;
    let mut run = run.clone();
    run.adapter.decoding.top_k = Some(most);
    Ok(vec![run])
}
