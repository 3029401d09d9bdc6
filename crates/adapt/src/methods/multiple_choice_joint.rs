//! `multiple_choice_joint`: the question shows its choices with letters, and the model writes a letter.

use holometer_core::{AdapterSpec, Instance, Method};

use crate::Plugin;
use crate::adaptation::Make;
use crate::choices::{AnswerForm, choices_answer, choices_block, choices_requests};
use crate::error::AdaptError;
use crate::prompt::output_block;

pub(crate) fn plugin() -> Plugin {
    let make = Make::AfterExamples { block: answered, make: choices_requests };
    Plugin { method: Method::MultipleChoiceJoint, make }
}

fn answered(spec: &AdapterSpec, instance: &Instance) -> Result<String, AdaptError> {
    let answer = choices_answer(spec, instance, &AnswerForm::Label)?;
    Ok(choices_block(spec, instance)? + &output_block(&spec.template, &answer))
}
