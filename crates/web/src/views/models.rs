//! The models of the database, and a page for each: where it stands, scenario by scenario.

use holometer_store::RunInfo;
use minijinja::value::Value;

use super::common::{cell, label, main_cell, time};
use super::run::figure;
use crate::cards::price;
use crate::paths;
use crate::plot::{Bars, Point, SeriesData};
use crate::site::{Frame, PageError, Request, link};
use crate::template::view;
use crate::text::shown_number as number;

/// All models.
pub(crate) fn list(request: &Request<'_>) -> Result<String, PageError> {
    let runs = current(request)?;
    let mut models: Vec<(String, Vec<&RunInfo>)> = Vec::new();
    for run in &runs {
        match models.iter_mut().find(|(name, _)| *name == run.spec.model.name.0) {
            Some((_, list)) => list.push(run),
            None => models.push((run.spec.model.name.0.clone(), vec![run])),
        }
    }
    let rows: Vec<Value> = models
        .iter()
        .map(|(name, runs)| {
            let mut suites: Vec<&str> = runs.iter().map(|run| run.suite.as_str()).collect();
            suites.sort_unstable();
            suites.dedup();
            let instances: usize = runs.iter().map(|run| run.instances).sum();
            view! {
                name => name, href => paths::card("models", name), runs => runs.len(), suites => suites.join(", "),
                instances => instances, latest => runs.iter().map(|run| run.created).max_by_key(|at| at.0).map(time),
            }
        })
        .collect();
    let frame = Frame { title: "Models".to_owned(), current: "models", ..Frame::default() };
    request.render("models.html", &frame, view! { rows => rows })
}

fn current(request: &Request<'_>) -> Result<Vec<RunInfo>, PageError> {
    let mut runs = Vec::new();
    for suite in request.store.suites()? {
        runs.extend(request.store.runs(&suite)?);
    }
    Ok(runs)
}

/// One model.
pub(crate) fn page(request: &Request<'_>, file: &str) -> Result<String, PageError> {
    let slug = file.strip_suffix(".html").ok_or_else(|| request.not_found())?;
    let runs = current(request)?;
    let own: Vec<&RunInfo> =
        runs.iter().filter(|run| paths::slug(run.spec.model.name.as_str()) == slug).collect();
    let first = own.first().ok_or_else(|| request.not_found())?;
    let name = first.spec.model.name.0.clone();
    let mut fingerprints: Vec<&str> = own.iter().map(|run| run.fingerprint.as_str()).collect();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    let mut rows = Vec::new();
    let mut bars = SeriesData {
        title: format!("{name}: main metric of each scenario"),
        description:
            "Lying bars with 95% intervals, for the metrics in which more is better, from 0 to 1."
                .to_owned(),
        unit: "main metric".to_owned(),
        ..SeriesData::default()
    };
    let mut points = Vec::new();
    for run in &own {
        let main = main_cell(request, run)?;
        if let Some(found) = &main {
            let card = request.site.cards.metric(found.metric.as_str());
            let share = card.is_some_and(|card| {
                card.range == (0.0, 1.0) && card.higher_is_better == Some(true)
            });
            if let (true, Some(estimate)) = (share, &found.estimate) {
                bars.categories.push(label(run));
                let ends = estimate.interval.as_ref().map(|ends| (ends.low, ends.high));
                points.push(Some(Point { value: estimate.value, ends }));
            }
        }
        rows.push(view! {
            label => label(run), suite => run.suite, run => paths::run(run.id.0), instances => paths::instances(run.id.0),
            metric => main.as_ref().map(|main| main.metric.0.clone()), cell => main.as_ref().map(cell),
            status => if run.finished.is_some() { "no main metric" } else { "not scored yet" },
            n => run.instances, created => time(run.created),
        });
    }
    bars.series.push((name.clone(), points));
    let chart = (bars.categories.len() > 1 && bars.categories.len() <= 80)
        .then(|| figure(&Bars(bars).plot()));
    let cost = price(&first.host).map(|price| {
        format!(
            "{} USD per million tokens read, {} written",
            number(price.input),
            number(price.output)
        )
    });
    let frame = Frame {
        title: name,
        current: "models",
        crumbs: vec![link("models.html", "models")],
        ..Frame::default()
    };
    request.render(
        "model.html",
        &frame,
        view! { rows => rows, fingerprints => fingerprints, deployment => first.spec.model.deployment, chart => chart, price => cost },
    )
}
