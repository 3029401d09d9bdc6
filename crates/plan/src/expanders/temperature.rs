//! `temperature`: how random the sampling is. The run keeps its name.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel};

const NAME: &str = "temperature";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Sets the sampling temperature; the run keeps its name.",
            values: vec![],
            takes: "a number from 0",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let temperature = value.as_f64().filter(|t| *t >= 0.0).ok_or(ExpandError::Value)?;
    let mut run = run.clone();
    run.adapter.decoding.temperature = temperature;
    Ok(vec![run])
}
