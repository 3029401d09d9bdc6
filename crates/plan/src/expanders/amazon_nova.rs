//! `amazon-nova`: the sentence that Amazon's Nova models need to keep to the examples' format. The run keeps its name.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, switch};

const NAME: &str = "amazon-nova";

const PREFIX: &str = "Do not provide any additional explanation. \
    Follow the format shown in the provided examples strictly.\n\n";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Asks for the examples' format before the prompt, as Amazon's Nova models need; the run keeps its name.",
            values: vec!["on", "off"],
            takes: "",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let mut run = run.clone();
    if switch(value)? {
        PREFIX.clone_into(&mut run.adapter.template.global_prefix);
    }
    Ok(vec![run])
}
