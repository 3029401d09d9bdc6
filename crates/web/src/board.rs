//! The leaderboard's numbers: models by scenarios, mean win rates with their uncertainty, ties.

use std::collections::BTreeMap;

use holometer_core::{Cell, CellStatus};
use holometer_store::RunInfo;
use holometer_summary::fairness::Judgement;
use holometer_summary::leaderboard::{LeaderboardScenario, leaderboard};

use crate::site::{PageError, Request};
use crate::views::common::{label, main_cell, on_main_split};

/// Which number of each run is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// The number that the scenario is known for.
    Main,
    /// The same in the worst case over all perturbations of one pooled kind, `robustness` or `fairness`.
    Worst(&'static str),
    /// One metric, wherever it is there.
    Metric(String),
}

impl Measure {
    /// Reads a query's value.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "" | "main" => Self::Main,
            "robustness" => Self::Worst("robustness"),
            "fairness" => Self::Worst("fairness"),
            name => Self::Metric(name.to_owned()),
        }
    }
}

/// A model's place in a column.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The run; `None` when there is none.
    pub(crate) run: Option<i64>,
    /// Its number, or why there is none.
    pub(crate) cell: Cell,
}

/// A column: a scenario with its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// The scenario with its arguments.
    pub(crate) label: String,
    /// The scenario.
    pub(crate) scenario: String,
    /// What is shown; of several the first.
    pub(crate) metric: String,
    /// Whether larger values are better.
    pub(crate) higher: Option<bool>,
    /// The metric's range.
    pub(crate) range: Option<(f64, f64)>,
    /// The scenario's tags and the runs' groups.
    pub(crate) tags: Vec<String>,
    /// One per model.
    pub(crate) places: Vec<Place>,
}

impl Column {
    /// The values in the models' order.
    pub(crate) fn values(&self) -> Vec<Option<f64>> {
        self.places.iter().map(|place| Some(place.cell.estimate.as_ref()?.value)).collect()
    }
}

/// The whole board.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board {
    /// The models, the best first.
    pub(crate) models: Vec<Standing>,
    /// The columns.
    pub(crate) columns: Vec<Column>,
}

/// How a model stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    /// The model.
    pub(crate) name: String,
    /// The best and the worst rank that the data allow.
    pub(crate) ranks: (usize, usize),
    /// Letters of the groups of models that can't be told apart.
    pub(crate) ties: String,
    /// Its mean win rate with interval.
    pub(crate) win_rate: Option<(f64, Option<(f64, f64)>)>,
    /// In how many columns it was compared.
    pub(crate) compared: usize,
    /// The mean of the columns in which more is better and the range is 0 to 1, with interval, and of how many.
    pub(crate) mean: Option<MeanOfShares>,
}

/// A mean, its interval, and of how many columns.
pub(crate) type MeanOfShares = (f64, Option<(f64, f64)>, usize);

/// Which runs are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// A run group or a tag; empty: all.
    pub(crate) tag: &'a str,
    /// A part of the model's name; empty: all.
    pub(crate) model: &'a str,
    /// A part of the scenario's label; empty: all.
    pub(crate) scenario: &'a str,
}

/// Reads a suite's board.
pub(crate) fn board(
    request: &Request<'_>,
    runs: &[RunInfo],
    measure: &Measure,
    wanted: &Wanted<'_>,
) -> Result<Board, PageError> {
    let lower = |text: &str| text.to_lowercase();
    let (tag, model, scenario) = (wanted.tag, lower(wanted.model), lower(wanted.scenario));
    let mut models: Vec<String> = Vec::new();
    let mut columns: Vec<(String, Vec<&RunInfo>)> = Vec::new();
    for run in runs {
        let name = label(run);
        let tags = tags(request, run);
        let shown = (tag.is_empty() || tags.iter().any(|known| known == tag))
            && lower(run.spec.model.name.as_str()).contains(&model)
            && lower(&name).contains(&scenario);
        if !shown {
            continue;
        }
        if !models.contains(&run.spec.model.name.0) {
            models.push(run.spec.model.name.0.clone());
        }
        match columns.iter_mut().find(|(known, _)| *known == name) {
            Some((_, list)) => list.push(run),
            None => columns.push((name, vec![run])),
        }
    }
    let columns: Vec<Column> = columns
        .into_iter()
        .map(|(label, runs)| column(request, label, &runs, &models, measure))
        .collect::<Result<_, _>>()?;
    Ok(ranked(&models, columns))
}

/// A scenario's tags and its run's groups, sorted.
pub(crate) fn tags(request: &Request<'_>, run: &RunInfo) -> Vec<String> {
    let card = request.site.cards.scenario(run.spec.scenario.name.as_str());
    let mut tags = card.map(|card| card.tags.clone()).unwrap_or_default();
    tags.extend(run.spec.groups.iter().cloned());
    tags.sort();
    tags.dedup();
    tags
}

