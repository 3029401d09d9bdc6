//! Whom the models fail: the fairness row of each model and scenario, gaps with intervals, how the families go together,
//! and what was not measured.

use std::sync::Arc;
use std::time::Duration;

use holometer_report::fairness::{FairnessReport, p_value};
use holometer_store::{RunInfo, Store};
use holometer_summary::fairness::{FairnessCell, FairnessRow, Family};
use holometer_summary::{Entry, Finding, Verdict, status_reason};
use minijinja::value::Value;

use super::common::{interval, reason, state_of, tally};
use super::run::figure;
use crate::kept::Held;
use crate::paths;
use crate::plot::{Forest, ForestRow, Plot, Point};
use crate::site::{Frame, PageError, Request, WAIT};
use crate::template::view;
use crate::text::shown_number as number;

/// The most differences in the forest plot.
const MOST_ROWS: usize = 40;

/// The page of a suite. What takes long to compute is computed in the background; until it is there, the page says so and shows
/// the measures as they were before the last change, if there are any.
pub(crate) fn page(request: &Request<'_>, suite: &str) -> Result<String, PageError> {
    let runs = request.store.runs(suite)?;
    let (report, taken) = if request.site.mode.is_files() {
        (Some(Arc::new(now(request, suite)?)), None)
    } else {
        match soon(request, suite, &runs) {
            Held::Ready(report) => (Some(report), None),
            Held::Making(taken, older) => (older, Some(taken)),
            Held::Failed(why) => return Err(PageError::Content(why)),
        }
    };
    let frame = Frame {
        title: format!("Fairness: {suite}"),
        current: "fairness",
        suite: Some(suite),
        per_suite: true,
        crumbs: Vec::new(),
    };
    let content = report.as_deref().map(|report| content(report, &runs)).unwrap_or_default();
    let waiting = taken.map(|taken| waiting(taken, &runs, report.is_some()));
    request.render(
        "fairness.html",
        &frame,
        view! { ready => report.is_some(), waiting => waiting, ..content },
    )
}

/// What is said while the measures are being computed.
fn waiting(taken: Duration, runs: &[RunInfo], older: bool) -> Value {
    view! {
        seconds => taken.as_secs(), runs => runs.len(),
        instances => runs.iter().map(|run| run.instances).sum::<usize>(), older => older,
    }
}

fn content(report: &FairnessReport, runs: &[RunInfo]) -> Value {
    let run_of = |row: &FairnessRow| {
        let found = runs.iter().find(|run| run.spec.name == row.run);
        found.map(|run| paths::run(run.id.0))
    };
    let rows: Vec<Value> = report
        .rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            view! {
                at => at, label => row.label, model => row.model.0, href => run_of(row),
                model_href => paths::card("models", row.model.as_str()),
                families => Family::ALL.iter().map(|family| headline(row, *family)).collect::<Vec<_>>(),
                measures => row.cells.iter().map(measure).collect::<Vec<_>>(),
                missing => missing(row),
            }
        })
        .collect();
    let findings =
        || report.rows.iter().flat_map(|row| &row.cells).filter_map(|cell| cell.entry.finding());
    let counts =
        |verdict: Verdict| findings().filter(|found| found.verdict == Some(verdict)).count();
    let all = report.rows.iter().map(|row| row.cells.len()).sum::<usize>();
    let numbers = findings().count();
    view! {
        rows => rows, families => Family::ALL.iter().map(|family| family.as_str()).collect::<Vec<_>>(),
        forest => forest_plot(report).as_ref().map(figure), panel => panel(report), methods => report.methods,
        margin => number(report.judgement.margin), level => number(report.judgement.level * 100.0),
        disparities => counts(Verdict::Disparity), equivalent => counts(Verdict::Equivalent),
        inconclusive => counts(Verdict::Inconclusive), measured => numbers, unmeasured => all - numbers,
    }
}

/// The suite's report, whatever it takes.
pub(super) fn now(request: &Request<'_>, suite: &str) -> Result<FairnessReport, PageError> {
    (request.site.fairness)(request.store, suite).map_err(PageError::Content)
}

/// The suite's report as far as it is there, made again when a run has been scored since.
fn soon(request: &Request<'_>, suite: &str, runs: &[RunInfo]) -> Held<FairnessReport> {
    let (make, name) = (Arc::clone(&request.site.fairness), suite.to_owned());
    let database = request.store.path().to_path_buf();
    request.site.reports.get(suite, state_of(runs), WAIT, move || {
        let store = Store::open_read_only(&database).map_err(|error| error.to_string())?;
        make(&store, &name)
    })
}

