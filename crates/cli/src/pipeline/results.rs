//! The results database, opened for commands, and what reports read from it.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use holometer_core::{
    Cell, CellStatus, MainMetric, MetricName, Outcome, Price, ScenarioCard, ScenarioCatalogue,
    Slice,
};
use holometer_report::{Report, RunReport, RunTotals};
use holometer_scenarios::Catalogue;
use holometer_store::{RunInfo, Store, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Where a run's circumstances hold the price of its model.
pub(crate) const PRICE_FIELD: &str = "price";

/// Where a run's circumstances hold what its scenario is known for.
pub(crate) const HEADLINE_FIELD: &str = "headline";

/// The numbers that a scenario is known for. Recorded with each run, so that reports need no scenario file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Headline {
    /// The main metric.
    pub(crate) main: MainMetric,
    /// Other metrics to show with it.
    pub(crate) others: Vec<MetricName>,
}

impl Headline {
    /// From a scenario's card.
    pub(crate) fn of(card: &ScenarioCard) -> Self {
        Self { main: card.main_metric.clone(), others: card.headline_metrics.clone() }
    }

    /// Of a stored run: by the catalogue, which may know better than the version that made the run; else as recorded.
    pub(crate) fn of_run(run: &RunInfo, catalogue: &Catalogue) -> Self {
        let recorded = || serde_json::from_value(run.host.get(HEADLINE_FIELD)?.clone()).ok();
        let card = catalogue.card(run.spec.scenario.name.as_str());
        card.map(Self::of).or_else(recorded).unwrap_or_default()
    }
}

/// The present time, for records.
pub(crate) fn now() -> UnixMillis {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

/// Opens the database, makes it if there is none.
pub(crate) fn open_for_writing(path: &Path) -> Result<Store, Failure> {
    Store::open(path).map_err(Failure::usage)
}

/// Opens an existing database.
pub(crate) fn open_for_reading(path: &Path) -> Result<Store, Failure> {
    if !path.exists() {
        return Err(Failure::usage(format!(
            "there is no results database at `{}`",
            path.display()
        ))
        .hint("`holometer run` makes one; --db names another place"));
    }
    Store::open_for_reading(path).map_err(Failure::usage)
}

/// The report of a suite: of the named one, else of the one that was run last.
pub(crate) fn report(
    store: &Store,
    suite: Option<&str>,
    catalogue: &Catalogue,
) -> Result<Report, Failure> {
    let suite = suite_or_latest(store, suite)?;
    let runs = runs_of(store, &suite)?;
    let runs =
        runs.iter().map(|run| run_report(store, run, catalogue)).collect::<Result<_, _>>()?;
    let not_run = store.not_run(&suite).map_err(Failure::usage)?;
    Ok(Report { suite, runs, not_run })
}

/// The named suite, else the one that was run last.
pub(crate) fn suite_or_latest(store: &Store, suite: Option<&str>) -> Result<String, Failure> {
    let latest = store.latest_suite().map_err(Failure::usage)?;
    suite.map(str::to_owned).or(latest).ok_or_else(|| {
        Failure::nothing("the results database has no runs yet").hint("`holometer run` makes some")
    })
}

/// The current runs of a suite.
pub(crate) fn runs_of(store: &Store, suite: &str) -> Result<Vec<RunInfo>, Failure> {
    let runs = store.runs(suite).map_err(Failure::usage)?;
    if runs.is_empty() {
        let suites = store.suites().map_err(Failure::usage)?;
        return Err(Failure::usage(format!("there is no suite `{suite}` in the results database"))
            .hint(format!("it has: {}", suites.join(", "))));
    }
    Ok(runs)
}

fn run_report(store: &Store, run: &RunInfo, catalogue: &Catalogue) -> Result<RunReport, Failure> {
    let Headline { main, others } = Headline::of_run(run, catalogue);
    let mut cells = store.cells(run.id).map_err(Failure::usage)?;
    if !main.metric.0.is_empty() && !cells.iter().any(|cell| cell.metric == main.metric) {
        cells.push(absent(&main, &cells, run.finished.is_some()));
    }
    Ok(RunReport {
        run: run.spec.name.clone(),
        label: run_label(run),
        model: run.spec.model.name.clone(),
        main_metric: main.metric,
        main_split: main.split,
        headline_metrics: others,
        cells,
        totals: totals(store, run)?,
    })
}

/// The run's name without its model.
pub(crate) fn run_label(run: &RunInfo) -> String {
    let name = run.spec.name.as_str();
    let model = format!("model={}", run.spec.model.name.as_str().replace('/', "_"));
    let without = name.replace(&format!(",{model}"), "").replace(&model, "");
    without.trim_end_matches(':').replace(":,", ":")
}

/// A cell for a main metric that the run does not have.
fn absent(main: &MainMetric, cells: &[Cell], scored: bool) -> Cell {
    let reason = if scored {
        "the run's metrics do not give it for any unit".to_owned()
    } else {
        "the run has not been scored yet".to_owned()
    };
    let split =
        main.split.filter(|split| cells.iter().any(|cell| cell.slice.split == Some(*split)));
    let slice = Slice { split, sub_split: None, perturbation: None, computed_on: None };
    Cell {
        metric: main.metric.clone(),
        slice,
        status: CellStatus::NotApplicable { reason },
        estimate: None,
        unscored_reasons: Vec::new(),
        scorer: None,
    }
}

/// What became of the run's requests, and the time and tokens they took.
fn totals(store: &Store, run: &RunInfo) -> Result<RunTotals, Failure> {
    let progress = store.progress(run.id).map_err(Failure::usage)?;
    let mut totals = RunTotals {
        planned: progress.planned,
        answered: progress.answered,
        refused: progress.refused,
        failed: progress.failed,
        not_run: progress.not_run,
        ..RunTotals::default()
    };
    for answer in store.answers(run.id) {
        let Some(reply) = answer.map_err(Failure::usage)?.reply else { continue };
        totals.seconds += reply.seconds.unwrap_or(0.0);
        if let Outcome::Answered(response) = &reply.outcome {
            totals.prompt_tokens += response.prompt_tokens.unwrap_or(0) as u64;
            totals.completion_tokens += response.completion_tokens.unwrap_or(0) as u64;
        }
    }
    totals.cost_usd = recorded_price(run)
        .map(|price| price.of_tokens(totals.prompt_tokens, totals.completion_tokens));
    Ok(totals)
}

/// What the run's model cost when the run was begun.
fn recorded_price(run: &RunInfo) -> Option<Price> {
    serde_json::from_value(run.host.get(PRICE_FIELD)?.clone()).ok()
}
