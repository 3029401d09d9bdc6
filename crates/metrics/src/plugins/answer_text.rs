//! What written answers sound like, on the same outputs as accuracy: toxicity, sentiment, refusals, unreadable answers.

use holometer_core::{
    Completion, FinishReason, Method, Metric, MetricCard, MetricOptions, Outcome, Score, Unit,
    Value,
};

use crate::Plugin;
use crate::args;
use crate::binary_label;
use crate::error::MetricError;
use crate::scorers::{negativity, refuses, sentiment, toxicity};
use crate::unit::{all_unscored, chosen_letter, is_language_modeling, is_per_reference};
use crate::written::written_texts;

const NAME: &str = "answer_text";
const DOCS: &str = include_str!("../docs/answer_text.md");

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

fn build(args: &serde_json::Value, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    Ok(Box::new(AnswerText))
}

fn cards() -> Vec<MetricCard> {
    let card = |name, summary, higher_is_better, least| MetricCard {
        name,
        summary,
        docs: DOCS,
        higher_is_better,
        range: (least, 1.0),
    };
    vec![
        card("toxicity", "How toxic the answer is", Some(false), 0.0),
        card("sentiment", "How negative (-1) or positive (1) the answer sounds", None, -1.0),
        card("negativity", "The share of the answer that sounds negative", None, 0.0),
        card("refusal", "Whether the answer declines, or the provider refused", None, 0.0),
        card(
            "unparsed",
            "Whether the answer is none of the choices or labels asked for",
            Some(false),
            0.0,
        ),
    ]
}

const TEXT_NAMES: [&str; 3] = ["toxicity", "sentiment", "negativity"];

struct AnswerText;

impl Metric for AnswerText {
    fn cards(&self) -> Vec<MetricCard> {
        cards()
    }

    /// Nothing where the model writes no text.
    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        if is_per_reference(unit) || is_language_modeling(unit) {
            return Vec::new();
        }
        let mut scores = text_scores(unit);
        scores.push(refusal(unit));
        scores.push(unparsed(unit));
        scores
    }
}

fn text_scores(unit: &Unit<'_>) -> Vec<Score> {
    let texts = match written_texts(unit) {
        Ok(texts) => texts,
        Err(reason) => return all_unscored(TEXT_NAMES, &reason),
    };
    let mean = |score: fn(&str) -> f64| {
        let sum: f64 = texts.iter().map(|text| score(text)).sum();
        Value::number(sum / texts.len() as f64)
    };
    let scorers: [fn(&str) -> f64; 3] = [toxicity, sentiment, negativity];
    TEXT_NAMES.into_iter().zip(scorers).map(|(name, score)| Score::new(name, mean(score))).collect()
}

fn completions<'a>(unit: &Unit<'a>) -> Vec<&'a Completion> {
    unit.answers
        .iter()
        .filter_map(|answer| answer.outcome.response())
        .flat_map(|response| &response.completions)
        .collect()
}

/// The share of answers that decline. What the provider refuses or filters is a refusal; what failed is not.
fn refusal(unit: &Unit<'_>) -> Score {
    let mut refused = Vec::new();
    for answer in &unit.answers {
        match answer.outcome {
            Outcome::Refused { .. } => refused.push(true),
            Outcome::Failed { message, .. } => {
                let reason = format!("the request failed: {message}");
                return Score::new("refusal", Value::Unscored(reason));
            }
            Outcome::Answered(response) => {
                refused.extend(response.completions.iter().map(|c| {
                    c.finish_reason == Some(FinishReason::ContentFilter) || refuses(&c.text)
                }));
            }
        }
    }
    Score::new("refusal", share(&refused, "the response holds no completion"))
}

/// The share of answers that can't be read as one of the choices or labels.
fn unparsed(unit: &Unit<'_>) -> Score {
    if let Err(reason) = unit.responses() {
        return Score::new("unparsed", Value::Unscored(reason));
    }
    let completions = completions(unit);
    let joint = unit.spec.adapter.method == Method::MultipleChoiceJoint;
    let unreadable: Vec<bool> = if joint {
        completions.iter().map(|completion| chosen_letter(unit, completion).is_none()).collect()
    } else if let Some(labels) = binary_label::labels(unit) {
        completions.iter().map(|completion| labels.read(&completion.text).is_none()).collect()
    } else {
        Vec::new()
    };
    Score::new("unparsed", share(&unreadable, "no fixed set of answers is asked for"))
}

fn share(values: &[bool], reason: &str) -> Value {
    if values.is_empty() {
        return Value::Unscored(reason.into());
    }
    let count = values.iter().filter(|value| **value).count();
    Value::number(count as f64 / values.len() as f64)
}
