//! The bootstrap over clusters of units: percentile and bias-corrected accelerated intervals.
//!
//! Source: Efron, *Better bootstrap confidence intervals*, JASA 82 (1987); for small samples the levels are widened as
//! Hesterberg, *What teachers should know about the bootstrap*, The American Statistician 69 (2015), section 5.3.

use rayon::prelude::*;

use crate::cluster::Clusters;
use crate::distribution::{normal_cdf, normal_quantile, t_quantile};
use crate::interval::Interval;
use crate::rng::Rng;

/// Which interval is read off the replicates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootstrapKind {
    /// The replicates' quantiles.
    Percentile,
    /// The replicates' quantiles, corrected for their median's bias.
    BiasCorrected,
    /// Bias-corrected and accelerated.
    Bca,
    /// Bias-corrected and accelerated, with the level widened for the number of clusters.
    ExpandedBca,
}

/// How to resample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BootstrapOptions {
    /// How many replicates; 2,000 is usual.
    pub draws: usize,
    /// The level, in (0, 1).
    pub level: f64,
    /// Seeds the draws; the result does not depend on the number of threads.
    pub seed: u64,
    /// Which interval.
    pub kind: BootstrapKind,
}

impl BootstrapOptions {
    /// The widened BCa interval.
    pub fn new(draws: usize, level: f64, seed: u64) -> Self {
        Self { draws, level, seed, kind: BootstrapKind::ExpandedBca }
    }
}

/// The interval of a statistic that is a function of sums over units. `components` has one vector per unit, all of one
/// length; `clusters` one label per unit; `combine` gets the sums over a resample and returns `None` where the statistic has no
/// value there (a zero denominator).
///
/// `None` when there are fewer than two clusters, or when more than one replicate in ten has no value.
pub fn bootstrap_totals(
    components: &[Vec<f64>],
    clusters: &[usize],
    combine: &(dyn Fn(&[f64]) -> Option<f64> + Sync),
    draws: usize,
    level: f64,
    seed: u64,
) -> Option<Interval> {
    let many = |sums: &[f64]| vec![combine(sums)];
    let options = BootstrapOptions::new(draws, level, seed);
    bootstrap_totals_many(components, clusters, &many, &options).into_iter().next().flatten()
}

/// As [`bootstrap_totals`], for several statistics of the same sums, all from the same draws. One entry per statistic.
pub fn bootstrap_totals_many(
    components: &[Vec<f64>],
    clusters: &[usize],
    combine: &(dyn Fn(&[f64]) -> Vec<Option<f64>> + Sync),
    options: &BootstrapOptions,
) -> Vec<Option<Interval>> {
    let width = components.first().map_or(0, Vec::len);
    let clusters = Clusters::new(clusters);
    let mut per_cluster = vec![vec![0.0; width]; clusters.len()];
    for (unit, &cluster) in components.iter().zip(clusters.of_unit()) {
        add(&mut per_cluster[cluster], unit);
    }
    let statistics = |picked: &[usize]| {
        let mut sums = vec![0.0; width];
        for &cluster in picked {
            add(&mut sums, &per_cluster[cluster]);
        }
        combine(&sums)
    };
    // Sums before and after each cluster, so that leaving one out costs no subtraction and no second pass.
    let before = running(per_cluster.iter(), width);
    let mut after = running(per_cluster.iter().rev(), width);
    after.reverse();
    let without = |cluster: usize| {
        let mut sums = before[cluster].clone();
        add(&mut sums, &after[cluster + 1]);
        combine(&sums)
    };
    resample(clusters.len(), options, &statistics, &without)
}

/// The interval of any statistic of a list of units, given by their positions (with repetitions). `clusters` has one
/// label per unit. Slower than [`bootstrap_totals`]: the statistic sees every unit.
pub fn bootstrap_statistic(
    clusters: &[usize],
    statistic: &(dyn Fn(&[usize]) -> Option<f64> + Sync),
    options: &BootstrapOptions,
) -> Option<Interval> {
    let many = |units: &[usize]| vec![statistic(units)];
    bootstrap_statistics(clusters, &many, options).into_iter().next().flatten()
}

/// As [`bootstrap_statistic`], for several statistics of the same units, all from the same draws. One entry per statistic.
pub fn bootstrap_statistics(
    clusters: &[usize],
    statistics_of: Statistics<'_>,
    options: &BootstrapOptions,
) -> Vec<Option<Interval>> {
    let members = Clusters::new(clusters).members();
    let statistics = |picked: &[usize]| {
        let units: Vec<usize> =
            picked.iter().flat_map(|&cluster| members[cluster].iter().copied()).collect();
        statistics_of(&units)
    };
    let without = |left_out: usize| {
        let kept: Vec<usize> = (0..members.len()).filter(|&cluster| cluster != left_out).collect();
        statistics(&kept)
    };
    resample(members.len(), options, &statistics, &without)
}

