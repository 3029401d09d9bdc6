//! `increase_max_tokens`: room for a model that thinks before it answers. The run keeps its name.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel};

const NAME: &str = "increase_max_tokens";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Allows that many more tokens per completion; the run keeps its name.",
            values: vec![],
            takes: "a whole number",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let more = value.as_usize().ok_or(ExpandError::Value)?;
    let mut run = run.clone();
    let tokens = &mut run.adapter.decoding.max_tokens;
    *tokens = tokens.checked_add(more).ok_or(ExpandError::Value)?;
    Ok(vec![run])
}
