//! What metrics ask of a unit.

use holometer_core::{Completion, Method, Prompt, Request, Response, Score, Unit, Value};
use holometer_text::answer::leading_choice;
use holometer_text::python::strip;

/// Whether the unit's requests each score one reference.
pub(crate) fn is_per_reference(unit: &Unit<'_>) -> bool {
    unit.answers.iter().any(|answer| answer.state.reference_index.is_some())
}

/// Whether the unit's text itself is scored.
pub(crate) fn is_language_modeling(unit: &Unit<'_>) -> bool {
    unit.spec.adapter.method == Method::LanguageModeling
}

/// The completions from likeliest to least likely; in the given order where likelihoods are not known.
pub(crate) fn ranked(response: &Response) -> Vec<&Completion> {
    let mut completions: Vec<&Completion> = response.completions.iter().collect();
    let likelihoods: Option<Vec<f64>> = completions.iter().map(|c| c.logprob()).collect();
    if likelihoods.is_some() {
        completions.sort_by(|a, b| {
            let likelihood = |c: &Completion| c.logprob().unwrap_or(f64::NEG_INFINITY);
            likelihood(b).total_cmp(&likelihood(a))
        });
    }
    completions
}

/// The letters that stand for the choices shown in the prompt, if it showed any.
pub(crate) fn letters<'a>(unit: &Unit<'a>) -> Option<Vec<&'a str>> {
    let mapping = unit.answers.first()?.state.output_mapping.as_ref()?;
    Some(mapping.iter().map(|(letter, _)| letter.as_str()).collect())
}

/// The letter that a completion begins with.
pub(crate) fn chosen_letter<'a>(unit: &Unit<'a>, completion: &Completion) -> Option<&'a str> {
    leading_choice(&completion.text, &letters(unit)?)
}

/// The completion's text without white space around it.
pub(crate) fn stripped(completion: &Completion) -> &str {
    strip(&completion.text)
}

/// The whole text that was sent.
pub(crate) fn prompt_text(request: &Request) -> String {
    match request {
        Request::Generate { prompt: Prompt::Chat(messages), .. } => {
            messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => request.text().unwrap_or_default(),
    }
}

/// A score for each name, all unscored for the same reason.
pub(crate) fn all_unscored<'a>(
    names: impl IntoIterator<Item = &'a str>,
    reason: &str,
) -> Vec<Score> {
    names.into_iter().map(|name| Score::new(name, Value::Unscored(reason.to_owned()))).collect()
}