fn headline(row: &FairnessRow, family: Family) -> Value {
    match row.headline(family) {
        None => absent("", "none", "the row has no measure of this family"),
        Some(cell) => entry(cell),
    }
}

fn measure(cell: &FairnessCell) -> Value {
    view! { family => cell.family.as_str(), ..entry(cell) }
}

fn entry(cell: &FairnessCell) -> Value {
    match &cell.entry {
        Entry::Missing(status) => absent(&cell.measure, reason(status).0, &status_reason(status)),
        Entry::Found(finding) => found(cell, finding),
    }
}

/// A measure without a number.
fn absent(measure: &str, short: &str, reason: &str) -> Value {
    view! {
        measure => measure, short => short, reason => reason, value => "", exact => "", verdict => "", mark => "", p => "",
        interval => "",
    }
}

fn found(cell: &FairnessCell, finding: &Finding) -> Value {
    let verdict = finding.verdict.map(Verdict::as_str);
    view! {
        measure => cell.measure, value => number(finding.value), exact => finding.value, short => "", reason => "",
        interval => finding.interval.as_ref().map(|ends| interval(ends.low, ends.high)),
        method => finding.interval.as_ref().map(|ends| ends.method.clone()),
        p => finding.adjusted_p.or(finding.p_value).map(p_value), n => finding.n, clusters => finding.clusters,
        mde => finding.minimum_detectable_effect.map(number), verdict => verdict, notes => finding.notes.join("; "),
        mark => match finding.verdict {
            Some(Verdict::Disparity) => "!", Some(Verdict::Equivalent) => "=", Some(Verdict::Inconclusive) => "?", None => "",
        },
    }
}

/// Why measures of a row are missing, with counts.
fn missing(row: &FairnessRow) -> Vec<(String, usize)> {
    let reasons: Vec<String> = row
        .cells
        .iter()
        .filter_map(|cell| match &cell.entry {
            Entry::Missing(status) => Some(status_reason(status)),
            Entry::Found(_) => None,
        })
        .collect();
    tally(reasons.iter().map(String::as_str))
        .into_iter()
        .map(|(why, count)| (why.to_owned(), count))
        .collect()
}

/// The tested differences with intervals, the clearest first.
pub(super) fn forest_plot(report: &FairnessReport) -> Option<Plot> {
    let mut tested: Vec<(f64, String, &Finding)> = report
        .rows
        .iter()
        .flat_map(|row| row.cells.iter().map(move |cell| (row, cell)))
        .filter_map(|(row, cell)| {
            let finding = cell.entry.finding()?;
            let p = finding.adjusted_p.or(finding.p_value)?;
            finding.interval.as_ref()?;
            Some((
                p,
                format!(
                    "{}: {}, {} ({})",
                    cell.family.as_str(),
                    cell.measure,
                    row.label,
                    row.model
                ),
                finding,
            ))
        })
        .collect();
    let all = tested.len();
    tested.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.2.value.abs().total_cmp(&a.2.value.abs())));
    tested.truncate(MOST_ROWS);
    if tested.is_empty() {
        return None;
    }
    let rows = tested.into_iter().map(|(p, label, finding)| ForestRow {
        label,
        point: Point {
            value: finding.value,
            ends: finding.interval.as_ref().map(|ends| (ends.low, ends.high)),
        },
        note: format!("{}, p {}", finding.verdict.map_or("", Verdict::as_str), p_value(p)),
    });
    let forest = Forest {
        title: "Gaps, the clearest first".to_owned(),
        description: format!(
            "Differences between groups or between a question and its rewriting, with intervals and adjusted p values. {} of {all} tested differences are shown.",
            all.min(MOST_ROWS)
        ),
        unit: "difference".to_owned(),
        rows: rows.collect(),
    };
    Some(forest.plot())
}

fn panel(report: &FairnessReport) -> Vec<Value> {
    let mut entries: Vec<_> = report.panel.iter().collect();
    entries.sort_by(|a, b| {
        a.adjusted_p.total_cmp(&b.adjusted_p).then(b.value.abs().total_cmp(&a.value.abs()))
    });
    let shown = entries.into_iter().take(200).map(|entry| {
        view! {
            over => entry.over, first => entry.first, second => entry.second, value => number(entry.value), exact => entry.value,
            interval => entry.interval.as_ref().map(|ends| interval(ends.low, ends.high)), p => p_value(entry.adjusted_p), n => entry.n,
            clear => entry.adjusted_p < 0.05,
        }
    });
    shown.collect()
}
