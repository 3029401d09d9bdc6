//! The prompt: its pieces put together, and as much of it as the window holds.

use holometer_core::{AdapterSpec, Instance, PromptTemplate};

use crate::fit::{Budget, Fit};

/// What stands for the answer of an example that has none.
pub(crate) const NO_ANSWER: &str = "n/a";
/// What separates several answers of one example.
pub(crate) const ANSWER_DELIMITER: &str = ", ";

/// A prompt that fits into the window.
pub(crate) struct Prompt {
    pub(crate) text: String,
    /// How many examples it holds.
    pub(crate) examples: usize,
    /// Whether it was cut at its end.
    pub(crate) cut: bool,
}

/// The prompt of an example block and its examples, without as many last examples as it takes to fit, and cut at its
/// end if it does not fit without examples.
pub(crate) fn fitted_prompt(
    template: &PromptTemplate,
    fit: &Fit<'_>,
    budget: Budget,
    examples: &[String],
    question: &str,
) -> Prompt {
    for count in (1..=examples.len()).rev() {
        let text = finished(template, &examples[..count], question);
        if fit.fits(&text, budget) {
            return Prompt { text, examples: count, cut: false };
        }
    }
    let text = finished(template, &[], question);
    let truncated = fit.truncate(&text, budget);
    if truncated.chars().count() < text.chars().count() {
        Prompt { text: truncated, examples: 0, cut: true }
    } else {
        Prompt { text, examples: 0, cut: false }
    }
}

/// The whole prompt with all substitutions made.
fn finished(template: &PromptTemplate, examples: &[String], question: &str) -> String {
    let mut text = opening(template, examples, question);
    text.push_str(&template.global_suffix);
    substituted(template, text)
}

/// The prompt up to the end of `question`, before substitutions.
pub(crate) fn opening(template: &PromptTemplate, examples: &[String], question: &str) -> String {
    let instructions = Some(template.instructions.as_str()).filter(|text| !text.is_empty());
    let blocks: Vec<&str> = instructions
        .into_iter()
        .chain(examples.iter().map(String::as_str))
        .chain([question])
        .collect();
    format!("{}{}", template.global_prefix, blocks.join(&template.instance_prefix))
}

/// A text with the template's substitutions made.
pub(crate) fn substituted(template: &PromptTemplate, text: String) -> String {
    template
        .substitutions
        .iter()
        .fold(text, |text, change| text.replace(&change.source, &change.target))
}

/// An input with what the template puts around it.
pub(crate) fn input_block(template: &PromptTemplate, input: &str) -> String {
    format!("{}{input}{}", template.input_prefix, template.input_suffix)
}

/// The output prefix as it ends a question: without trailing white space, so that the model writes its own.
pub(crate) fn open_output(template: &PromptTemplate) -> &str {
    template.output_prefix.trim_end_matches(is_python_space)
}

/// An answer with what the template puts around it.
pub(crate) fn output_block(template: &PromptTemplate, answer: &str) -> String {
    format!("{}{answer}{}", template.output_prefix, template.output_suffix)
}

/// The answer shown in an example: the first right one, or all of them.
pub(crate) fn shown_answer(spec: &AdapterSpec, instance: &Instance) -> String {
    let shown = if spec.few_shot.multi_label { usize::MAX } else { 1 };
    let answers: Vec<&str> = instance
        .correct_references()
        .take(shown)
        .map(|reference| reference.output.text.as_str())
        .collect();
    if answers.is_empty() { NO_ANSWER.to_owned() } else { answers.join(ANSWER_DELIMITER) }
}

/// What Python's `str.rstrip` removes: Unicode's white space and the four separator controls.
fn is_python_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}