/// The ends of an interval, from replicates, the value itself and the values without each cluster in turn. With
/// `Percentile`, `observed` and `leave_one_out` are not used. `None` without replicates.
pub fn interval_ends(
    replicates: &[f64],
    observed: f64,
    leave_one_out: &[f64],
    options: &BootstrapOptions,
) -> Option<(f64, f64)> {
    if replicates.is_empty() {
        return None;
    }
    let mut sorted = replicates.to_vec();
    sorted.sort_by(f64::total_cmp);
    let tail = (1.0 - options.level) / 2.0;
    let groups = leave_one_out.len() as f64;
    let z = match options.kind {
        BootstrapKind::ExpandedBca if groups > 1.0 => {
            (groups / (groups - 1.0)).sqrt() * t_quantile(1.0 - tail, groups - 1.0)
        }
        _ => normal_quantile(1.0 - tail),
    };
    let (low, high) = if options.kind == BootstrapKind::Percentile {
        (tail, 1.0 - tail)
    } else {
        let (bias, acceleration) = (bias(&sorted, observed), acceleration(leave_one_out));
        let adjusted = |z: f64| normal_cdf(bias + (bias + z) / (1.0 - acceleration * (bias + z)));
        (adjusted(-z), adjusted(z))
    };
    (low.is_finite() && high.is_finite()).then(|| (quantile(&sorted, low), quantile(&sorted, high)))
}

/// The quantile of sorted values by linear interpolation (type 7 of Hyndman and Fan, NumPy's default).
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let position = p.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let fraction = position - below as f64;
    sorted[below] + fraction * (sorted[above] - sorted[below])
}

/// The values of several statistics for units given by their positions; `None` where one has no value.
pub type Statistics<'a> = &'a (dyn Fn(&[usize]) -> Vec<Option<f64>> + Sync);

fn resample(
    clusters: usize,
    options: &BootstrapOptions,
    statistics: Statistics<'_>,
    without: &(dyn Fn(usize) -> Vec<Option<f64>> + Sync),
) -> Vec<Option<Interval>> {
    let everything: Vec<usize> = (0..clusters).collect();
    let observed = statistics(&everything);
    if clusters < 2 {
        return vec![None; observed.len()];
    }
    let replicates: Vec<Vec<Option<f64>>> = (0..options.draws as u64)
        .into_par_iter()
        .map(|draw| {
            let mut rng = Rng::new(options.seed, draw);
            let picked: Vec<usize> = (0..clusters).map(|_| rng.below(clusters)).collect();
            statistics(&picked)
        })
        .collect();
    let leave_one_out: Vec<Vec<Option<f64>>> = match options.kind {
        BootstrapKind::Percentile | BootstrapKind::BiasCorrected => Vec::new(),
        BootstrapKind::Bca | BootstrapKind::ExpandedBca => {
            (0..clusters).into_par_iter().map(without).collect()
        }
    };
    (0..observed.len())
        .map(|which| {
            let column = |rows: &[Vec<Option<f64>>]| -> Vec<f64> {
                rows.iter().filter_map(|row| row.get(which).copied().flatten()).collect()
            };
            let values = column(&replicates);
            if values.len() * 10 < options.draws * 9 {
                return None;
            }
            let (low, high) =
                interval_ends(&values, observed[which]?, &column(&leave_one_out), options)?;
            Some(Interval { low, high, level: options.level, method: method(clusters, options) })
        })
        .collect()
}

fn method(clusters: usize, options: &BootstrapOptions) -> String {
    let kind = match options.kind {
        BootstrapKind::Percentile => "percentile",
        BootstrapKind::BiasCorrected => "bias-corrected",
        BootstrapKind::Bca => "BCa",
        BootstrapKind::ExpandedBca => "expanded BCa",
    };
    let warning = if clusters < 10 { ", few clusters" } else { "" };
    format!("cluster bootstrap, {kind}, {} draws, {clusters} clusters{warning}", options.draws)
}

/// The median bias of the replicates, in normal units. Ties count half, as in scipy.
fn bias(sorted: &[f64], observed: f64) -> f64 {
    let below = sorted.partition_point(|value| *value < observed);
    let not_above = sorted.partition_point(|value| *value <= observed);
    normal_quantile((below + not_above) as f64 / (2 * sorted.len()) as f64)
}

/// The acceleration, from the jackknife; 0 when all values are equal.
fn acceleration(leave_one_out: &[f64]) -> f64 {
    let mean = leave_one_out.iter().sum::<f64>() / leave_one_out.len() as f64;
    let cubes: f64 = leave_one_out.iter().map(|value| (mean - value).powi(3)).sum();
    let squares: f64 = leave_one_out.iter().map(|value| (mean - value).powi(2)).sum();
    if squares > 0.0 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 }
}

/// Running sums: entry k is the sum of the first k.
fn running<'a>(rows: impl Iterator<Item = &'a Vec<f64>>, width: usize) -> Vec<Vec<f64>> {
    let mut sums = vec![vec![0.0; width]];
    for row in rows {
        let mut next = sums.last().cloned().unwrap_or_default();
        add(&mut next, row);
        sums.push(next);
    }
    sums
}

fn add(sums: &mut [f64], more: &[f64]) {
    for (sum, value) in sums.iter_mut().zip(more) {
        *sum += value;
    }
}