fn column(
    request: &Request<'_>,
    label: String,
    runs: &[&RunInfo],
    models: &[String],
    measure: &Measure,
) -> Result<Column, PageError> {
    let mut by_model: BTreeMap<&str, (i64, Cell)> = BTreeMap::new();
    for run in runs {
        let cell = shown_cell(request, run, measure)?;
        by_model.insert(run.spec.model.name.as_str(), (run.id.0, cell));
    }
    let metric = by_model
        .values()
        .map(|(_, cell)| cell)
        .find(|cell| cell.estimate.is_some())
        .or_else(|| by_model.values().map(|(_, cell)| cell).next())
        .map(|cell| cell.metric.0.clone())
        .unwrap_or_default();
    let places = models.iter().map(|model| match by_model.remove(model.as_str()) {
        Some((run, cell)) => Place { run: Some(run), cell },
        None => {
            Place { run: None, cell: missing("no run of this model on this scenario", &metric) }
        }
    });
    let places = places.collect();
    let card = request.site.cards.metric(&metric);
    Ok(Column {
        label,
        scenario: runs.first().map(|run| run.spec.scenario.name.0.clone()).unwrap_or_default(),
        higher: card.and_then(|card| card.higher_is_better),
        range: card.map(|card| card.range),
        tags: runs.first().map(|run| tags(request, run)).unwrap_or_default(),
        metric,
        places,
    })
}

fn shown_cell(request: &Request<'_>, run: &RunInfo, measure: &Measure) -> Result<Cell, PageError> {
    let main = main_cell(request, run)?;
    let (found, name) = match measure {
        Measure::Main => {
            let name = request.site.cards.main_metrics(&run.spec).into_iter().next();
            (main, name.unwrap_or_default().0)
        }
        Measure::Worst(kind) => {
            let Some(main) = main else { return Ok(unscored(run, "")) };
            let cells = request.store.cells_of(run.id, &main.metric)?;
            let metric = main.metric.0;
            let found = on_main_split(request, run, cells, Some(kind));
            if found.is_none() && run.finished.is_some() {
                return Ok(missing(&format!("the run has no perturbations for {kind}"), &metric));
            }
            (found, metric)
        }
        Measure::Metric(name) => {
            let cells = request.store.cells_of(run.id, &name.as_str().into())?;
            (on_main_split(request, run, cells, None), name.clone())
        }
    };
    Ok(found.unwrap_or_else(|| unscored(run, &name)))
}

fn unscored(run: &RunInfo, metric: &str) -> Cell {
    let why = if run.finished.is_some() {
        "the run's metrics do not give it"
    } else {
        "the run has not been scored yet"
    };
    missing(why, metric)
}

fn missing(why: &str, metric: &str) -> Cell {
    Cell {
        metric: metric.into(),
        slice: holometer_core::Slice {
            split: None,
            sub_split: None,
            perturbation: None,
            computed_on: None,
        },
        status: CellStatus::NotApplicable { reason: why.to_owned() },
        estimate: None,
        unscored_reasons: Vec::new(),
        scorer: None,
    }
}

/// Orders the models by their mean win rate, and says which can't be told apart. Uses the cells' values and intervals: the
/// single scores behind them may be millions.
fn ranked(models: &[String], mut columns: Vec<Column>) -> Board {
    let scenarios: Vec<LeaderboardScenario> =
        columns.iter().filter_map(|column| scenario(column, models)).collect();
    let ranked = leaderboard(models, &scenarios, &Judgement::default());
    let mut order = Vec::new();
    let mut standings = Vec::new();
    for standing in ranked.standings {
        let Some(at) = models.iter().position(|model| *model == standing.model) else { continue };
        order.push(at);
        standings.push(Standing {
            mean: mean(&columns, at),
            name: standing.model,
            ranks: (standing.best_rank, standing.worst_rank),
            ties: standing.ties,
            win_rate: standing
                .mean_win_rate
                .map(|value| (value, standing.interval.map(|ends| (ends.low, ends.high)))),
            compared: standing.scenarios,
        });
    }
    for column in &mut columns {
        column.places = order.iter().map(|at| column.places[*at].clone()).collect();
    }
    Board { models: standings, columns }
}

/// A column for the ranking; `None` where no direction is better.
fn scenario(column: &Column, models: &[String]) -> Option<LeaderboardScenario> {
    let lower_is_better = !column.higher?;
    let estimates = models.iter().zip(&column.places).filter_map(|(model, place)| {
        let estimate = place.cell.estimate.as_ref()?;
        // Half of a 95% interval is 1.96 standard errors.
        let error =
            estimate.interval.as_ref().map_or(0.0, |ends| (ends.high - ends.low) / 2.0 / 1.96);
        Some((model.clone(), (estimate.value, error)))
    });
    Some(LeaderboardScenario {
        label: column.label.clone(),
        estimates: estimates.collect(),
        metric: column.metric.as_str().into(),
        lower_is_better,
        ..LeaderboardScenario::default()
    })
}

/// The mean over the columns that are shares of which more is better; its interval treats columns as independent.
fn mean(columns: &[Column], model: usize) -> Option<MeanOfShares> {
    let shares = columns.iter().filter(|column| {
        column.higher == Some(true) && column.range.is_some_and(|range| range == (0.0, 1.0))
    });
    let estimates: Vec<_> =
        shares.filter_map(|column| column.places[model].cell.estimate.as_ref()).collect();
    if estimates.is_empty() {
        return None;
    }
    let count = estimates.len() as f64;
    let value = estimates.iter().map(|estimate| estimate.value).sum::<f64>() / count;
    let errors: Option<Vec<f64>> = estimates
        .iter()
        .map(|estimate| estimate.interval.as_ref().map(|ends| (ends.high - ends.low) / 2.0))
        .collect();
    let ends = errors.map(|errors| {
        let half = errors.iter().map(|error| error * error).sum::<f64>().sqrt() / count;
        ((value - half).max(0.0), (value + half).min(1.0))
    });
    Some((value, ends, estimates.len()))
}
