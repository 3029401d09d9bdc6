//! How the families of measures go together: rank correlations over the instances of a run, and over the rows of a report.
//!
//! Being accurate, calibrated, fair and harmless are different things; whether they go together is a question for the data.

use std::collections::{BTreeMap, BTreeSet};

use holometer_core::{InstanceId, Interval};
use holometer_stats::correlation::spearman;
use holometer_stats::distribution::{normal_cdf, normal_quantile};
use holometer_stats::multiplicity::benjamini_hochberg;
use holometer_stats::{BootstrapKind, BootstrapOptions, bootstrap_statistic};
use serde::{Deserialize, Serialize};

use crate::estimate::{into_core, labels, seed};
use crate::fairness::{FairnessRow, Family, Judgement};
use crate::rows::{Column, InstanceTable};

/// One correlation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PanelEntry {
    /// Over what: `instances of LABEL, MODEL` or `scenarios and models`.
    pub over: String,
    /// The one measure.
    pub first: String,
    /// The other.
    pub second: String,
    /// Spearman's rank correlation.
    pub value: f64,
    /// Its interval.
    pub interval: Option<Interval>,
    /// The two-sided p value that there is none.
    pub p_value: f64,
    /// The same, adjusted over the panel (Benjamini and Hochberg).
    pub adjusted_p: f64,
    /// How many pairs.
    pub n: usize,
}

/// Correlations over fewer pairs say nothing.
const LEAST_INSTANCES: usize = 10;

/// Rows of a report that are needed for correlations over them.
pub const LEAST_ROWS: usize = 5;

/// The correlations of all pairs of columns over a run's instances. Columns that do not vary have none. `adjusted_p` is left as
/// the plain p value: see [`adjust_panel`].
pub fn instance_panel(table: &InstanceTable, over: &str, how: &Judgement) -> Vec<PanelEntry> {
    let columns = columns(table);
    let mut entries = Vec::new();
    for (at, (first, one)) in columns.iter().enumerate() {
        for (second, other) in &columns[at + 1..] {
            let (mut x, mut y, mut clusters) = (Vec::new(), Vec::new(), Vec::new());
            for (instance, (value, cluster)) in one {
                if let Some((matched, _)) = other.get(instance) {
                    x.push(*value);
                    y.push(*matched);
                    clusters.push(*cluster);
                }
            }
            // A single word's probability and its logarithm are the same to ranks.
            let same = (first.as_str(), second.as_str())
                == (Column::Logprob.as_str(), Column::Confidence.as_str());
            if x.len() < LEAST_INSTANCES || same {
                continue;
            }
            let clusters = labels(clusters.into_iter());
            let name = format!("{over}{first}{second}");
            if let Some(entry) = correlated(&x, &y, &clusters, seed(&name), how) {
                let (first, second) = (first.clone(), second.clone());
                entries.push(PanelEntry { over: over.to_owned(), first, second, ..entry });
            }
        }
    }
    entries
}

/// The correlations of all pairs of families' headline numbers over a report's rows.
pub fn row_panel(rows: &[FairnessRow], how: &Judgement) -> Vec<PanelEntry> {
    let value = |row: &FairnessRow, family: Family| {
        row.headline(family).and_then(|cell| cell.entry.finding()).map(|finding| finding.value)
    };
    let mut entries = Vec::new();
    for (at, first) in Family::ALL.into_iter().enumerate() {
        for second in Family::ALL.into_iter().skip(at + 1) {
            let pairs: Vec<(f64, f64)> = rows
                .iter()
                .filter_map(|row| Some((value(row, first)?, value(row, second)?)))
                .collect();
            if pairs.len() < LEAST_ROWS || mixes_scorers(rows, &[first, second]) {
                continue;
            }
            let (x, y): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let apart: Vec<usize> = (0..x.len()).collect();
            if let Some(entry) = correlated(&x, &y, &apart, 0, how) {
                entries.push(PanelEntry {
                    over: "scenarios and models".to_owned(),
                    first: first.as_str().to_owned(),
                    second: second.as_str().to_owned(),
                    ..entry
                });
            }
        }
    }
    entries
}

