//! `add_to_stop`: one more stop sequence. The run keeps its name.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, name_of};

const NAME: &str = "add_to_stop";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Adds a stop sequence; the run keeps its name.",
            values: vec!["newline"],
            takes: "any text",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let stop = if name_of(value) == "newline" { "\n".to_owned() } else { value.to_string() };
    if stop.is_empty() {
        return Err(ExpandError::Value);
    }
    let mut run = run.clone();
    run.adapter.decoding.stop_sequences.push(stop);
    Ok(vec![run])
}
