//! `instructions`: without instructions, or with an expert's.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, name_of, with_comma};

const NAME: &str = "instructions";

const EXPERT: &str = "I am an expert AI assistant who is here to help you with the following. ";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Removes the instructions, or puts a sentence before them.",
            values: vec!["none", "expert"],
            takes: "",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let mut run = with_comma(run, NAME, value);
    let instructions = &mut run.adapter.template.instructions;
    match name_of(value) {
        "none" => instructions.clear(),
        "expert" => instructions.insert_str(0, EXPERT),
        _ => return Err(ExpandError::Value),
    }
    Ok(vec![run])
}
