//! `format_prompt`: a text before each input, and nothing before the output. The run keeps its name.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel};

const NAME: &str = "format_prompt";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Replaces what precedes each input and removes what precedes each output; the run keeps its name.",
            values: vec![],
            takes: "any text",
        },
        expand,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every expander")]
fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let mut run = run.clone();
    run.adapter.template.input_prefix = value.to_string();
    run.adapter.template.output_prefix.clear();
    Ok(vec![run])
}
