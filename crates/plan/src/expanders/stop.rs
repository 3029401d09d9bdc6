//! `stop`: a visible stop sequence, which also separates the examples.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, name_of, with_comma};

const NAME: &str = "stop";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Replaces the stop sequences by a visible one that also separates the examples; `none` removes them.",
            values: vec!["none", "hash", "semicolon", "br"],
            takes: "",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let stop = match name_of(value) {
        "none" => None,
        "hash" => Some("###"),
        "semicolon" => Some(";"),
        "br" => Some("<br>"),
        _ => return Err(ExpandError::Value),
    };
    let mut run = with_comma(run, NAME, value);
    run.adapter.decoding.stop_sequences = stop.iter().map(ToString::to_string).collect();
    if let Some(stop) = stop {
        run.adapter.template.instance_prefix = format!("{stop}\n\n");
    }
    Ok(vec![run])
}
