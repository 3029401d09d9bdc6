//! What a report shows: each run's headline numbers with their uncertainty, what became of every request, and speed.

use std::collections::BTreeSet;

use holometer_core::{Cell, CellStatus, Estimate, MetricName, ModelName, RunName, Split};
use serde::{Deserialize, Serialize};

use crate::format::number;
use crate::table::{Column, Table};

/// What became of a run's requests; `planned` is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunTotals {
    /// Requests of the run.
    pub planned: usize,
    /// Answered.
    pub answered: usize,
    /// Refused by the provider.
    pub refused: usize,
    /// Failed, with a reason.
    pub failed: usize,
    /// Not yet run.
    pub not_run: usize,
    /// Seconds of model time, as far as recorded.
    pub seconds: f64,
    /// Prompt tokens that the model read, as far as it reports them.
    pub prompt_tokens: u64,
    /// Tokens that the model wrote, as far as it reports them.
    pub completion_tokens: u64,
    /// US dollars for those tokens by the model's price list; `None` where no price is known.
    #[serde(default)]
    pub cost_usd: Option<f64>,
}

/// A run with its cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// The run.
    pub run: RunName,
    /// The scenario with its arguments, without the model.
    pub label: String,
    /// The model.
    pub model: ModelName,
    /// The scenario's main metric.
    pub main_metric: MetricName,
    /// The split that it is read on; `None`: valid and test pooled.
    pub main_split: Option<Split>,
    /// Other metrics that the scenario is known for, shown by default after the main one.
    pub headline_metrics: Vec<MetricName>,
    /// Every cell.
    pub cells: Vec<Cell>,
    /// What became of its requests.
    pub totals: RunTotals,
}

/// A suite's runs, and what was not run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The suite.
    pub suite: String,
    /// The runs.
    pub runs: Vec<RunReport>,
    /// Planned cells that were not run, with the reason.
    pub not_run: Vec<(String, String)>,
}

/// Which metrics a table shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// The main metric and what the scenario is known for.
    #[default]
    Headline,
    /// Every metric.
    All,
    /// The named ones.
    Named(Vec<String>),
}

/// One row per run and metric: value, interval, n. A cell without a number says why.
pub fn metrics_table(report: &Report, detail: &Detail) -> Table {
    let mut rows = Vec::new();
    let mut shown = Vec::new();
    for run in &report.runs {
        for cell in selected(run, detail) {
            rows.push(row(run, cell));
            shown.push(cell);
        }
    }
    let names = ["run", "model", "metric", "slice"].map(Column::text);
    let numbers = ["value", "95% CI", "n", "clusters"].map(Column::number);
    Table {
        title: format!("Suite `{}`: {} runs", report.suite, report.runs.len()),
        columns: names.into_iter().chain(numbers).chain([Column::text("note")]).collect(),
        rows,
        notes: methods(&shown),
    }
}

fn selected<'a>(run: &'a RunReport, detail: &Detail) -> Vec<&'a Cell> {
    match detail {
        Detail::All => run.cells.iter().collect(),
        Detail::Named(names) => {
            let named = |cell: &&Cell| names.iter().any(|name| name == cell.metric.as_str());
            run.cells.iter().filter(named).collect()
        }
        Detail::Headline => {
            let wanted = [&run.main_metric].into_iter().chain(&run.headline_metrics);
            let mut cells: Vec<&Cell> = Vec::new();
            for metric in wanted {
                let of_metric = run.cells.iter().filter(|cell| {
                    cell.metric == *metric
                        && cell.slice.sub_split.is_none()
                        && on_main_split(run, cell)
                });
                for cell in of_metric {
                    if !cells.contains(&cell) {
                        cells.push(cell);
                    }
                }
            }
            cells
        }
    }
}

/// Whether a cell is over the split that the run's main metric is read on.
fn on_main_split(run: &RunReport, cell: &Cell) -> bool {
    let exists = |split: Option<Split>| run.cells.iter().any(|cell| cell.slice.split == split);
    match run.main_split {
        Some(split) if exists(Some(split)) => cell.slice.split == Some(split),
        _ if exists(None) => cell.slice.split.is_none(),
        _ => true,
    }
}

