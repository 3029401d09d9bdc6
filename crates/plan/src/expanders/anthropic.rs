//! `anthropic`: the prompt that the first two generations of Claude were trained on. The run keeps its name.

use holometer_core::{ArgValue, RunSpec};

use crate::format_texts::{EXAMPLES_PREFIX, EXAMPLES_SUFFIX};
use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, switch};

const NAME: &str = "anthropic";
pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Writes the turns and the explicit instructions that Claude 1 and 2 need; the run keeps its name.",
            values: vec!["on", "off"],
            takes: "",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let mut run = run.clone();
    if switch(value)? {
        let template = &mut run.adapter.template;
        template.global_prefix = format!("\n\nHuman: {EXAMPLES_PREFIX}\n\n");
        template.global_suffix =
            format!("\n\n{EXAMPLES_SUFFIX}\n\nAssistant: {}", template.output_prefix.trim());
    }
    Ok(vec![run])
}
