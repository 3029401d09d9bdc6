//! Micro and macro F1 over a population of classified texts: HELM's `ClassificationMetric`.

use std::collections::{BTreeMap, BTreeSet};

use holometer_core::{Metric, MetricCard, MetricOptions, Score, TotalsMetric, Unit, Value};
use holometer_text::normalize::{Articles, normalize};
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::unit::is_per_reference;

const NAME: &str = "classification";
const CONFUSION: &str = "confusion";
/// With more classes, the table would be too long to read.
const MOST_CONFUSED: usize = 12;
/// Stands for answers that name none of the classes.
const OTHER: &str = "(other)";
const DOCS: &str = include_str!("../docs/classification.md");

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// Every class.
    #[serde(default)]
    labels: Option<Vec<String>>,
    #[serde(default)]
    averages: Option<Vec<Average>>,
    #[serde(default)]
    scores: Option<Vec<Kind>>,
    /// What separates classes in an answer that may hold several.
    #[serde(default)]
    delimiter: Option<String>,
    /// Other words for classes.
    #[serde(default)]
    label_map: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Average {
    Macro,
    Micro,
    Weighted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    F1,
    Precision,
    Recall,
}

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let arguments: Arguments = args::read(
        NAME,
        args,
        "`labels` lists the classes; `label_map` maps other words to them; `averages` are `macro`, `micro`, `weighted`; `scores` are `f1`, `precision`, `recall`",
    )?;
    let labels: BTreeSet<String> =
        arguments.labels.iter().flatten().map(|label| normalized(label)).collect();
    if labels.is_empty() {
        let problem =
            "`labels` is missing, and without it classes that never occur would be left out";
        return Err(MetricError::arguments(NAME, problem, "list every class in `labels`"));
    }
    let averages = arguments.averages.unwrap_or_else(|| vec![Average::Macro, Average::Micro]);
    let kinds = arguments.scores.unwrap_or_else(|| vec![Kind::F1]);
    let wanted =
        averages.iter().flat_map(|average| kinds.iter().map(|kind| (*average, *kind))).collect();
    let label_map: BTreeMap<String, String> = arguments
        .label_map
        .iter()
        .map(|(word, label)| (normalized(word), normalized(label)))
        .collect();
    if let Some(label) = label_map.values().find(|label| !labels.contains(*label)) {
        let problem = format!("`label_map` maps to `{label}`, which is none of the `labels`");
        return Err(MetricError::arguments(NAME, problem, "list every class in `labels`"));
    }
    let counts = ClassCounts {
        labels: labels.into_iter().collect(),
        label_map,
        delimiter: arguments.delimiter.filter(|delimiter| !delimiter.is_empty()),
        wanted,
    };
    Ok(Box::new(Classification { counts, options }))
}

fn cards() -> Vec<MetricCard> {
    let mut cards = Vec::new();
    for average in [Average::Macro, Average::Micro, Average::Weighted] {
        for kind in [Kind::F1, Kind::Precision, Kind::Recall] {
            cards.push(card(average, kind));
        }
    }
    cards.push(confusion_card());
    cards
}

fn confusion_card() -> MetricCard {
    MetricCard {
        name: CONFUSION,
        summary: "Share of the instances of one class whose answer names another, or none",
        docs: DOCS,
        higher_is_better: None,
        range: (0.0, 1.0),
    }
}

fn card(average: Average, kind: Kind) -> MetricCard {
    let (name, summary) = match (average, kind) {
        (Average::Macro, Kind::F1) => ("classification_macro_f1", "F1 score, mean over classes"),
        (Average::Micro, Kind::F1) => ("classification_micro_f1", "F1 score of all decisions"),
        (Average::Weighted, Kind::F1) => {
            ("classification_weighted_f1", "F1 score, mean over classes by their frequency")
        }
        (Average::Macro, Kind::Precision) => {
            ("classification_macro_precision", "Precision, mean over classes")
        }
        (Average::Micro, Kind::Precision) => {
            ("classification_micro_precision", "Precision of all decisions")
        }
        (Average::Weighted, Kind::Precision) => {
            ("classification_weighted_precision", "Precision, mean over classes by their frequency")
        }
        (Average::Macro, Kind::Recall) => {
            ("classification_macro_recall", "Recall, mean over classes")
        }
        (Average::Micro, Kind::Recall) => {
            ("classification_micro_recall", "Recall of all decisions")
        }
        (Average::Weighted, Kind::Recall) => {
            ("classification_weighted_recall", "Recall, mean over classes by their frequency")
        }
    };
    MetricCard { name, summary, docs: DOCS, higher_is_better: Some(true), range: (0.0, 1.0) }
}

struct Classification {
    counts: ClassCounts,
    options: MetricOptions,
}

impl Metric for Classification {
    fn cards(&self) -> Vec<MetricCard> {
        Vec::new()
    }

    fn score(&self, _: &Unit<'_>) -> Vec<Score> {
        Vec::new()
    }

    fn totals(&self) -> Vec<Box<dyn TotalsMetric>> {
        let counts = &self.counts;
        let mut totals: Vec<Box<dyn TotalsMetric>> = vec![Box::new(counts.clone())];
        let one_each = counts.delimiter.is_none() && counts.labels.len() <= MOST_CONFUSED;
        if one_each && !self.options.helm_compat {
            totals.push(Box::new(Confusion { counts: counts.clone() }));
        }
        totals
    }
}

