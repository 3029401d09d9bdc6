//! What was planned, what came of it, and why the rest has no number.

use holometer_store::RunInfo;
use minijinja::value::Value;

use super::common::{label, reason, tally};
use super::compare::models;
use crate::paths;
use crate::site::{Frame, PageError, Request};
use crate::template::view;

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
    for run in &runs {
        let (row, counts) = row(request, run)?;
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
            rows => rows, absent => absent,
            totals => view! {
                planned => totals[0], answered => totals[1], refused => totals[2], failed => totals[3], not_run => totals[4],
                numbers => rows.iter().filter_map(|row: &Value| row.get_attr("numbers").ok()?.as_usize()).sum::<usize>(),
                explained => rows.iter().filter_map(|row: &Value| row.get_attr("explained").ok()?.as_usize()).sum::<usize>(),
            },
        },
    )
}

/// A run's line, and planned, answered, refused, failed and not run.
fn row(request: &Request<'_>, run: &RunInfo) -> Result<(Value, [usize; 5]), PageError> {
    let tally_of = request.store.tally(run.id)?;
    let progress = match tally_of {
        Some(tally) => tally.progress,
        None => request.store.progress(run.id)?,
    };
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
    let counted: Vec<Value> = tally(reasons.iter().map(String::as_str))
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
        explained => cells.len() - with_number, reasons => counted, scored => run.finished.is_some(),
    };
    Ok((row, counts))
}
