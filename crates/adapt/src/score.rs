//! Choices that are scored one by one as continuations: what the two separate multiple-choice methods share.

use std::sync::Arc;

use holometer_core::{Instance, Reference, Request, RequestMode};

use crate::prompt::{Prompt, input_block, opening, output_block, substituted};
use crate::trial::{Draft, Trial};

/// The input that stands for the question where a choice's own probability is asked for. HELM's, after the GPT-3 paper
/// (Brown et al., 2020, section 2.4).
const CALIBRATION_INPUT: &str = "Answer:";

/// The request that scores a reference after its question.
pub(crate) fn original(trial: &Trial<'_>, instance: &Arc<Instance>, index: usize) -> Draft {
    let reference = &instance.references[index];
    let (block, answer) = blocks(trial, &instance.input.text, reference);
    let prompt = trial.prompt(&format!("{block}{answer}"));
    let request = scoring(trial, &prompt, &block);
    let wanted = trial.examples.len();
    marked(trial.draft(instance, &prompt, wanted, request), index, RequestMode::Original)
}

/// The request that scores a reference without its question and without examples.
pub(crate) fn calibration(trial: &Trial<'_>, instance: &Arc<Instance>, index: usize) -> Draft {
    let reference = &instance.references[index];
    let (block, answer) = blocks(trial, CALIBRATION_INPUT, reference);
    let prompt = trial.bare_prompt(&format!("{block}{answer}"));
    let request = scoring(trial, &prompt, &block);
    marked(trial.draft(instance, &prompt, 0, request), index, RequestMode::Calibration)
}

/// What precedes the reference in its block, and the rest of the block.
fn blocks(trial: &Trial<'_>, input: &str, reference: &Reference) -> (String, String) {
    let template = &trial.spec.template;
    let answer = output_block(template, &reference.output.text);
    let (prefix, rest) = answer.split_at(template.output_prefix.len());
    (input_block(template, input) + prefix, rest.to_owned())
}

/// Divides a prompt where the reference begins. A space just before it goes with the reference, because tokenizers
/// join the two. If the prompt was cut before the reference, nothing is left to score.
fn scoring(trial: &Trial<'_>, prompt: &Prompt, block: &str) -> Request {
    let template = &trial.spec.template;
    let before = opening(template, &trial.examples[..prompt.examples], block);
    let shared = common_prefix(&substituted(template, before), &prompt.text);
    let context = shared.strip_suffix(' ').unwrap_or(shared);
    let continuation = &prompt.text[context.len()..];
    Request::ScoreContinuation {
        context: context.to_owned(),
        continuation: continuation.to_owned(),
    }
}

/// The beginning of `text` that `other` shares.
pub(crate) fn common_prefix<'a>(other: &str, text: &'a str) -> &'a str {
    let shared = text.chars().zip(other.chars()).take_while(|(one, two)| one == two);
    let bytes = shared.map(|(character, _)| character.len_utf8()).sum();
    &text[..bytes]
}

fn marked(mut draft: Draft, index: usize, mode: RequestMode) -> Draft {
    draft.state.reference_index = Some(index);
    draft.state.request_mode = Some(mode);
    draft
}
