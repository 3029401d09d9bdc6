//! `increase_temperature`: a little more randomness. The run keeps its name.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel};

const NAME: &str = "increase_temperature";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Raises the sampling temperature by a number; the run keeps its name.",
            values: vec![],
            takes: "a number",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let more = value.as_f64().ok_or(ExpandError::Value)?;
    let temperature = run.adapter.decoding.temperature + more;
    if temperature < 0.0 {
        return Err(ExpandError::Run(format!("the temperature would be `{temperature}`")));
    }
    let mut run = run.clone();
    run.adapter.decoding.temperature = temperature;
    Ok(vec![run])
}
