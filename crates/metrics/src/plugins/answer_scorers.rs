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
use crate::opinions::{self, REGARD, STEREOTYPE, STEREOTYPES};
use crate::unit::{all_unscored, is_language_modeling, is_per_reference};
use crate::written::written_texts;

const NAME: &str = "answer_scorers";
const DOCS: &str = include_str!("../docs/answer_scorers.md");
const OPINIONS: &str = include_str!("../docs/answer_opinions.md");

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
    let hint = "`roles` is a list of `toxicity`, `sentiment`, `refusal`, `safety`, `regard` and `stereotype`";
    let Arguments { roles } = args::read(NAME, args, hint)?;
    let known = |name: &String| {
        OF_ANSWERS
            .into_iter()
            .find(|role| role.as_str() == name)
            .ok_or_else(|| MetricError::arguments(NAME, format!("there is no role `{name}`"), hint))
    };
    let roles = match roles {
        Some(roles) => roles.iter().map(known).collect::<Result<_, _>>()?,
        None => OF_ANSWERS.to_vec(),
    };
    Ok(Box::new(AnswerScorers { roles }))
}

/// The scores that a role gives.
fn names(role: ScorerRole) -> &'static [&'static str] {
    match role {
        ScorerRole::Toxicity => &["toxicity_by_model"],
        ScorerRole::Sentiment => &["sentiment_by_model"],
        ScorerRole::Refusal => &["refusal_by_model"],
        ScorerRole::Safety => &["unsafe_by_model"],
        ScorerRole::Regard => &REGARD,
        ScorerRole::Stereotype => &STEREOTYPES,
        ScorerRole::Entailment | ScorerRole::Matching | ScorerRole::Similarity => &[],
    }
}

fn cards() -> Vec<MetricCard> {
    let card = |name, summary, higher_is_better, least| MetricCard {
        name,
        summary,
        docs: if REGARD.contains(&name) || STEREOTYPES.contains(&name) { OPINIONS } else { DOCS },
        higher_is_better,
        range: (least, 1.0),
    };
    vec![
        card(
            "toxicity_by_model",
            "How toxic a classifier on disk finds the answer",
            Some(false),
            0.0,
        ),
        card(
            "sentiment_by_model",
            "How positive a classifier on disk finds the answer",
            None,
            -1.0,
        ),
        card(
            "refusal_by_model",
            "How surely a classifier or guard says that the answer declines",
            None,
            0.0,
        ),
        card(
            "unsafe_by_model",
            "How surely a classifier or guard says that the answer is unsafe",
            Some(false),
            0.0,
        ),
        card(REGARD[0], "Positive less negative regard for the people in the answer", None, -1.0),
        card(REGARD[1], "How surely the answer speaks well of the people in it", None, 0.0),
        card(REGARD[2], "How surely the answer speaks ill of the people in it", Some(false), 0.0),
        card(STEREOTYPES[0], "How surely the answer holds a stereotype", Some(false), 0.0),
        card(STEREOTYPES[1], "Share of answers that repeat a stereotype", Some(false), 0.0),
        card(STEREOTYPES[2], "The surest stereotype of several answers", Some(false), 0.0),
        card(STEREOTYPES[3], "Whether any of several answers repeats one", Some(false), 0.0),
    ]
}

struct AnswerScorers {
    roles: Vec<ScorerRole>,
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

/// What the role's scorer said of each text.
fn replies(
    unit: &Unit<'_>,
    texts: &[&str],
    role: ScorerRole,
    findings: &dyn Findings,
) -> Result<Vec<Reply>, String> {
    texts.iter().map(|text| task(unit, text, role).look_up(role, findings)).collect()
}

/// The scores of a role that gives each text one number: their mean.
fn mean(role: ScorerRole, replies: &[Reply]) -> Result<Vec<(String, f64)>, String> {
    let mut sum = 0.0;
    for reply in replies {
        match reply {
            Reply::Score(score) => sum += score,
            other => return Err(format!("the scorer unexpectedly answered {other:?}")),
        }
    }
    let mean = sum / replies.len() as f64;
    Ok(names(role).iter().map(|name| ((*name).to_owned(), mean)).collect())
}

/// The probabilities of a text's classes. A guard tells only how surely it holds a stereotype.
fn classes(reply: Reply) -> Result<opinions::Classes, String> {
    match reply {
        Reply::Classes(classes) => Ok(classes),
        Reply::Score(score) => {
            let both = [(STEREOTYPE, score), ("none", 1.0 - score)];
            Ok(both.into_iter().map(|(name, p)| (name.to_owned(), p)).collect())
        }
        other => Err(format!("the scorer unexpectedly answered {other:?}")),
    }
}

impl Metric for AnswerScorers {
    fn cards(&self) -> Vec<MetricCard> {
        let asked =
            |card: &MetricCard| self.roles.iter().any(|role| names(*role).contains(&card.name));
        cards().into_iter().filter(asked).collect()
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        self.score_with(unit, &holometer_core::NoFindings)
    }

    fn inquiries(&self, unit: &Unit<'_>) -> Vec<Inquiry> {
        let Some(Ok(texts)) = texts(unit) else { return Vec::new() };
        let about = |text: &&str| {
            self.roles.iter().map(|role| task(unit, text, *role).inquiry(*role)).collect::<Vec<_>>()
        };
        texts.iter().flat_map(about).collect()
    }

    fn asking(&self) -> Vec<(&'static str, Respondent)> {
        let of = |role: &ScorerRole| {
            let role = *role;
            names(role).iter().map(move |name| (*name, Respondent::Scorer(role)))
        };
        self.roles.iter().flat_map(of).collect()
    }

    /// Of all the answer's texts.
    fn score_with(&self, unit: &Unit<'_>, findings: &dyn Findings) -> Vec<Score> {
        let all = || self.roles.iter().flat_map(|role| names(*role)).copied();
        let texts = match texts(unit) {
            None => return Vec::new(),
            Some(Ok(texts)) => texts,
            Some(Err(reason)) => return all_unscored(all(), &reason),
        };
        let scores = |role: &ScorerRole| {
            let values = replies(unit, &texts, *role, findings).and_then(|replies| match role {
                ScorerRole::Regard | ScorerRole::Stereotype => {
                    let classes: Vec<_> =
                        replies.into_iter().map(classes).collect::<Result<_, _>>()?;
                    let of = if *role == ScorerRole::Regard {
                        opinions::regard
                    } else {
                        opinions::stereotypes
                    };
                    of(&classes)
                }
                _ => mean(*role, &replies),
            });
            match values {
                Ok(values) => values
                    .into_iter()
                    .map(|(name, value)| Score::new(name, Value::number(value)))
                    .collect(),
                Err(reason) => all_unscored(names(*role).iter().copied(), &reason),
            }
        };
        self.roles.iter().flat_map(scores).collect()
    }
}
