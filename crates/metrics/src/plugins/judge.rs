//! Judges' verdicts on a question of the scenario's own.

use holometer_core::{Metric, MetricCard, MetricOptions, Unit};
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::judged::{Judged, Matter, answer_and_prompt, fill};
use crate::judges::{Question, score_tags};

const NAME: &str = "judge";
const SCORE: &str = "judge_score";

/// Stands behind every question, so that verdicts can be read. Our own words, in the form that HELM's safety annotators ask for.
const FORM: &str = "\n\nAnswer with one short sentence of reasoning and the score, a single number, in exactly this form:\n\n\
                    <reasoning>\nYOUR_REASONING\n</reasoning>\n<score>\nYOUR_SCORE\n</score>";

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// What the judge is asked; `{{QUESTION}}`, `{{ANSWER}}` and `{{REFERENCE}}` stand for the prompt, the answer and the first right answer.
    question: String,
}

fn build(args: &serde_json::Value, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let hint = "`question` is what the judge is asked, with {{ANSWER}} where the answer goes";
    let Arguments { question } = args::read(NAME, args, hint)?;
    if !question.contains("{{ANSWER}}") {
        return Err(MetricError::arguments(NAME, "`question` does not show the answer", hint));
    }
    let matter = move |unit: &Unit<'_>| matter(unit, &question);
    let scores = |_: &Unit<'_>, verdict: f64| vec![(SCORE.to_owned(), verdict)];
    Ok(Box::new(Judged { cards: cards(), matter: Box::new(matter), scores, unread: None }))
}

fn cards() -> Vec<MetricCard> {
    vec![MetricCard {
        name: SCORE,
        summary: "Mean verdict of the judges on the scenario's own question",
        docs: include_str!("../docs/judge.md"),
        higher_is_better: Some(true),
        range: (f64::NEG_INFINITY, f64::INFINITY),
    }]
}

fn matter(unit: &Unit<'_>, question: &str) -> Result<Matter, String> {
    let (answer, prompt) = answer_and_prompt(unit)?;
    let reference = unit.instance.first_correct_reference();
    let reference = reference.map(|reference| reference.output.text.as_str());
    if question.contains("{{REFERENCE}}") && reference.is_none() {
        return Err("the instance has no right answer to show to the judge".to_owned());
    }
    let parts = [
        ("{{QUESTION}}", prompt.as_str()),
        ("{{REFERENCE}}", reference.unwrap_or_default()),
        ("{{ANSWER}}", answer.as_str()),
    ];
    let prompt = fill(question.trim(), &parts) + FORM;
    Ok(Matter::Ask(Question { prompt, max_tokens: 256, read: score_tags }))
}
