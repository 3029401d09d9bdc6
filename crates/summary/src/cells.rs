//! The cells of one run.

use std::collections::{BTreeMap, BTreeSet};

use holometer_core::{
    Cell, CellStatus, InstanceId, MetricName, PerturbationDescription, Score, Slice, Split,
    TotalsMetric, Value,
};

use crate::estimate::{self, PerInstance};
use crate::perturbed;

/// One unit's scores.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitScores {
    /// The instance.
    pub instance: InstanceId,
    /// Its split.
    pub split: Split,
    /// Its sub-split, where the scenario has any.
    pub sub_split: Option<String>,
    /// The perturbation, if the unit is a perturbed copy.
    pub perturbation: Option<PerturbationDescription>,
    /// Which draw of few-shot examples.
    pub train_trial_index: usize,
    /// What varies independently (see `Instance::cluster`).
    pub cluster: String,
    /// The scores.
    pub scores: Vec<Score>,
}

/// A statistic over sums, with what each unit adds to them.
pub struct TotalsInput {
    /// The statistic.
    pub metric: Box<dyn TotalsMetric>,
    /// What each unit adds, in the units' order; or why it is left out.
    pub components: Vec<Result<Vec<f64>, String>>,
}

/// How cells are computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The level of intervals, in (0, 1).
    pub level: f64,
    /// Bootstrap draws for statistics over sums.
    pub draws: usize,
    /// Metrics for which a smaller value is better: their worst case is the largest value.
    pub lower_is_better: BTreeSet<MetricName>,
    /// Take the smallest value as the worst for every metric, as HELM does.
    pub helm_compat: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { level: 0.95, draws: 2000, lower_is_better: BTreeSet::new(), helm_compat: false }
    }
}

/// All cells of a run: every metric over every slice that has units, sorted by slice and metric. A metric without any
/// number still has its cell, with the reasons.
pub fn cells(units: &[UnitScores], totals: &[TotalsInput], options: &Options) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (slice, members) in slices(units) {
        cells.extend(means(units, &members, &slice, options));
        for input in totals {
            cells.extend(statistics(units, input, &members, &slice, options));
        }
    }
    cells.extend(perturbed::cells(units, options));
    cells.sort_by(|a, b| (&a.slice, &a.metric).cmp(&(&b.slice, &b.metric)));
    cells
}

/// The slices by split and sub-split of the original units and of each perturbation's copies, with the positions of
/// their units. Where there are several splits, they are also pooled.
fn slices(units: &[UnitScores]) -> BTreeMap<Slice, Vec<usize>> {
    let several_splits = units.iter().map(|unit| unit.split).collect::<BTreeSet<_>>().len() > 1;
    let mut slices: BTreeMap<Slice, Vec<usize>> = BTreeMap::new();
    for (at, unit) in units.iter().enumerate() {
        let perturbation = unit.perturbation.as_ref().map(|perturbation| perturbation.name.clone());
        let computed_on = perturbation.as_ref().map(|_| "perturbed".to_owned());
        let whole = Slice { split: Some(unit.split), sub_split: None, perturbation, computed_on };
        if unit.sub_split.is_some() {
            slices
                .entry(Slice { sub_split: unit.sub_split.clone(), ..whole.clone() })
                .or_default()
                .push(at);
        }
        if several_splits {
            slices.entry(Slice { split: None, ..whole.clone() }).or_default().push(at);
        }
        slices.entry(whole).or_default().push(at);
    }
    slices
}

/// The mean of every per-unit metric over a slice.
fn means(units: &[UnitScores], members: &[usize], slice: &Slice, options: &Options) -> Vec<Cell> {
    let mut by_metric: BTreeMap<&MetricName, Vec<(&UnitScores, &Value)>> = BTreeMap::new();
    for unit in members.iter().map(|at| &units[*at]) {
        for score in &unit.scores {
            by_metric.entry(&score.metric).or_default().push((unit, &score.value));
        }
    }
    by_metric
        .into_iter()
        .map(|(metric, values)| mean_cell(metric, slice, &values, options))
        .collect()
}

