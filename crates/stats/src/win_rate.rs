//! Mean win rates: how often a system beats another one picked at random, over several tasks.
//!
//! The definition is HELM's: within a task, ties count half; a task counts where at least two systems have a value. Its
//! uncertainty comes from drawing the clusters of every task again, the same ones for all systems.

use rayon::prelude::*;

use crate::bootstrap::quantile;
use crate::cluster::Clusters;
use crate::interval::Interval;
use crate::rng::Rng;

/// What is known of one task.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Whether smaller values are better.
    pub lower_is_better: bool,
    /// The values.
    pub values: TaskValues,
}

/// The values of every system on one task.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskValues {
    /// Per unit: what each system got, in the systems' order; and the unit's cluster.
    Units {
        /// By unit and system.
        scores: Vec<Vec<Option<f64>>>,
        /// One label per unit.
        clusters: Vec<usize>,
    },
    /// Per system a value and its standard error, where single units have no value of their own.
    Estimates(Vec<Option<(f64, f64)>>),
}

/// The win rates of one system.
#[derive(Clone, Debug, PartialEq)]
pub struct WinRate {
    /// The mean over tasks, in [0, 1]; `None` when the system can be compared on no task.
    pub value: Option<f64>,
    /// The bootstrap's percentile interval.
    pub interval: Option<Interval>,
    /// On how many tasks it was compared.
    pub tasks: usize,
}

/// Win rates with their uncertainty.
#[derive(Clone, Debug, PartialEq)]
pub struct WinRates {
    /// One per system.
    pub systems: Vec<WinRate>,
    /// By system and system: the two-sided bootstrap p value that the two have the same mean win rate; 1 where one has none.
    pub same_p: Vec<Vec<f64>>,
}

/// The mean win rates of `systems` systems over tasks. `level` in (0, 1).
pub fn win_rates(tasks: &[Task], systems: usize, draws: usize, level: f64, seed: u64) -> WinRates {
    let tasks: Vec<Summed> = tasks.iter().map(|task| Summed::of(task, systems)).collect();
    let whole: Vec<Vec<Option<f64>>> = tasks.iter().map(Summed::values).collect();
    let observed = mean_win_rates(&tasks, &whole, systems);
    let replicates: Vec<Vec<Option<f64>>> = (0..draws as u64)
        .into_par_iter()
        .map(|draw| {
            let mut rng = Rng::new(seed, draw);
            let values: Vec<Vec<Option<f64>>> =
                tasks.iter().map(|task| task.drawn(&mut rng)).collect();
            mean_win_rates(&tasks, &values, systems)
        })
        .collect();
    let compared = |system: usize| {
        let counts = whole.iter().filter(|values| {
            values[system].is_some() && values.iter().filter(|value| value.is_some()).count() > 1
        });
        counts.count()
    };
    let rates = (0..systems).map(|system| WinRate {
        value: observed[system],
        interval: observed[system].and_then(|_| percentile(&replicates, system, level)),
        tasks: compared(system),
    });
    let rates = rates.collect();
    let same_p = (0..systems)
        .map(|one| (0..systems).map(|other| same(&replicates, one, other)).collect())
        .collect();
    WinRates { systems: rates, same_p }
}

/// HELM's win rate of each value among the others of its task: the share that it beats, ties half. `None` for missing
/// values, and for all when fewer than two are there.
pub fn task_win_rates(values: &[Option<f64>], lower_is_better: bool) -> Vec<Option<f64>> {
    let present: Vec<f64> = values.iter().flatten().copied().collect();
    let rate = |value: f64| {
        let beaten = present
            .iter()
            .filter(|other| if lower_is_better { **other > value } else { **other < value });
        let tied = present.iter().filter(|other| **other == value).count() - 1;
        (beaten.count() as f64 + tied as f64 / 2.0) / (present.len() - 1) as f64
    };
    values.iter().map(|value| value.filter(|_| present.len() > 1).map(rate)).collect()
}

/// A task with its units summed by cluster.
enum Summed {
    /// By cluster and system: sum and count.
    Clusters {
        lower_is_better: bool,
        sums: Vec<Vec<(f64, f64)>>,
        systems: usize,
    },
    Estimates {
        lower_is_better: bool,
        values: Vec<Option<(f64, f64)>>,
    },
}

impl Summed {
    fn of(task: &Task, systems: usize) -> Self {
        let lower_is_better = task.lower_is_better;
        match &task.values {
            TaskValues::Estimates(values) => {
                Self::Estimates { lower_is_better, values: values.clone() }
            }
            TaskValues::Units { scores, clusters } => {
                let clusters = Clusters::new(clusters);
                let mut sums = vec![vec![(0.0, 0.0); systems]; clusters.len()];
                for (unit, &cluster) in scores.iter().zip(clusters.of_unit()) {
                    for (sum, score) in sums[cluster].iter_mut().zip(unit) {
                        if let Some(score) = score {
                            *sum = (sum.0 + score, sum.1 + 1.0);
                        }
                    }
                }
                Self::Clusters { lower_is_better, sums, systems }
            }
        }
    }