fn row(run: &RunReport, cell: &Cell) -> Vec<String> {
    let slice = &cell.slice;
    let mut words = vec![slice.split.map_or("valid+test", Split::as_str).to_owned()];
    words.extend(slice.sub_split.clone());
    words.extend(slice.perturbation.as_ref().map(ToString::to_string));
    words.extend(slice.computed_on.clone());
    let mut row =
        vec![run.label.clone(), run.model.to_string(), cell.metric.to_string(), words.join(" ")];
    match &cell.estimate {
        Some(estimate) => {
            row.push(number(estimate.value));
            row.push(interval(estimate));
            row.push(estimate.n.to_string());
            row.push(estimate.clusters.to_string());
        }
        None => row.extend(["-", "-", "0", "0"].map(str::to_owned)),
    }
    row.push(note(cell));
    row
}

fn interval(estimate: &Estimate) -> String {
    estimate.interval.as_ref().map_or_else(
        || "-".to_owned(),
        |interval| format!("{} to {}", number(interval.low), number(interval.high)),
    )
}

/// Why there is no number, or how many units it leaves out.
fn note(cell: &Cell) -> String {
    let most_frequent =
        cell.unscored_reasons.first().map(|(reason, _)| reason.as_str()).unwrap_or_default();
    match &cell.status {
        CellStatus::Ok => match cell.estimate.as_ref().map_or(0, |estimate| estimate.unscored) {
            0 => String::new(),
            unscored => format!("{unscored} unscored: {most_frequent}"),
        },
        CellStatus::InsufficientSupport { n, needed } => {
            format!("too few instances: {n} of {needed}")
        }
        CellStatus::NotApplicable { reason } => format!("not applicable: {reason}"),
        CellStatus::NotRequested { enable_with } => {
            format!("not requested; {enable_with} enables it")
        }
        CellStatus::ScorerUnavailable { fix } => format!("scorer unavailable: {fix}"),
        CellStatus::Failed { error } => format!("failed: {error}"),
    }
}

/// Which interval methods the shown cells use.
fn methods(cells: &[&Cell]) -> Vec<String> {
    let intervals = cells.iter().filter_map(|cell| cell.estimate.as_ref()?.interval.as_ref());
    let methods: BTreeSet<String> = intervals.map(|interval| method(&interval.method)).collect();
    if methods.is_empty() {
        return Vec::new();
    }
    let methods: Vec<String> = methods.into_iter().collect();
    vec![format!(
        "CI: 95%, by {}. n counts instances; intervals treat clusters as the independent units.",
        methods.join("; ")
    )]
}

/// An interval's method without the number of clusters, which has a column of its own.
fn method(full: &str) -> String {
    let parts: Vec<&str> = full.split(", ").filter(|part| !part.contains(" clusters")).collect();
    parts.join(", ")
}

/// One row per run: requests by outcome, and tokens per second.
pub fn speed_table(report: &Report) -> Table {
    let rows = report.runs.iter().map(|run| {
        let totals = &run.totals;
        let per_second = |count: f64| {
            if totals.seconds > 0.0 { number(count / totals.seconds) } else { "-".to_owned() }
        };
        vec![
            run.label.clone(),
            run.model.to_string(),
            totals.planned.to_string(),
            totals.answered.to_string(),
            totals.refused.to_string(),
            totals.failed.to_string(),
            totals.not_run.to_string(),
            number(totals.seconds),
            per_second(totals.answered as f64),
            per_second((totals.prompt_tokens + totals.completion_tokens) as f64),
            totals.cost_usd.map_or_else(|| "-".to_owned(), number),
        ]
    });
    let numbers = [
        "requests",
        "answered",
        "refused",
        "failed",
        "not run",
        "model s",
        "requests/s",
        "tokens/s",
        "cost USD",
    ]
    .map(Column::number);
    Table {
        title: "Requests and speed".to_owned(),
        columns: ["run", "model"].map(Column::text).into_iter().chain(numbers).collect(),
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

/// Planned cells that were not run, each with its reason; empty when everything ran.
pub fn coverage(report: &Report) -> Table {
    Table {
        title: format!("Not run: {}", report.not_run.len()),
        columns: ["planned", "reason"].map(Column::text).into(),
        rows: not_run_rows(&report.not_run),
        notes: Vec::new(),
    }
}

/// What was planned, and why it was not run, in one line each.
pub(crate) fn not_run_rows(not_run: &[(String, String)]) -> Vec<Vec<String>> {
    not_run.iter().map(|(cell, reason)| vec![cell.clone(), reason.replace('\n', "; ")]).collect()
}

#[cfg(test)]
mod tests {
    use super::not_run_rows;

    #[test]
    fn a_reason_of_several_lines_is_shown_in_one() {
        let rows = not_run_rows(&[("mmlu".into(), "no data\nhint: fetch it".into())]);
        assert_eq!(rows, [["mmlu", "no data; hint: fetch it"]]);
    }
}