/// Per class: answers that rightly name it, answers that name it, and instances that belong to it.
#[derive(Clone)]
struct ClassCounts {
    labels: Vec<String>,
    label_map: BTreeMap<String, String>,
    delimiter: Option<String>,
    wanted: Vec<(Average, Kind)>,
}

impl TotalsMetric for ClassCounts {
    fn cards(&self) -> Vec<MetricCard> {
        self.wanted.iter().map(|(average, kind)| card(*average, *kind)).collect()
    }

    fn components(&self, unit: &Unit<'_>) -> Result<Vec<f64>, String> {
        let (predicted, right) = self.classes(unit)?;
        let yes = |condition: bool| f64::from(u8::from(condition));
        let counts = self.labels.iter().flat_map(|label| {
            let (named, belongs) = (predicted.contains(label), right.contains(label));
            [yes(named && belongs), yes(named), yes(belongs)]
        });
        Ok(counts.collect())
    }

    fn combine(&self, sums: &[f64]) -> Vec<Score> {
        let classes: Vec<[f64; 3]> =
            sums.chunks_exact(3).map(|counts| [counts[0], counts[1], counts[2]]).collect();
        let belongs: f64 = classes.iter().map(|counts| counts[2]).sum();
        self.wanted
            .iter()
            .map(|&(average, kind)| {
                let value = if belongs == 0.0 {
                    Value::Unscored("no instance belongs to any of the classes".into())
                } else {
                    Value::number(averaged(&classes, average, kind))
                };
                Score::new(card(average, kind).name, value)
            })
            .collect()
    }
}

impl ClassCounts {
    /// The classes that the answer names, and those that the instance belongs to.
    fn classes(&self, unit: &Unit<'_>) -> Result<(BTreeSet<String>, BTreeSet<String>), String> {
        if is_per_reference(unit) || unit.answers[0].state.output_mapping.is_some() {
            return Err("classes are read from written answers, not from choices".into());
        }
        let responses = unit.responses()?;
        let completion = responses
            .first()
            .and_then(|response| response.completions.first())
            .ok_or("the response holds no completion")?;
        let parts: Vec<&str> = match &self.delimiter {
            Some(delimiter) => completion.text.split(delimiter.as_str()).collect(),
            None => vec![&completion.text],
        };
        let predicted = parts.into_iter().map(|part| self.label(part)).collect();
        let right = unit.instance.correct_references().map(|gold| self.label(&gold.output.text));
        Ok((predicted, right.collect()))
    }

    fn label(&self, text: &str) -> String {
        let text = normalized(text);
        self.label_map.get(&text).cloned().unwrap_or(text)
    }
}

/// How often each class is taken for each other: one count per pair of the right class and the named one, which may be none.
struct Confusion {
    counts: ClassCounts,
}

impl TotalsMetric for Confusion {
    fn cards(&self) -> Vec<MetricCard> {
        vec![confusion_card()]
    }

    fn components(&self, unit: &Unit<'_>) -> Result<Vec<f64>, String> {
        let (predicted, right) = self.counts.classes(unit)?;
        let labels = &self.counts.labels;
        let width = labels.len() + 1;
        let mut table = vec![0.0; labels.len() * width];
        let named =
            predicted.iter().next().and_then(|named| labels.iter().position(|l| l == named));
        for gold in right.iter().filter_map(|gold| labels.iter().position(|l| l == gold)) {
            table[gold * width + named.unwrap_or(labels.len())] += 1.0;
        }
        Ok(table)
    }

    fn combine(&self, sums: &[f64]) -> Vec<Score> {
        let labels = &self.counts.labels;
        let columns = || labels.iter().map(String::as_str).chain([OTHER]);
        let mut scores = Vec::new();
        for (gold, row) in labels.iter().zip(sums.chunks_exact(labels.len() + 1)) {
            let all: f64 = row.iter().sum();
            if all > 0.0 {
                scores.extend(columns().zip(row).map(|(named, count)| {
                    let name = format!("{CONFUSION}@{gold} as {named}");
                    Score::new(name, Value::number(count / all))
                }));
            }
        }
        if scores.is_empty() {
            let reason = "no instance belongs to any of the classes";
            scores.push(Score::new(CONFUSION, Value::Unscored(reason.into())));
        }
        scores
    }
}

fn averaged(classes: &[[f64; 3]], average: Average, kind: Kind) -> f64 {
    match average {
        Average::Micro => {
            let total = |which: usize| classes.iter().map(|counts| counts[which]).sum();
            score(&[total(0), total(1), total(2)], kind)
        }
        Average::Macro => {
            classes.iter().map(|counts| score(counts, kind)).sum::<f64>() / classes.len() as f64
        }
        Average::Weighted => {
            let weight: f64 = classes.iter().map(|counts| counts[2]).sum();
            classes.iter().map(|counts| counts[2] * score(counts, kind)).sum::<f64>() / weight
        }
    }
}

/// 0 where the denominator is 0, as scikit-learn.
fn score(&[both, named, belongs]: &[f64; 3], kind: Kind) -> f64 {
    let (numerator, denominator) = match kind {
        Kind::F1 => (2.0 * both, named + belongs),
        Kind::Precision => (both, named),
        Kind::Recall => (both, belongs),
    };
    if denominator > 0.0 { numerator / denominator } else { 0.0 }
}

fn normalized(text: &str) -> String {
    normalize(text, Articles::Keep)
}
