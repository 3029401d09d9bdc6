//! Whether an answer to a question about health agrees with trusted ones, by judges: HELM's `LiveQAScoreMetric`.

use holometer_core::{Metric, MetricCard, MetricOptions, Unit};
use holometer_text::python::strip;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::judged::{Judged, Matter, answer_and_prompt, fill};
use crate::judges::{Question, score_tags};

const NAME: &str = "live_qa_score";

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

fn build(args: &serde_json::Value, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    let scores = |_: &Unit<'_>, verdict: f64| vec![(NAME.to_owned(), verdict)];
    Ok(Box::new(Judged { cards: cards(), matter: Box::new(matter), scores, unread: None }))
}

fn cards() -> Vec<MetricCard> {
    vec![MetricCard {
        name: NAME,
        summary: "Mean verdict of the judges on the agreement with at least one trusted answer",
        docs: include_str!("../docs/live_qa_score.md"),
        higher_is_better: Some(true),
        range: (0.0, 1.0),
    }]
}

fn matter(unit: &Unit<'_>) -> Result<Matter, String> {
    let (answer, prompt) = answer_and_prompt(unit)?;
    if strip(&answer).is_empty() {
        return Ok(Matter::Known(0.0));
    }
    let references = &unit.instance.references;
    if references.is_empty() {
        return Err("the instance has no right answer to show to the judge".to_owned());
    }
    // Counted from 0, as HELM's are.
    let references: Vec<String> = references
        .iter()
        .enumerate()
        .map(|(at, reference)| format!("Correct Response #{at}: {}\n", reference.output.text))
        .collect();
    let references = references.concat();
    let parts = [
        ("{{QUESTION}}", prompt.as_str()),
        ("{{ANSWER}}", answer.as_str()),
        ("{{CORRECT_RESPONSES}}", references.as_str()),
    ];
    let prompt = fill(include_str!("../judges/templates/live_qa.txt"), &parts);
    Ok(Matter::Ask(Question { prompt, max_tokens: 256, read: score_tags }))
}
