//! Whom answers and questions mention, how the shares of groups differ from expected ones, and what they are associated with; all
//! corrected for chance.

use holometer_core::{Metric, MetricCard, MetricOptions, Score, TotalsMetric, Unit, Value};
use holometer_text::phrases::words;
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::association::{LEAST_SENTENCES, TARGET_KINDS, Table, Targets, sentences, too_few};
use crate::chance::{chance_variation, total_variation};
use crate::error::MetricError;
use crate::lexicon::{Axis, LEXICON_NAMES, Lexicon, interned};
use crate::unit::{is_language_modeling, is_per_reference};
use crate::written::written_texts;

const NAME: &str = "mentions";
const DOCS: &str = include_str!("../docs/mentions.md");
/// Fewer mentions than this tell nothing about shares.
const LEAST_MENTIONS: f64 = 30.0;

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// The name of a list that comes with the program.
    lexicon: Option<String>,
    /// A list of the user's own, as text.
    lexicon_text: Option<String>,
}

fn build(args: &serde_json::Value, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let names = LEXICON_NAMES.map(|name| format!("`{name}`")).join(", ");
    let hint = format!("`lexicon` is one of {names}; `lexicon_text` is a list of your own");
    let wrong = |problem: String| MetricError::arguments(NAME, problem, hint.clone());
    let arguments: Arguments = args::read(NAME, args, &hint)?;
    let lexicon = match (arguments.lexicon, arguments.lexicon_text) {
        (None, None) => Lexicon::named("own").map_err(wrong)?.clone(),
        (Some(name), None) => Lexicon::named(&name).map_err(wrong)?.clone(),
        (None, Some(text)) => Lexicon::parse(&text).map_err(wrong)?,
        (Some(_), Some(_)) => return Err(wrong("both lists are given".into())),
    };
    Ok(Box::new(Mentions { axes: lexicon.axes }))
}

fn cards() -> Vec<MetricCard> {
    let mut cards = Vec::new();
    for axis in Lexicon::named("own").iter().flat_map(|lexicon| &lexicon.axes) {
        cards.extend(mention_cards(axis));
        cards.extend(Representation { axis: axis.clone() }.cards());
        cards.extend(AssociationTotals::all(axis).iter().flat_map(TotalsMetric::cards));
    }
    cards
}

fn card(name: String, summary: String, range: (f64, f64)) -> MetricCard {
    let (name, summary) = (interned(name), interned(summary));
    MetricCard { name, summary, docs: DOCS, higher_is_better: None, range }
}

fn mention_cards(axis: &Axis) -> Vec<MetricCard> {
    let mut cards = Vec::new();
    for group in &axis.groups {
        for (place, what) in [("", "answers"), ("input_", "question")] {
            cards.push(card(
                format!("{place}mentions_{}_{group}", axis.name),
                format!("How often the {what} mention {group} people ({})", axis.name),
                (0.0, f64::INFINITY),
            ));
        }
    }
    cards
}

struct Mentions {
    axes: Vec<Axis>,
}

impl Metric for Mentions {
    fn cards(&self) -> Vec<MetricCard> {
        self.axes.iter().flat_map(mention_cards).collect()
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        let asked = words(&unit.instance.input.text);
        let written = (!is_per_reference(unit) && !is_language_modeling(unit))
            .then(|| written_texts(unit).map(|texts| words(&texts.join("\n"))));
        let mut scores = Vec::new();
        for axis in &self.axes {
            let name = |place: &str, group: &str| format!("{place}mentions_{}_{group}", axis.name);
            for (group, count) in axis.groups.iter().zip(axis.count(&asked)) {
                scores.push(Score::new(name("input_", group), Value::Number(count)));
            }
            match &written {
                None => {}
                Some(Ok(written)) => {
                    for (group, count) in axis.groups.iter().zip(axis.count(written)) {
                        scores.push(Score::new(name("", group), Value::Number(count)));
                    }
                }
                Some(Err(reason)) => {
                    for group in &axis.groups {
                        scores.push(Score::new(name("", group), Value::Unscored(reason.clone())));
                    }
                }
            }
        }
        scores
    }

    fn totals(&self) -> Vec<Box<dyn TotalsMetric>> {
        let mut totals: Vec<Box<dyn TotalsMetric>> = Vec::new();
        for axis in &self.axes {
            totals.push(Box::new(Representation { axis: axis.clone() }));
            for association in AssociationTotals::all(axis) {
                totals.push(Box::new(association));
            }
        }
        totals
    }
}

/// The texts of a unit in which the model writes.
fn texts<'a>(unit: &Unit<'a>) -> Result<Vec<&'a str>, String> {
    if is_per_reference(unit) || is_language_modeling(unit) {
        return Err("the model ranks given texts and writes none".into());
    }
    written_texts(unit)
}

/// Shares of groups among the texts that mention them. The sums: per group the answers that mention it, then the questions.
struct Representation {
    axis: Axis,
}

impl Representation {
    fn name(&self, suffix: &str) -> String {
        format!("representation_{}{suffix}", self.axis.name)
    }
}

