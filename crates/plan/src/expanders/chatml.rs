//! `chatml`: the prompt as a conversation in ChatML's plain text, for completion endpoints of chat models. The run keeps
//! its name.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, switch};

const NAME: &str = "chatml";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Writes the prompt in ChatML, with the examples within the user's message; the run keeps its name.",
            values: vec!["on", "off"],
            takes: "",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let mut run = run.clone();
    if !switch(value)? {
        return Ok(vec![run]);
    }
    let scenario = run.name.as_str().split(':').next().unwrap_or_default().to_owned();
    let template = &mut run.adapter.template;
    template.output_prefix = output_prefix(&scenario, &template.output_prefix)?;
    template.instructions = if template.instructions.is_empty() {
        "<|im_start|>user\n".to_owned()
    } else {
        format!("<|im_start|>system\n{}<|im_end|>\n<|im_start|>user\n", template.instructions)
    };
    template.instance_prefix.clear();
    "<|im_end|>\n<|im_start|>user\n".clone_into(&mut template.output_suffix);
    run.adapter.decoding.stop_sequences.push("<|im_end|>".to_owned());
    Ok(vec![run])
}

/// Where the assistant's turn begins: before the output prefix, except where that prefix holds the task itself.
fn output_prefix(scenario: &str, prefix: &str) -> Result<String, ExpandError> {
    const TURN: &str = "<|im_end|>\n<|im_start|>assistant\n";
    match scenario {
        "msmarco" => {
            let mut lines = prefix.split('\n');
            match (lines.next(), lines.next()) {
                (Some(task), Some(answer)) => Ok(format!("{task}{TURN}{answer}")),
                _ => Err(ExpandError::Run(
                    "it needs an output prefix of two lines in `msmarco`".to_owned(),
                )),
            }
        }
        "summarization_cnndm" | "summarization_xsum" => Ok(format!("{prefix}{TURN}")),
        _ => Ok(format!("{TURN}{prefix}")),
    }
}
