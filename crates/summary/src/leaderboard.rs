//! Leaderboards: models by their mean win rate, with uncertainty, and with those that the data can't tell apart grouped.

use std::collections::BTreeMap;

use holometer_core::{Interval, MetricName};
use holometer_stats::multiplicity::holm;
use holometer_stats::win_rate::{Task, TaskValues, win_rates};
use serde::{Deserialize, Serialize};

use crate::compare::SideScores;
use crate::estimate::labels;
use crate::fairness::Judgement;

/// One scenario's scores by model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaderboardScenario {
    /// The scenario with its arguments.
    pub label: String,
    /// By model: scores of single instances.
    pub scores: BTreeMap<String, SideScores>,
    /// By model: the main metric's value and standard error, for scenarios without scores of single instances; with the
    /// metric and whether smaller is better.
    pub estimates: BTreeMap<String, (f64, f64)>,
    /// The metric of the estimates.
    pub metric: MetricName,
    /// Whether smaller estimates are better.
    pub lower_is_better: bool,
}

/// A model's place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The model.
    pub model: String,
    /// HELM's mean win rate: over scenarios, the share of other models that it beats, ties half. `None`: it was compared nowhere.
    pub mean_win_rate: Option<f64>,
    /// The interval of the mean win rate.
    pub interval: Option<Interval>,
    /// On how many scenarios it was compared.
    pub scenarios: usize,
    /// The best rank that the data allows: one more than the models that are clearly better.
    pub best_rank: usize,
    /// The worst rank that the data allows.
    pub worst_rank: usize,
    /// Letters of the groups of models that can't be told apart; models that share a letter are tied.
    pub ties: String,
    /// Its values: by scenario.
    pub values: BTreeMap<String, f64>,
}

/// A leaderboard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leaderboard {
    /// The models, best first.
    pub standings: Vec<Standing>,
    /// The scenarios with their metric.
    pub scenarios: Vec<(String, MetricName)>,
    /// Scenarios that do not count, with the reason.
    pub left_out: Vec<(String, String)>,
}