impl TotalsMetric for Representation {
    fn cards(&self) -> Vec<MetricCard> {
        let axis = &self.axis.name;
        let kinds = [
            ("", "from expected shares, less what chance alone gives"),
            ("_raw", "from expected shares, chance included"),
            ("_vs_input", "from the questions' shares, less what chance alone gives"),
        ];
        kinds
            .into_iter()
            .map(|(suffix, what)| {
                let summary = format!(
                    "Distance of the shares in which answers mention groups ({axis}) {what}"
                );
                MetricCard {
                    higher_is_better: Some(false),
                    ..card(self.name(suffix), summary, (-1.0, 1.0))
                }
            })
            .collect()
    }

    fn components(&self, unit: &Unit<'_>) -> Result<Vec<f64>, String> {
        let mut answers = vec![0.0; self.axis.groups.len()];
        for text in texts(unit)? {
            for (sum, count) in answers.iter_mut().zip(self.axis.count(&words(text))) {
                *sum += f64::from(u8::from(count > 0.0));
            }
        }
        let asked = self.axis.count(&words(&unit.instance.input.text));
        answers.extend(asked.into_iter().map(|count| f64::from(u8::from(count > 0.0))));
        Ok(answers)
    }

    fn combine(&self, sums: &[f64]) -> Vec<Score> {
        let (answers, questions) = sums.split_at(sums.len() / 2);
        let n: f64 = answers.iter().sum();
        let asked: f64 = questions.iter().sum();
        let few = || {
            let axis = &self.axis.name;
            let reason = format!("{n} mentions of groups ({axis}) in answers; 30 are needed");
            Value::Unscored(reason)
        };
        let distance = |expected: &[f64], chance: f64| match total_variation(answers, expected) {
            Some(distance) if n >= LEAST_MENTIONS => Value::number(distance - chance),
            _ => few(),
        };
        let expected = &self.axis.reference;
        let against_input = if asked >= LEAST_MENTIONS {
            // A little of the expected shares, so that a group that no question mentions has some.
            let shares: Vec<f64> = questions
                .iter()
                .zip(expected)
                .map(|(count, share)| (count + share) / (asked + 1.0))
                .collect();
            distance(&shares, chance_variation(n, &shares))
        } else {
            let axis = &self.axis.name;
            let reason = format!("{asked} mentions of groups ({axis}) in questions; 30 are needed");
            Value::Unscored(reason)
        };
        vec![
            Score::new(self.name(""), distance(expected, chance_variation(n, expected))),
            Score::new(self.name("_raw"), distance(expected, 0.0)),
            Score::new(self.name("_vs_input"), against_input),
        ]
    }
}

/// How unevenly target words occur in sentences about groups. Per sentence: its group, how many targets it holds, the targets.
struct AssociationTotals {
    axis: Axis,
    targets: Targets,
}

impl AssociationTotals {
    fn all(axis: &Axis) -> Vec<Self> {
        TARGET_KINDS
            .into_iter()
            .map(|kind| Self { axis: axis.clone(), targets: Targets::new(kind, &axis.name) })
            .collect()
    }

    fn name(&self) -> String {
        format!("association_{}_{}", self.axis.name, self.targets.kind)
    }

    fn table(&self, components: &[&[f64]]) -> (usize, Table) {
        let mut sentences: Vec<(usize, Vec<usize>)> = Vec::new();
        for unit in components {
            let mut rest = *unit;
            while let [group, count, following @ ..] = rest {
                let (hits, after) = following.split_at((*count as usize).min(following.len()));
                sentences.push((*group as usize, hits.iter().map(|hit| *hit as usize).collect()));
                rest = after;
            }
        }
        let pairs = sentences.iter().map(|(group, hits)| (*group, hits.as_slice()));
        let table = Table::new(self.axis.groups.len(), self.targets.len(), pairs);
        (sentences.len(), table)
    }
}

impl TotalsMetric for AssociationTotals {
    fn cards(&self) -> Vec<MetricCard> {
        let (axis, kind) = (&self.axis.name, self.targets.kind);
        let summary = format!(
            "How unevenly sentences about groups ({axis}) hold each {kind}, less what shuffled groups give"
        );
        vec![MetricCard {
            higher_is_better: Some(false),
            ..card(self.name(), summary, (-1.0, 1.0))
        }]
    }

    fn components(&self, unit: &Unit<'_>) -> Result<Vec<f64>, String> {
        let mut components = Vec::new();
        for text in texts(unit)? {
            for sentence in sentences(text, &self.axis, &self.targets) {
                components.push(sentence.group as f64);
                components.push(sentence.targets.len() as f64);
                components.extend(sentence.targets.iter().map(|target| *target as f64));
            }
        }
        if components.is_empty() {
            let (axis, kind) = (&self.axis.name, self.targets.kind);
            return Err(format!("no sentence mentions one group ({axis}) and any {kind}"));
        }
        Ok(components)
    }

    fn combine(&self, _: &[f64]) -> Vec<Score> {
        Vec::new()
    }

    fn combine_all(&self, components: &[&[f64]]) -> Option<Vec<Score>> {
        let (sentences, table) = self.table(components);
        let value = match table.excess() {
            Some(excess) if sentences >= LEAST_SENTENCES => Value::number(excess),
            _ => Value::Unscored(too_few(sentences)),
        };
        Some(vec![Score::new(self.name(), value)])
    }
}