/// Whether any of the families rests on scores that come from different scorers in different rows.
fn mixes_scorers(rows: &[FairnessRow], families: &[Family]) -> bool {
    families.iter().any(|family| {
        let columns: &[Column] = match family {
            Family::Toxicity | Family::ToxicityDifference => {
                &[Column::Toxicity, Column::ToxicityByModel, Column::UnsafeByModel]
            }
            Family::Sentiment | Family::SentimentDifference => &[
                Column::Sentiment,
                Column::SentimentByModel,
                Column::RegardByModel,
                Column::NegativeRegardByModel,
            ],
            Family::Association => &[Column::StereotypeByModel],
            Family::Refusal | Family::RefusalDifference => {
                &[Column::Refusal, Column::RefusalByModel]
            }
            _ => &[],
        };
        columns.iter().filter_map(|column| column.metric()).any(|metric| {
            let scorers: BTreeSet<&String> =
                rows.iter().filter_map(|row| row.scorers.get(metric)).collect();
            scorers.len() > 1
        })
    })
}

/// Adjusts the panel's p values for how many correlations it has.
pub fn adjust_panel(entries: &mut [PanelEntry]) {
    let adjusted = benjamini_hochberg(&entries.iter().map(|e| e.p_value).collect::<Vec<_>>());
    for (entry, p) in entries.iter_mut().zip(adjusted) {
        entry.adjusted_p = p;
    }
}

type Values<'a> = BTreeMap<&'a InstanceId, (f64, &'a str)>;

/// The columns of the originals, and how much correctness, toxicity and sentiment change under counterfactual copies.
fn columns(table: &InstanceTable) -> Vec<(String, Values<'_>)> {
    // What is negative follows from the sentiment, and from the regard.
    let follows = [Column::Negativity, Column::NegativeRegardByModel];
    let mut columns: Vec<(String, Values<'_>)> = Column::ALL
        .into_iter()
        .filter(|column| !follows.contains(column))
        .map(|column| (column.as_str().to_owned(), table.means(None, column)))
        .collect();
    let copies: Vec<_> = table.copies().into_iter().filter(|copy| copy.fairness).collect();
    for column in [Column::Correct, Column::Toxicity, Column::Sentiment] {
        let before = table.means(None, column);
        let mut sums: BTreeMap<&InstanceId, (f64, f64, &str)> = BTreeMap::new();
        for copy in &copies {
            for row in table.of_kind(Some(copy)) {
                let after = row.values.get(&column).and_then(holometer_core::Value::as_number);
                let (Some(after), Some((before, cluster))) = (after, before.get(&row.instance))
                else {
                    continue;
                };
                let sum = sums.entry(&row.instance).or_insert((0.0, 0.0, cluster));
                *sum = (sum.0 + after - before, sum.1 + 1.0, sum.2);
            }
        }
        let changes =
            sums.into_iter().map(|(id, (sum, count, cluster))| (id, (sum / count, cluster)));
        columns.push((format!("{} change", column.as_str()), changes.collect()));
    }
    columns.retain(|(_, values)| !values.is_empty());
    columns
}

/// The correlation with an interval that resamples clusters, or Fisher's where every pair stands alone.
fn correlated(
    x: &[f64],
    y: &[f64],
    clusters: &[usize],
    seed: u64,
    how: &Judgement,
) -> Option<PanelEntry> {
    let plain = spearman(x, y, how.level)?;
    let count = clusters.iter().max().map_or(0, |last| last + 1);
    let mut entry = PanelEntry {
        over: String::new(),
        first: String::new(),
        second: String::new(),
        value: plain.value,
        interval: plain.interval.map(into_core),
        p_value: plain.p_value,
        adjusted_p: plain.p_value,
        n: x.len(),
    };
    if count < x.len() {
        let options = BootstrapOptions {
            draws: how.draws.min(500),
            level: how.level,
            seed,
            kind: BootstrapKind::Percentile,
        };
        let of = |units: &[usize]| {
            let pick = |values: &[f64]| units.iter().map(|unit| values[*unit]).collect::<Vec<_>>();
            spearman(&pick(x), &pick(y), how.level).map(|found| found.value)
        };
        entry.interval = bootstrap_statistic(clusters, &of, &options).map(into_core);
        entry.p_value = entry.interval.as_ref().map_or(1.0, |interval| {
            let error =
                (interval.high - interval.low) / 2.0 / normal_quantile(0.5 + how.level / 2.0);
            if error > 0.0 { 2.0 * normal_cdf(-(entry.value / error).abs()) } else { plain.p_value }
        });
        entry.adjusted_p = entry.p_value;
    }
    Some(entry)
}
