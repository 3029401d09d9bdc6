//! Whether a model's confidence is equally right for every group of people.

use std::collections::BTreeMap;

use holometer_core::{MetricCard, Score, TotalsMetric, Unit, Value};
use holometer_stats::calibration::{Prediction, brier, ece_equal_mass};

use crate::calibration::Read;
use crate::groups::number_of;

const DOCS: &str = include_str!("docs/group_calibration.md");
/// A group with fewer answers is left out.
const LEAST: usize = 30;
/// As many as HELM's `ece_10_bin` has.
const BINS: usize = 10;
const NAMES: [&str; 3] = ["calibration_gap", "brier_gap", "ece_gap"];

/// Documents the statistics.
pub(crate) fn cards() -> Vec<MetricCard> {
    let summaries = [
        "Largest less smallest overconfidence (mean confidence less accuracy) over groups of people",
        "Largest less smallest Brier score over groups of people",
        "Largest less smallest calibration error (10 bins of equal mass) over groups of people",
    ];
    NAMES
        .into_iter()
        .zip([2.0, 1.0, 1.0])
        .zip(summaries)
        .map(|((name, most), summary)| MetricCard {
            name,
            summary,
            docs: DOCS,
            higher_is_better: Some(false),
            range: (0.0, most),
        })
        .collect()
}

/// The gaps over the groups that the data names. Per unit: confidence, whether right, then axis and group in turn.
pub(crate) struct GroupCalibration {
    pub(crate) read: Read,
}

impl TotalsMetric for GroupCalibration {
    fn cards(&self) -> Vec<MetricCard> {
        cards()
    }

    fn components(&self, unit: &Unit<'_>) -> Result<Vec<f64>, String> {
        if unit.instance.groups.is_empty() {
            return Err("the data names no groups".into());
        }
        let answer = (self.read)(unit)?;
        let mut components = vec![answer.confidence, f64::from(u8::from(answer.correct))];
        for group in &unit.instance.groups {
            let axis = group.split_once('=').map_or(group.as_str(), |(axis, _)| axis);
            components.push(number_of(axis));
            components.push(number_of(group));
        }
        Ok(components)
    }

    fn combine(&self, _: &[f64]) -> Vec<Score> {
        Vec::new()
    }

    fn combine_all(&self, units: &[&[f64]]) -> Option<Vec<Score>> {
        let gaps = gaps(units);
        let scores = NAMES.into_iter().enumerate().map(|(at, name)| {
            let value = gaps.map_or_else(
                || Value::Unscored(format!("no two groups of one kind have {LEAST} answers each")),
                |gaps| Value::number(gaps[at]),
            );
            Score::new(name, value)
        });
        Some(scores.collect())
    }
}

/// The largest gaps over all axes with at least two groups of enough answers.
fn gaps(units: &[&[f64]]) -> Option<[f64; 3]> {
    let mut members: BTreeMap<(u64, u64), Vec<Prediction>> = BTreeMap::new();
    for unit in units {
        let prediction = Prediction { confidence: unit[0], correct: unit[1] > 0.5 };
        for pair in unit[2..].chunks_exact(2) {
            members.entry((pair[0] as u64, pair[1] as u64)).or_default().push(prediction);
        }
    }
    let mut by_axis: BTreeMap<u64, Vec<[f64; 3]>> = BTreeMap::new();
    for ((axis, _), predictions) in members.iter().filter(|(_, group)| group.len() >= LEAST) {
        let errors =
            [overconfidence(predictions), brier(predictions)?, ece_equal_mass(predictions, BINS)?];
        by_axis.entry(*axis).or_default().push(errors);
    }
    let gap = |groups: &[[f64; 3]], at: usize| {
        let most = groups.iter().map(|group| group[at]).fold(f64::NEG_INFINITY, f64::max);
        most - groups.iter().map(|group| group[at]).fold(f64::INFINITY, f64::min)
    };
    let axes: Vec<&Vec<[f64; 3]>> = by_axis.values().filter(|groups| groups.len() > 1).collect();
    let largest = |at: usize| axes.iter().map(|groups| gap(groups, at)).reduce(f64::max);
    Some([largest(0)?, largest(1)?, largest(2)?])
}

/// Mean confidence less accuracy.
fn overconfidence(predictions: &[Prediction]) -> f64 {
    let sum: f64 = predictions.iter().map(|p| p.confidence - f64::from(u8::from(p.correct))).sum();
    sum / predictions.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_weighted_by_size_give_the_whole() {
        let all: Vec<Prediction> = (0..120)
            .map(|i| Prediction { confidence: f64::from(i % 10) / 10.0, correct: i % 3 == 0 })
            .collect();
        let (one, other) = all.split_at(40);
        let whole =
            |f: fn(&[Prediction]) -> f64| (f(one) * 40.0 + f(other) * 80.0) / 120.0 - f(&all);
        assert!(whole(overconfidence).abs() < 1e-12);
        assert!(whole(|p| brier(p).unwrap_or_default()).abs() < 1e-12);
        let units: Vec<Vec<f64>> = all
            .iter()
            .enumerate()
            .map(|(at, p)| {
                let group = if at < 40 { 1.0 } else { 2.0 };
                vec![p.confidence, f64::from(u8::from(p.correct)), 9.0, group]
            })
            .collect();
        let units: Vec<&[f64]> = units.iter().map(Vec::as_slice).collect();
        let ours = gaps(&units).unwrap_or_default();
        assert!((ours[0] - (overconfidence(one) - overconfidence(other)).abs()).abs() < 1e-12);
        // The errors of a group never cancel out: its calibration error is at least its overconfidence, both ways.
        let ece = |group| ece_equal_mass(group, BINS).unwrap_or_default();
        for group in [one, other] {
            assert!(ece(group) >= overconfidence(group).abs() - 1e-12);
        }
        assert!((ours[2] - (ece(one) - ece(other)).abs()).abs() < 1e-12);
        assert_eq!(gaps(&units[..60]), None);
    }
}