    fn lower_is_better(&self) -> bool {
        match self {
            Self::Clusters { lower_is_better, .. } | Self::Estimates { lower_is_better, .. } => {
                *lower_is_better
            }
        }
    }

    fn values(&self) -> Vec<Option<f64>> {
        match self {
            Self::Clusters { sums, systems, .. } => means(sums.iter(), *systems),
            Self::Estimates { values, .. } => {
                values.iter().map(|value| value.map(|(value, _)| value)).collect()
            }
        }
    }

    fn drawn(&self, rng: &mut Rng) -> Vec<Option<f64>> {
        match self {
            Self::Clusters { sums, systems, .. } => {
                let picked: Vec<usize> = (0..sums.len()).map(|_| rng.below(sums.len())).collect();
                means(picked.into_iter().map(|cluster| &sums[cluster]), *systems)
            }
            Self::Estimates { values, .. } => values
                .iter()
                .map(|value| value.map(|(value, error)| value + error * rng.normal()))
                .collect(),
        }
    }
}

fn means<'a>(
    clusters: impl Iterator<Item = &'a Vec<(f64, f64)>>,
    systems: usize,
) -> Vec<Option<f64>> {
    let mut totals = vec![(0.0, 0.0); systems];
    for cluster in clusters {
        for (total, (sum, count)) in totals.iter_mut().zip(cluster) {
            *total = (total.0 + sum, total.1 + count);
        }
    }
    totals.into_iter().map(|(sum, count)| (count > 0.0).then(|| sum / count)).collect()
}

fn mean_win_rates(
    tasks: &[Summed],
    values: &[Vec<Option<f64>>],
    systems: usize,
) -> Vec<Option<f64>> {
    let mut totals = vec![(0.0, 0.0); systems];
    for (task, values) in tasks.iter().zip(values) {
        let rates = task_win_rates(values, task.lower_is_better());
        for (total, rate) in totals.iter_mut().zip(rates) {
            if let Some(rate) = rate {
                *total = (total.0 + rate, total.1 + 1.0);
            }
        }
    }
    totals.into_iter().map(|(sum, count)| (count > 0.0).then(|| sum / count)).collect()
}

fn percentile(replicates: &[Vec<Option<f64>>], system: usize, level: f64) -> Option<Interval> {
    let mut values: Vec<f64> = replicates.iter().filter_map(|draw| draw[system]).collect();
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    Some(Interval {
        low: quantile(&values, tail),
        high: quantile(&values, 1.0 - tail),
        level,
        method: format!("cluster bootstrap of all tasks, percentile, {} draws", replicates.len()),
    })
}

fn same(replicates: &[Vec<Option<f64>>], one: usize, other: usize) -> f64 {
    let differences: Vec<f64> =
        replicates.iter().filter_map(|draw| Some(draw[one]? - draw[other]?)).collect();
    if differences.is_empty() {
        return 1.0;
    }
    let not_above = differences.iter().filter(|difference| **difference <= 0.0).count();
    let not_below = differences.iter().filter(|difference| **difference >= 0.0).count();
    let smaller = not_above.min(not_below) + 1;
    (2.0 * smaller as f64 / (differences.len() + 1) as f64).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn win_rates_are_helm_s() {
        // HELM's test_summarize.py-style table: ties share, missing values do not count, lower may be better.
        let rates = task_win_rates(&[Some(1.0), Some(0.0), Some(0.0), None], false);
        assert_eq!(rates, [Some(1.0), Some(0.25), Some(0.25), None]);
        let rates = task_win_rates(&[Some(1.0), Some(0.0), None], true);
        assert_eq!(rates, [Some(0.0), Some(1.0), None]);
        assert_eq!(task_win_rates(&[None, Some(1.0)], false), [None, None]);
    }

    #[test]
    fn a_clear_winner_is_told_apart_and_equals_are_not() {
        let scores: Vec<Vec<Option<f64>>> = (0..60)
            .map(|i| {
                let flip = |modulus: i32| Some(f64::from(u8::from(i % modulus == 0)));
                vec![Some(1.0), flip(3), if i < 30 { flip(2) } else { flip(4) }, None]
            })
            .collect();
        let task = Task {
            lower_is_better: false,
            values: TaskValues::Units { scores, clusters: (0..60).collect() },
        };
        let rates = win_rates(&[task.clone(), task], 4, 500, 0.95, 1);
        assert_eq!(rates.systems[0].value, Some(1.0));
        assert_eq!(rates.systems[3], WinRate { value: None, interval: None, tasks: 0 });
        assert!(rates.same_p[0][1] < 0.01, "{:?}", rates.same_p);
        assert!(rates.same_p[1][2] > 0.2, "{:?}", rates.same_p);
        let interval = rates.systems[1].interval.as_ref().unwrap();
        assert!(interval.low < 0.2 && interval.high > 0.3, "{interval:?}");
    }
}
