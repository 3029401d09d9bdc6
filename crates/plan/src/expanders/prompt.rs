//! `prompt`: other words around question and answer.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, name_of, with_comma};

const NAME: &str = "prompt";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Replaces the words around each question and answer.",
            values: vec![
                "human_assistant",
                "question_answer",
                "qa",
                "input_output_html",
                "input_output",
                "i_o",
            ],
            takes: "",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let mut run = with_comma(run, NAME, value);
    let template = &mut run.adapter.template;
    let (input, output) = match name_of(value) {
        "human_assistant" => {
            "\"?\n".clone_into(&mut template.input_suffix);
            "\".\n".clone_into(&mut template.output_suffix);
            run.adapter.decoding.stop_sequences = vec!["\".".to_owned()];
            ("Human: What is the answer to \"", "Assistant: The answer is \"")
        }
        "question_answer" => ("Question: ", "Answer: "),
        "qa" => ("Q: ", "A: "),
        "input_output_html" => {
            "</input>\n".clone_into(&mut template.input_suffix);
            "</output>\n".clone_into(&mut template.output_suffix);
            ("<input>", "<output>")
        }
        "input_output" => ("Input: ", "Output: "),
        "i_o" => ("I: ", "O: "),
        _ => return Err(ExpandError::Value),
    };
    input.clone_into(&mut template.input_prefix);
    output.clone_into(&mut template.output_prefix);
    Ok(vec![run])
}
