//! Questions that show their choices with labels: what the two joint multiple-choice methods share.

use std::sync::Arc;

use holometer_core::{AdapterSpec, Decoding, Instance, PromptTemplate};

use crate::error::AdaptError;
use crate::prompt::{ANSWER_DELIMITER, NO_ANSWER, input_block, open_output};
use crate::trial::{Drafts, Trial};

/// What an example shows as its answer.
pub(crate) enum AnswerForm {
    /// The bare label, `B`.
    Label,
    /// The label as it stands before the choice, `B. `.
    Prefix,
}

/// An instance's input and its choices.
pub(crate) fn choices_block(spec: &AdapterSpec, instance: &Instance) -> Result<String, AdaptError> {
    let template = &spec.template;
    let prefixes = prefixes(template, instance)?;
    let mut block = input_block(template, &instance.input.text);
    for (prefix, reference) in prefixes.iter().zip(&instance.references) {
        block.extend([prefix, reference.output.text.as_str(), template.reference_suffix.as_str()]);
    }
    Ok(block)
}

/// The answer that an example shows: the first right choice, or all of them.
pub(crate) fn choices_answer(
    spec: &AdapterSpec,
    instance: &Instance,
    form: &AnswerForm,
) -> Result<String, AdaptError> {
    let names = match form {
        AnswerForm::Label => labels(&spec.template, instance)?,
        AnswerForm::Prefix => prefixes(&spec.template, instance)?,
    };
    let shown = if spec.few_shot.multi_label { usize::MAX } else { 1 };
    let right: Vec<String> = names
        .into_iter()
        .zip(&instance.references)
        .filter(|(_, reference)| reference.is_correct())
        .map(|(name, _)| name)
        .take(shown)
        .collect();
    Ok(if right.is_empty() { NO_ANSWER.to_owned() } else { right.join(ANSWER_DELIMITER) })
}

/// The request of a question with choices. HELM sends no stop sequences here, whatever the adapter says, and asks for
/// `num_outputs` alternatives per token instead of completions.
pub(crate) fn choices_requests(trial: &Trial<'_>, instance: &Arc<Instance>) -> Drafts {
    let spec = trial.spec;
    let question = choices_block(spec, instance)? + open_output(&spec.template);
    let decoding = Decoding {
        num_completions: 1,
        top_k_per_token: spec.num_outputs,
        stop_sequences: Vec::new(),
        ..spec.decoding.clone()
    };
    let mut draft = trial.writing(instance, &question, decoding);
    let texts = instance.references.iter().map(|reference| reference.output.text.clone());
    draft.state.output_mapping =
        Some(labels(&spec.template, instance)?.into_iter().zip(texts).collect());
    Ok(vec![draft])
}

/// A label for every choice: the given ones, or those that count up from the prefix's first letter or digit.
fn labels(template: &PromptTemplate, instance: &Instance) -> Result<Vec<String>, AdaptError> {
    let first = first_label(template)?;
    let choices = instance.references.len();
    let too_few =
        |labels| AdaptError::TooFewLabels { instance: instance.id.to_string(), choices, labels };
    if let Some(given) = template.reference_prefix_characters.as_ref().filter(|all| !all.is_empty())
    {
        let labels = given.get(..choices).ok_or_else(|| too_few(given.len()))?;
        return Ok(labels.to_vec());
    }
    let counted = (0..choices).map(|index| {
        let code = u32::try_from(index).ok().and_then(|index| index.checked_add(u32::from(first)));
        code.and_then(char::from_u32).map(String::from).ok_or_else(|| too_few(index))
    });
    counted.collect()
}

/// The reference prefix of every choice, with the choice's own label in it.
fn prefixes(template: &PromptTemplate, instance: &Instance) -> Result<Vec<String>, AdaptError> {
    let first = first_label(template)?;
    let labels = labels(template, instance)?;
    Ok(labels.iter().map(|label| template.reference_prefix.replace(first, label)).collect())
}

fn first_label(template: &PromptTemplate) -> Result<char, AdaptError> {
    let prefix = &template.reference_prefix;
    let first = prefix.chars().find(|character| character.is_alphanumeric());
    first.ok_or_else(|| AdaptError::NoLetter { prefix: prefix.clone() })
}
