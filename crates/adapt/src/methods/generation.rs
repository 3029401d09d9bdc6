//! `generation`: the model writes an answer after the examples and the question.

use std::sync::Arc;

use holometer_core::{AdapterSpec, Instance, Method};

use crate::Plugin;
use crate::adaptation::Make;
use crate::error::AdaptError;
use crate::prompt::{input_block, open_output, output_block, shown_answer};
use crate::trial::{Drafts, Trial, completions_decoding};

pub(crate) fn plugin() -> Plugin {
    Plugin {
        method: Method::Generation,
        make: Make::AfterExamples { block: answered, make: requests },
    }
}

/// An example: the input and its right answer.
pub(crate) fn answered(spec: &AdapterSpec, instance: &Instance) -> Result<String, AdaptError> {
    let input = input_block(&spec.template, &instance.input.text);
    Ok(input + &output_block(&spec.template, &shown_answer(spec, instance)))
}

fn requests(trial: &Trial<'_>, instance: &Arc<Instance>) -> Drafts {
    let template = &trial.spec.template;
    let question = input_block(template, &instance.input.text) + open_output(template);
    Ok(vec![trial.writing(instance, &question, completions_decoding(trial.spec))])
}