/// The mean of one metric. Trials of one instance are averaged first, so that an instance counts once.
pub(crate) fn mean_cell(
    metric: &MetricName,
    slice: &Slice,
    values: &[(&UnitScores, &Value)],
    options: &Options,
) -> Cell {
    let mut numbers: BTreeMap<&InstanceId, (f64, usize, &str)> = BTreeMap::new();
    let mut reasons = Vec::new();
    for (unit, value) in values {
        match value {
            Value::Number(number) => {
                let entry =
                    numbers.entry(&unit.instance).or_insert((0.0, 0, unit.cluster.as_str()));
                entry.0 += number;
                entry.1 += 1;
            }
            Value::Unscored(reason) => reasons.push(reason.as_str()),
        }
    }
    let per_instance: Vec<PerInstance<'_>> = numbers
        .into_values()
        .map(|(sum, count, cluster)| PerInstance { value: sum / count as f64, cluster })
        .collect();
    let unscored = reasons.len();
    let estimate = estimate::mean(&per_instance, unscored, options.level);
    cell(metric.clone(), slice.clone(), estimate, tally(&reasons))
}

/// The statistics that one [`TotalsInput`] gives over a slice.
fn statistics(
    units: &[UnitScores],
    input: &TotalsInput,
    members: &[usize],
    slice: &Slice,
    options: &Options,
) -> Vec<Cell> {
    let mut components = Vec::new();
    let mut clusters = Vec::new();
    let mut reasons = Vec::new();
    for at in members {
        match input.components.get(*at) {
            Some(Ok(sums)) => {
                components.push(sums.clone());
                clusters.push(units[*at].cluster.as_str());
            }
            Some(Err(reason)) => reasons.push(reason.as_str()),
            None => reasons.push("the unit was not scored"),
        }
    }
    let instances = members
        .iter()
        .filter(|at| matches!(input.components.get(**at), Some(Ok(_))))
        .map(|at| &units[*at].instance)
        .collect::<BTreeSet<_>>()
        .len();
    let names = input.metric.cards().into_iter().map(|card| MetricName::from(card.name));
    if components.is_empty() {
        return names.map(|name| cell(name, slice.clone(), None, tally(&reasons))).collect();
    }
    let resample = estimate::Resample { components: &components, clusters: &clusters, options };
    estimate::statistics(input.metric.as_ref(), &resample)
        .into_iter()
        .map(|(name, value)| match value {
            Ok(mut estimate) => {
                estimate.n = instances;
                estimate.unscored = reasons.len();
                cell(name, slice.clone(), Some(estimate), tally(&reasons))
            }
            Err(reason) => cell(name, slice.clone(), None, vec![(reason, components.len())]),
        })
        .collect()
}

/// A cell with its status: a number, or the commonest reason for having none.
pub(crate) fn cell(
    metric: MetricName,
    slice: Slice,
    estimate: Option<holometer_core::Estimate>,
    unscored_reasons: Vec<(String, usize)>,
) -> Cell {
    let status = match (&estimate, unscored_reasons.first()) {
        (Some(_), _) => CellStatus::Ok,
        (None, Some((reason, _))) if reason.starts_with("the request failed") => {
            CellStatus::Failed { error: reason.clone() }
        }
        (None, Some((reason, _))) => CellStatus::NotApplicable { reason: reason.clone() },
        (None, None) => CellStatus::InsufficientSupport { n: 0, needed: 1 },
    };
    Cell { metric, slice, status, estimate, unscored_reasons, scorer: None }
}

/// Reasons with how often each occurs, most frequent first.
fn tally(reasons: &[&str]) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in reasons {
        *counts.entry(reason).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> =
        counts.into_iter().map(|(reason, count)| (reason.to_owned(), count)).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}
