//! A number with its interval.

use std::collections::BTreeMap;

use holometer_core::{Estimate, Interval, MetricName, Score, TotalsMetric, Value};

use crate::cells::Options;

/// One instance's value, averaged over its trials.
pub(crate) struct PerInstance<'a> {
    pub(crate) value: f64,
    pub(crate) cluster: &'a str,
}

/// The mean over instances. Values in [0, 1] get an interval that respects these bounds, others Student's t; both count
/// clusters, not instances, as independent. `None` without values.
pub(crate) fn mean(values: &[PerInstance<'_>], unscored: usize, level: f64) -> Option<Estimate> {
    if values.is_empty() {
        return None;
    }
    let numbers: Vec<f64> = values.iter().map(|value| value.value).collect();
    let labels = labels(values.iter().map(|value| value.cluster));
    let clusters = labels.iter().max().map_or(0, |last| last + 1);
    let clustered = (clusters < values.len()).then_some(labels.as_slice());
    let bounded = numbers.iter().all(|value| (0.0..=1.0).contains(value));
    let interval = if bounded {
        holometer_stats::proportion_interval(&numbers, clustered, level)
    } else {
        holometer_stats::mean_interval(&numbers, clustered, level)
    };
    Some(Estimate {
        value: numbers.iter().sum::<f64>() / numbers.len() as f64,
        n: values.len(),
        clusters,
        unscored,
        interval: interval.map(into_core),
    })
}

/// What a statistic over sums is resampled from.
pub(crate) struct Resample<'a> {
    pub(crate) components: &'a [Vec<f64>],
    pub(crate) clusters: &'a [&'a str],
    pub(crate) options: &'a Options,
}

/// Every statistic of a [`TotalsMetric`] with its cluster-bootstrap interval, or the reason why it has no value.
pub(crate) fn statistics(
    metric: &dyn TotalsMetric,
    resample: &Resample<'_>,
) -> Vec<(MetricName, Result<Estimate, String>)> {
    let labels = labels(resample.clusters.iter().copied());
    let clusters = labels.iter().max().map_or(0, |last| last + 1);
    let units: Vec<&[f64]> = resample.components.iter().map(Vec::as_slice).collect();
    let of_units = metric.combine_all(&units);
    let from_sums = of_units.is_none();
    let whole = of_units.unwrap_or_else(|| metric.combine(&sums(resample.components)));
    let pick = |scores: &[Score]| -> Vec<Option<f64>> {
        whole.iter().map(|score| value_of(scores, &score.metric)).collect()
    };
    let Options { draws, level, .. } = *resample.options;
    let seed = seed(whole.first().map_or("", |score| score.metric.as_str()));
    let bootstrap = holometer_stats::BootstrapOptions::new(draws, level, seed);
    let intervals = if from_sums {
        let values = |sums: &[f64]| pick(&metric.combine(sums));
        holometer_stats::bootstrap_totals_many(resample.components, &labels, &values, &bootstrap)
    } else {
        let values = |picked: &[usize]| {
            let picked: Vec<&[f64]> = picked.iter().map(|&at| units[at]).collect();
            pick(&metric.combine_all(&picked).unwrap_or_default())
        };
        let bootstrap = list_bootstrap(bootstrap, units.len());
        holometer_stats::bootstrap_statistics(&labels, &values, &bootstrap)
    };
    let estimates = whole.iter().zip(intervals).map(|(score, interval)| {
        let estimate = match &score.value {
            Value::Number(value) => Ok(Estimate {
                value: *value,
                n: resample.components.len(),
                clusters,
                unscored: 0,
                interval: interval
                    .map(|interval| unanimous(interval, *value, clusters, level))
                    .map(|interval| if from_sums { interval } else { around(interval, *value) })
                    .map(into_core),
            }),
            Value::Unscored(reason) => Err(reason.clone()),
        };
        (score.metric.clone(), estimate)
    });
    estimates.collect()
}

/// The interval, stretched to hold the value: resampling inflates calibration errors, so that all replicates may lie above.
fn around(interval: holometer_stats::Interval, value: f64) -> holometer_stats::Interval {
    let (low, high) = (interval.low.min(value), interval.high.max(value));
    holometer_stats::Interval { low, high, ..interval }
}

/// How much work a statistic over whole lists may be: draws times units.
const LIST_WORK: usize = 2_000_000;

/// A statistic over whole lists is resampled less often, and without acceleration, because
/// leaving out each cluster in turn would take time in the square of their number.
fn list_bootstrap(
    options: holometer_stats::BootstrapOptions,
    units: usize,
) -> holometer_stats::BootstrapOptions {
    let draws = (LIST_WORK / units.max(1)).clamp(40, 400).min(options.draws);
    holometer_stats::BootstrapOptions {
        draws,
        kind: holometer_stats::BootstrapKind::BiasCorrected,
        ..options
    }
}

/// Replicates that all agree on 0 or 1 say nothing about how sure that is: the interval is then that of as many
/// independent units as there are clusters.
fn unanimous(
    interval: holometer_stats::Interval,
    value: f64,
    clusters: usize,
    level: f64,
) -> holometer_stats::Interval {
    if interval.low == interval.high && (value == 0.0 || value == 1.0) {
        let successes = if value == 1.0 { clusters } else { 0 };
        return holometer_stats::wilson(successes, clusters, level);
    }
    interval
}

fn value_of(scores: &[Score], metric: &MetricName) -> Option<f64> {
    scores.iter().find(|score| score.metric == *metric)?.value.as_number()
}

fn sums(components: &[Vec<f64>]) -> Vec<f64> {
    let mut sums = vec![0.0; components.first().map_or(0, Vec::len)];
    for unit in components {
        for (sum, component) in sums.iter_mut().zip(unit) {
            *sum += component;
        }
    }
    sums
}

/// Numbers for cluster names, 0, 1, ... in order of appearance.
pub(crate) fn labels<'a>(names: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    names
        .map(|name| {
            let next = known.len();
            *known.entry(name).or_insert(next)
        })
        .collect()
}

/// A seed from a metric's name (FNV-1a), so that its interval does not depend on which others are computed.
pub(crate) fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

pub(crate) fn into_core(interval: holometer_stats::Interval) -> Interval {
    Interval {
        low: interval.low,
        high: interval.high,
        level: interval.level,
        method: interval.method,
    }
}
