//! `multiple_choice_joint_chain_of_thought`: as `multiple_choice_joint`, and examples show their reasoning before the
//! answer. The reasoning is the instance's `chain_of_thought`, empty where it has none.

use holometer_core::{AdapterSpec, Instance, Method};

use crate::Plugin;
use crate::adaptation::Make;
use crate::choices::{AnswerForm, choices_answer, choices_block, choices_requests};
use crate::error::AdaptError;
use crate::prompt::output_block;

/// Under which name scenarios keep an example's reasoning among the extras.
const REASONING: &str = "chain_of_thought";

pub(crate) fn plugin() -> Plugin {
    let make = Make::AfterExamples { block: answered, make: choices_requests };
    Plugin { method: Method::MultipleChoiceJointChainOfThought, make }
}

fn answered(spec: &AdapterSpec, instance: &Instance) -> Result<String, AdaptError> {
    let template = &spec.template;
    let reasoning =
        instance.extra.get(REASONING).and_then(|text| text.as_str()).unwrap_or_default();
    let answer = choices_answer(spec, instance, &AnswerForm::Prefix)?;
    let reasoned = format!(
        "{}{reasoning}{}{answer}",
        template.chain_of_thought_prefix, template.chain_of_thought_suffix
    );
    Ok(choices_block(spec, instance)? + &output_block(template, &reasoned))
}
