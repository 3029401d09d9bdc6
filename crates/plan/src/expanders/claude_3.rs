//! `claude_3`: drops stop sequences of blanks alone, which Claude's API refuses. The run keeps its name.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, switch};

const NAME: &str = "claude_3";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Drops stop sequences of blanks alone, which Claude's API refuses; the run keeps its name.",
            values: vec!["on", "off"],
            takes: "",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let mut run = run.clone();
    if switch(value)? {
        run.adapter.decoding.stop_sequences.retain(|stop| !stop.trim().is_empty());
    }
    Ok(vec![run])
}