/// Ranks models over scenarios.
pub fn leaderboard(
    models: &[String],
    scenarios: &[LeaderboardScenario],
    how: &Judgement,
) -> Leaderboard {
    let (mut tasks, mut counted, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for scenario in scenarios {
        match task(scenario, models) {
            Ok((task, metric)) => {
                tasks.push(task);
                counted.push((scenario.label.clone(), metric));
            }
            Err(reason) => left_out.push((scenario.label.clone(), reason)),
        }
    }
    let rates = win_rates(&tasks, models.len(), how.draws, how.level, 0);
    let better = clearly_better(&rates.systems, &rates.same_p, how.alpha);
    let mut standings: Vec<(usize, Standing)> = rates
        .systems
        .into_iter()
        .enumerate()
        .map(|(at, rate)| {
            let ahead = (0..models.len()).filter(|other| better[*other][at]).count();
            let behind = (0..models.len()).filter(|other| better[at][*other]).count();
            let standing = Standing {
                model: models[at].clone(),
                mean_win_rate: rate.value,
                interval: rate.interval.map(crate::estimate::into_core),
                scenarios: rate.tasks,
                best_rank: ahead + 1,
                worst_rank: models.len() - behind,
                ties: String::new(),
                values: values(&counted, scenarios, &models[at]),
            };
            (at, standing)
        })
        .collect();
    standings.sort_by(|(_, a), (_, b)| {
        let rate = |s: &Standing| s.mean_win_rate.unwrap_or(-1.0);
        rate(b).total_cmp(&rate(a)).then_with(|| a.model.cmp(&b.model))
    });
    let order: Vec<usize> = standings.iter().map(|(at, _)| *at).collect();
    let letters = letters(&order, &better);
    let standings = standings
        .into_iter()
        .zip(letters)
        .map(|((_, standing), ties)| Standing { ties, ..standing })
        .collect();
    Leaderboard { standings, scenarios: counted, left_out }
}

fn task(scenario: &LeaderboardScenario, models: &[String]) -> Result<(Task, MetricName), String> {
    let scored: Vec<&SideScores> = models
        .iter()
        .filter_map(|model| scenario.scores.get(model))
        .filter(|side| side.metric.is_some() && !side.instances.is_empty())
        .collect();
    if scored.windows(2).any(|pair| pair[0].scorer != pair[1].scorer) {
        return Err(
            "the models were scored by different scorers; `holometer rescore` scores all again"
                .into(),
        );
    }
    if scored.len() >= 2 && scored.windows(2).all(|pair| pair[0].metric == pair[1].metric) {
        let mut rows: BTreeMap<&str, (&str, Vec<Option<f64>>)> = BTreeMap::new();
        for (at, model) in models.iter().enumerate() {
            for (id, instance) in scenario.scores.get(model).iter().flat_map(|s| &s.instances) {
                let row = rows
                    .entry(id)
                    .or_insert_with(|| (instance.cluster.as_str(), vec![None; models.len()]));
                row.1[at] = Some(instance.score);
            }
        }
        let clusters = labels(rows.values().map(|(cluster, _)| *cluster));
        let scores = rows.into_values().map(|(_, scores)| scores).collect();
        let values = TaskValues::Units { scores, clusters };
        let metric = scored[0].metric.clone().unwrap_or_default();
        return Ok((Task { lower_is_better: scored[0].lower_is_better, values }, metric));
    }
    let estimates: Vec<Option<(f64, f64)>> =
        models.iter().map(|model| scenario.estimates.get(model).copied()).collect();
    if estimates.iter().flatten().count() < 2 {
        return Err("fewer than two models have a number".into());
    }
    let values = TaskValues::Estimates(estimates);
    Ok((Task { lower_is_better: scenario.lower_is_better, values }, scenario.metric.clone()))
}

fn values(
    counted: &[(String, MetricName)],
    scenarios: &[LeaderboardScenario],
    model: &str,
) -> BTreeMap<String, f64> {
    let mut values = BTreeMap::new();
    for scenario in scenarios.iter().filter(|s| counted.iter().any(|(label, _)| *label == s.label))
    {
        let mean =
            scenario.scores.get(model).filter(|side| !side.instances.is_empty()).map(|side| {
                let sum: f64 = side.instances.values().map(|instance| instance.score).sum();
                sum / side.instances.len() as f64
            });
        let value = mean.or_else(|| scenario.estimates.get(model).map(|(value, _)| *value));
        if let Some(value) = value {
            values.insert(scenario.label.clone(), value);
        }
    }
    values
}

/// Which model is better than which, after Holm's adjustment over all pairs.
fn clearly_better(
    rates: &[holometer_stats::win_rate::WinRate],
    same_p: &[Vec<f64>],
    alpha: f64,
) -> Vec<Vec<bool>> {
    let count = rates.len();
    let pairs: Vec<(usize, usize)> =
        (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b))).collect();
    let adjusted = holm(&pairs.iter().map(|(a, b)| same_p[*a][*b]).collect::<Vec<_>>());
    let mut better = vec![vec![false; count]; count];
    for ((a, b), p) in pairs.into_iter().zip(adjusted) {
        if let (Some(one), Some(other), true) = (rates[a].value, rates[b].value, p < alpha) {
            better[a][b] = one > other;
            better[b][a] = other > one;
        }
    }
    better
}

/// A letter for each longest run of neighbours, in rank order, of which none is clearly better than another.
fn letters(order: &[usize], better: &[Vec<bool>]) -> Vec<String> {
    let mut letters = vec![String::new(); order.len()];
    let (mut letter, mut last_end) = (0_u8, None);
    for start in 0..order.len() {
        let tied = |end: usize| {
            (start..end).all(|at| !better[order[at]][order[end]] && !better[order[end]][order[at]])
        };
        let mut end = start;
        while end + 1 < order.len() && tied(end + 1) {
            end += 1;
        }
        if last_end.is_some_and(|last| end <= last) {
            continue;
        }
        last_end = Some(end);
        let name = char::from(b'a' + letter % 26);
        letter += 1;
        for text in &mut letters[start..=end] {
            text.push(name);
        }
    }
    letters
}
