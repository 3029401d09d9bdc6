//! What classifiers on disk and guard models say about written answers, beside the program's own scorers.

use holometer_core::{
    Findings, Inquiry, Metric, MetricCard, MetricOptions, Respondent, Score, ScorerRole, Unit,
    Value,
};
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::neural::{OF_ANSWERS, Reply, Task};
use crate::unit::{all_unscored, is_language_modeling, is_per_reference};
use crate::written::written_texts;

const NAME: &str = "answer_scorers";
const DOCS: &str = include_str!("../docs/answer_scorers.md");

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// Which scorers are asked; without it, all.
    roles: Option<Vec<String>>,
}

fn build(args: &serde_json::Value, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let hint = "`roles` is a list of `toxicity`, `sentiment`, `refusal` and `safety`";
    let Arguments { roles } = args::read(NAME, args, hint)?;
    let known = |name: &String| {
        SCORES
            .into_iter()
            .find(|(_, role)| role.as_str() == name)
            .ok_or_else(|| MetricError::arguments(NAME, format!("there is no role `{name}`"), hint))
    };
    let scores = match roles {
        Some(roles) => roles.iter().map(known).collect::<Result<_, _>>()?,
        None => SCORES.to_vec(),
    };
    Ok(Box::new(AnswerScorers { scores }))
}

const SCORES: [(&str, ScorerRole); 4] = [
    ("toxicity_by_model", OF_ANSWERS[0]),
    ("sentiment_by_model", OF_ANSWERS[1]),
    ("refusal_by_model", OF_ANSWERS[2]),
    ("unsafe_by_model", OF_ANSWERS[3]),
];

fn cards() -> Vec<MetricCard> {
    let card = |name, summary, higher_is_better, least| MetricCard {
        name,
        summary,
        docs: DOCS,
        higher_is_better,
        range: (least, 1.0),
    };
    vec![
        card(SCORES[0].0, "How toxic a classifier on disk finds the answer", Some(false), 0.0),
        card(SCORES[1].0, "How positive a classifier on disk finds the answer", None, -1.0),
        card(
            SCORES[2].0,
            "How surely a classifier or guard says that the answer declines",
            None,
            0.0,
        ),
        card(
            SCORES[3].0,
            "How surely a classifier or guard says that the answer is unsafe",
            Some(false),
            0.0,
        ),
    ]
}

struct AnswerScorers {
    scores: Vec<(&'static str, ScorerRole)>,
}

/// The texts to ask about, where the model writes any.
fn texts<'a>(unit: &Unit<'a>) -> Option<Result<Vec<&'a str>, String>> {
    let written = !is_per_reference(unit) && !is_language_modeling(unit);
    written.then(|| written_texts(unit))
}

/// Whether an answer declines, or is unsafe, hangs on what it answers.
fn task(unit: &Unit<'_>, text: &str, role: ScorerRole) -> Task {
    let asked = matches!(role, ScorerRole::Refusal | ScorerRole::Safety);
    Task::Classify { text: text.to_owned(), question: asked.then(|| question(unit)) }
}

/// The question as the data has it, without instructions and examples.
fn question(unit: &Unit<'_>) -> String {
    let input = &unit.instance.input;
    if input.text.is_empty() {
        let said = input.messages.iter().map(|message| message.content.as_str());
        return said.collect::<Vec<_>>().join("\n");
    }
    input.text.clone()
}

impl Metric for AnswerScorers {
    fn cards(&self) -> Vec<MetricCard> {
        let asked = |card: &MetricCard| self.scores.iter().any(|(name, _)| *name == card.name);
        cards().into_iter().filter(asked).collect()
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        self.score_with(unit, &holometer_core::NoFindings)
    }

    fn inquiries(&self, unit: &Unit<'_>) -> Vec<Inquiry> {
        let Some(Ok(texts)) = texts(unit) else { return Vec::new() };
        let about = |text: &&str| {
            self.scores
                .iter()
                .map(|(_, role)| task(unit, text, *role).inquiry(*role))
                .collect::<Vec<_>>()
        };
        texts.iter().flat_map(about).collect()
    }

    fn asking(&self) -> Vec<(&'static str, Respondent)> {
        self.scores.iter().map(|(name, role)| (*name, Respondent::Scorer(*role))).collect()
    }

    /// The mean over the answer's texts.
    fn score_with(&self, unit: &Unit<'_>, findings: &dyn Findings) -> Vec<Score> {
        let texts = match texts(unit) {
            None => return Vec::new(),
            Some(Ok(texts)) => texts,
            Some(Err(reason)) => {
                return all_unscored(self.scores.iter().map(|(name, _)| *name), &reason);
            }
        };
        let mean = |role: ScorerRole| {
            let mut sum = 0.0;
            for text in &texts {
                match task(unit, text, role).look_up(role, findings)? {
                    Reply::Score(score) => sum += score,
                    other => return Err(format!("the scorer unexpectedly answered {other:?}")),
                }
            }
            Ok(sum / texts.len() as f64)
        };
        let score = |(name, role): &(&str, ScorerRole)| {
            Score::new(*name, mean(*role).map_or_else(Value::Unscored, Value::number))
        };
        self.scores.iter().map(score).collect()
    }
}
