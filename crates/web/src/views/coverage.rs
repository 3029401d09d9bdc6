//! What was planned, what came of it, and why the rest has no number.

use std::time::{Duration, Instant};

use holometer_store::{Progress, RunInfo, Store};
use minijinja::value::Value;

use super::common::{label, reason, tally};
use super::compare::models;
use crate::kept::Held;
use crate::paths;
use crate::site::{Frame, PageError, Request, WAIT};
use crate::template::view;

/// Requests of runs that are not scored yet are counted again at most this often.
const FRESH: Duration = Duration::from_secs(1);

/// The page of a suite.
pub(crate) fn page(request: &Request<'_>, suite: &str) -> Result<String, PageError> {
    let runs = request.store.runs(suite)?;
    let models = models(&runs);
    let mut labels: Vec<String> = Vec::new();
    for run in &runs {
        let label = label(run);
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let mut rows = Vec::new();
    let mut totals = [0usize; 5];
    let end = Instant::now() + WAIT;
    let mut waiting = false;
    for run in &runs {
        let progress = progress(request, run, end)?;
        waiting |= progress.is_none();
        let (row, counts) = row(request, run, progress.unwrap_or_default(), progress.is_some())?;
        rows.push(row);
        for (total, count) in totals.iter_mut().zip(counts) {
            *total += count;
        }
    }
    let absent: Vec<Value> = labels
        .iter()
        .flat_map(|label| models.iter().map(move |model| (label, model)))
        .filter(|(name, model)| {
            !runs.iter().any(|run| run.spec.model.name.0 == **model && label(run) == **name)
        })
        .map(|(label, model)| view! { label => label, model => model, why => "this suite has no run of this model on this scenario" })
        .collect();
    let frame = Frame {
        title: format!("Coverage: {suite}"),
        current: "coverage",
        suite: Some(suite),
        per_suite: true,
        crumbs: Vec::new(),
    };
    request.render(
        "coverage.html",
        &frame,
        view! {
            rows => rows, absent => absent, waiting => waiting, planned => not_run(request, suite)?,
            totals => view! {
                planned => totals[0], answered => totals[1], refused => totals[2], failed => totals[3], not_run => totals[4],
                numbers => rows.iter().filter_map(|row: &Value| row.get_attr("numbers").ok()?.as_usize()).sum::<usize>(),
                explained => rows.iter().filter_map(|row: &Value| row.get_attr("explained").ok()?.as_usize()).sum::<usize>(),
            },
        },
    )
}

/// What was planned for a suite and could not be run, each with the lines of its reason.
pub(super) fn not_run(request: &Request<'_>, suite: &str) -> Result<Vec<Value>, PageError> {
    let planned = request.store.not_run(suite)?;
    let shown = planned.into_iter().map(|(cell, reason)| {
        view! { cell => cell, reason => reason.lines().collect::<Vec<_>>() }
    });
    Ok(shown.collect())
}

/// What became of a run's requests. While it is not scored they are counted, in the background where that takes long: `None` until
/// they have been counted once.
fn progress(
    request: &Request<'_>,
    run: &RunInfo,
    end: Instant,
) -> Result<Option<Progress>, PageError> {
    if let Some(tally) = request.store.tally(run.id)? {
        return Ok(Some(tally.progress));
    }
    if request.site.mode.is_files() {
        return Ok(Some(request.store.progress(run.id)?));
    }
    let (kept, name) = (&request.site.progress, run.id.0.to_string());
    let (database, id) = (request.store.path().to_path_buf(), run.id);
    let patience = end.saturating_duration_since(Instant::now());
    let held = kept.get(&name, kept.next_state(&name, FRESH), patience, move || {
        let store = Store::open_read_only(&database).map_err(|error| error.to_string())?;
        store.progress(id).map_err(|error| error.to_string())
    });
    match held {
        Held::Ready(progress) => Ok(Some(*progress)),
        Held::Making(_, older) => Ok(older.map(|progress| *progress)),
        Held::Failed(why) => Err(PageError::Content(why)),
    }
}

/// A run's line, and planned, answered, refused, failed and not run.
fn row(
    request: &Request<'_>,
    run: &RunInfo,
    progress: Progress,
    counted: bool,
) -> Result<(Value, [usize; 5]), PageError> {
    let cells = request.store.cells(run.id)?;
    let with_number = cells.iter().filter(|cell| cell.estimate.is_some()).count();
    let reasons: Vec<String> = cells
        .iter()
        .filter(|cell| cell.estimate.is_none())
        .map(|cell| {
            let (_, long) = reason(&cell.status);
            if long.is_empty() { "no number, and no reason was given".to_owned() } else { long }
        })
        .collect();
    let grouped: Vec<Value> = tally(reasons.iter().map(String::as_str))
        .into_iter()
        .map(|(why, count)| {
            let metrics = cells
                .iter()
                .filter(|cell| cell.estimate.is_none() && reason(&cell.status).1 == why)
                .map(|cell| cell.metric.0.as_str());
            let mut metrics: Vec<&str> = metrics.collect();
            metrics.sort_unstable();
            metrics.dedup();
            view! { why => why, count => count, metrics => metrics.join(", ") }
        })
        .collect();
    let counts =
        [progress.planned, progress.answered, progress.refused, progress.failed, progress.not_run];
    let row = view! {
        label => label(run), model => run.spec.model.name.0, href => paths::run(run.id.0),
        planned => counts[0], answered => counts[1], refused => counts[2], failed => counts[3], not_run => counts[4],
        adds_up => counts[0] == counts[1..].iter().sum::<usize>(), numbers => with_number,
        explained => cells.len() - with_number, reasons => grouped, counted => counted, scored => run.finished.is_some(),
    };
    Ok((row, counts))
}
