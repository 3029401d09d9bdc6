//! Right and given labels of questions with two labels, for rates by group, and who is misjudged.

use std::collections::{BTreeMap, BTreeSet};

use holometer_core::{Metric, MetricCard, MetricOptions, Score, TotalsMetric, Unit, Value};
use holometer_stats::group_rates::{Scored, power_mean, subgroup_auc};

use crate::Plugin;
use crate::args;
use crate::binary_label::{Labels, labels};
use crate::error::MetricError;
use crate::groups::number_of;
use crate::unit::{is_language_modeling, is_per_reference};

const NAME: &str = "labels";
const DOCS: &str = include_str!("../docs/labels.md");
/// Borkan and others 2019.
const EXPONENT: f64 = -5.0;
/// A group with fewer positives or negatives is left out of the means.
const LEAST: usize = 10;

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

fn build(args: &serde_json::Value, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    Ok(Box::new(LabelScores))
}

fn cards() -> Vec<MetricCard> {
    let mut cards = label_cards();
    cards.extend(area_cards());
    cards
}

fn card(name: &'static str, summary: &'static str, higher_is_better: Option<bool>) -> MetricCard {
    MetricCard { name, summary, docs: DOCS, higher_is_better, range: (0.0, 1.0) }
}

fn label_cards() -> Vec<MetricCard> {
    vec![
        card("label_true", "Whether the right label is the positive one (yes, true)", None),
        card("label_predicted", "Whether the given label is the positive one (yes, true)", None),
    ]
}

const AREAS: [(&str, &str); 4] = [
    (
        "subgroup_auc",
        "How well positives are told from negatives within a group, leaning towards the worst group",
    ),
    (
        "bpsn_auc",
        "How well a group's negatives are told from the others' positives, leaning towards the worst group",
    ),
    (
        "bnsp_auc",
        "How well a group's positives are told from the others' negatives, leaning towards the worst group",
    ),
    ("borkan_auc", "Mean of the overall area under the ROC curve and of the three by group"),
];

fn area_cards() -> Vec<MetricCard> {
    AREAS.into_iter().map(|(name, summary)| card(name, summary, Some(true))).collect()
}

struct LabelScores;

impl Metric for LabelScores {
    fn cards(&self) -> Vec<MetricCard> {
        label_cards()
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        let Some(labels) = written_labels(unit) else { return Vec::new() };
        let given = match given(unit, labels) {
            Ok((given, _)) => Value::indicator(given),
            Err(reason) => Value::Unscored(reason),
        };
        vec![
            Score::new("label_true", Value::indicator(labels.truth)),
            Score::new("label_predicted", given),
        ]
    }

    fn totals(&self) -> Vec<Box<dyn TotalsMetric>> {
        vec![Box::new(Areas)]
    }
}

/// The labels of a unit that is answered in writing.
fn written_labels(unit: &Unit<'_>) -> Option<Labels> {
    if is_per_reference(unit) || is_language_modeling(unit) { None } else { labels(unit) }
}

/// The given label, and how sure the model is of the positive one where that is known: the probability of its answer or the rest.
fn given(unit: &Unit<'_>, labels: Labels) -> Result<(bool, f64), String> {
    let responses = unit.responses()?;
    let completion = responses
        .first()
        .and_then(|response| response.completions.first())
        .ok_or("the response holds no completion")?;
    let label = labels.read(&completion.text).ok_or("the answer names neither label, or both")?;
    let sure = completion.logprob().map_or(1.0, f64::exp);
    Ok((label, if label { 0.5 + sure / 2.0 } else { 0.5 - sure / 2.0 }))
}

/// The areas under the ROC curve by annotated group.
struct Areas;

impl TotalsMetric for Areas {
    fn cards(&self) -> Vec<MetricCard> {
        area_cards()
    }

    /// The score, the truth, then a number for each of the instance's groups.
    fn components(&self, unit: &Unit<'_>) -> Result<Vec<f64>, String> {
        let labels = written_labels(unit).ok_or("the question has no two labels")?;
        if unit.instance.groups.is_empty() {
            return Err("the data names no groups".into());
        }
        let (_, score) = given(unit, labels)?;
        let mut components = vec![score, f64::from(u8::from(labels.truth))];
        components.extend(unit.instance.groups.iter().map(|group| number_of(group)));
        Ok(components)
    }

    fn combine(&self, _: &[f64]) -> Vec<Score> {
        Vec::new()
    }

    fn combine_all(&self, components: &[&[f64]]) -> Option<Vec<Score>> {
        let values = areas(components);
        let scores = AREAS.iter().enumerate().map(|(at, (name, _))| {
            let value = values.map_or_else(
                || {
                    let reason = format!(
                        "no group has {LEAST} questions of each label, among {} with a group",
                        components.len()
                    );
                    Value::Unscored(reason)
                },
                |values| Value::number(values[at]),
            );
            Score::new(*name, value)
        });
        Some(scores.collect())
    }
}

fn areas(units: &[&[f64]]) -> Option<[f64; 4]> {
    let groups: BTreeSet<u64> =
        units.iter().flat_map(|unit| unit.iter().skip(2)).map(|group| *group as u64).collect();
    let mut by_area: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for group in groups {
        let scored: Vec<Scored> = units
            .iter()
            .map(|unit| Scored {
                score: unit[0],
                truth: unit[1] > 0.5,
                in_group: unit[2..].iter().any(|other| *other as u64 == group),
            })
            .collect();
        let count = |truth: bool| scored.iter().filter(|u| u.in_group && u.truth == truth).count();
        if count(true) < LEAST || count(false) < LEAST {
            continue;
        }
        let areas = subgroup_auc(&scored);
        let areas = [
            areas.subgroup,
            areas.background_positive_subgroup_negative,
            areas.background_negative_subgroup_positive,
        ];
        for (at, area) in areas.into_iter().enumerate() {
            by_area.entry(at).or_default().extend(area);
        }
    }
    let pairs: Vec<(f64, bool)> = units.iter().map(|unit| (unit[0], unit[1] > 0.5)).collect();
    let overall = holometer_stats::group_rates::auc(&pairs)?;
    let mean = |at: usize| power_mean(by_area.get(&at)?, EXPONENT);
    let (subgroup, negatives, positives) = (mean(0)?, mean(1)?, mean(2)?);
    Some([subgroup, negatives, positives, (overall + subgroup + negatives + positives) / 4.0])
}
