//! `global_prefix`: a mode token before the whole prompt, for the models that want one.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, name_of, with_comma};

const NAME: &str = "global_prefix";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Writes a mode token before the whole prompt.",
            values: vec!["nlg"],
            takes: "",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    if name_of(value) != "nlg" {
        return Err(ExpandError::Value);
    }
    let mut run = with_comma(run, NAME, value);
    "[NLG]".clone_into(&mut run.adapter.template.global_prefix);
    Ok(vec![run])
}
