//! The leaderboard: models by scenarios.

use std::collections::BTreeSet;

use holometer_store::RunInfo;
use minijinja::value::Value;

use crate::board::{Board, Column, Measure, Standing, Wanted, board, tags};
use crate::paths;
use crate::site::{Frame, PageError, Request};
use crate::template::view;
use crate::text::shown_number as number;
use crate::views::common::{cell, grades, interval};

/// More columns than this are not all shown unless asked for.
const MOST_COLUMNS: usize = 40;

/// The page of a suite, or of the one that was run last.
pub(crate) fn page(request: &Request<'_>, suite: Option<&str>) -> Result<String, PageError> {
    let latest = request.store.latest_suite()?;
    let Some(suite) = suite.map(str::to_owned).or(latest) else {
        let frame = Frame { title: "No runs yet".to_owned(), ..Frame::default() };
        let text = "The results database has no runs yet. `holometer run` makes some.";
        return request.render("message.html", &frame, view! { text => text });
    };
    let runs = request.store.runs(&suite)?;
    let query = request.query;
    let measure = Measure::parse(query.get("metric"));
    let wanted = Wanted {
        tag: query.get("tag"),
        model: query.get("model"),
        scenario: query.get("scenario"),
    };
    let board = board(request, &runs, &measure, &wanted)?;
    let all = query.get("columns") == "all" || request.site.mode.is_files();
    let shown = if all { board.columns.len() } else { board.columns.len().min(MOST_COLUMNS) };
    let columns: Vec<Value> = board.columns[..shown].iter().map(heading).collect();
    let rows = rows(&board, shown);
    let frame = Frame {
        title: format!("Leaderboard: {suite}"),
        current: "leaderboard",
        suite: Some(&suite),
        per_suite: true,
        crumbs: Vec::new(),
    };
    let unfinished = runs.iter().filter(|run| run.finished.is_none()).count();
    request.render(
        "leaderboard.html",
        &frame,
        view! {
            columns => columns, rows => rows, hidden => board.columns.len() - shown,
            all_columns => query.with("columns", "all"), runs => runs.len(), models => board.models.len(),
            several => board.models.len() > 1, unfinished => unfinished, tags => all_tags(request, &runs),
            metrics => metrics(request, &runs)?, metric => query.get("metric"), tag => query.get("tag"),
            model => query.get("model"), scenario => query.get("scenario"),
            action => request.path.rsplit('/').next().unwrap_or_default(),
            described => described(&measure),
        },
    )
}

fn described(measure: &Measure) -> String {
    match measure {
        Measure::Main => "Each scenario's main metric.".to_owned(),
        Measure::Worst(kind) => {
            format!(
                "Each scenario's main metric in the worst case over the question and its perturbed copies ({kind})."
            )
        }
        Measure::Metric(name) => format!("The metric {name}, wherever it is measured."),
    }
}

fn heading(column: &Column) -> Value {
    let (name, arguments) = match column.label.split_once(':') {
        Some((name, arguments)) => (name, arguments.replace(',', ", ")),
        None => (column.label.as_str(), String::new()),
    };
    let better = match column.higher {
        Some(true) => "more is better",
        Some(false) => "less is better",
        None => "neither direction is better",
    };
    let arrow = match column.higher {
        Some(true) => "\u{2191}",
        Some(false) => "\u{2193}",
        None => "",
    };
    view! {
        name => name, arguments => arguments, metric => column.metric, better => better, arrow => arrow,
        href => paths::card("scenarios", &column.scenario), metric_href => paths::card("metrics", &column.metric),
        tags => column.tags.join(" "), descending => column.higher != Some(false),
    }
}

/// For each model its standing and its cells.
fn rows(board: &Board, shown: usize) -> Vec<Value> {
    let columns = &board.columns[..shown];
    let grades: Vec<Vec<Option<u8>>> = columns
        .iter()
        .map(|column| grades(&column.values(), column.higher, column.range))
        .collect();
    let best: Vec<BTreeSet<usize>> = columns.iter().map(best).collect();
    board
        .models
        .iter()
        .enumerate()
        .map(|(at, standing)| {
            let cells: Vec<Value> = columns
                .iter()
                .enumerate()
                .map(|(column_at, column)| {
                    let place = &column.places[at];
                    view! {
                        href => place.run.map(paths::run), grade => grades[column_at][at],
                        best => best[column_at].contains(&at), tags => column.tags.join(" "),
                        ..cell(&place.cell)
                    }
                })
                .collect();
            row(standing, &cells)
        })
        .collect()
}

fn row(standing: &Standing, cells: &[Value]) -> Value {
    let shown = |value: f64, ends: Option<(f64, f64)>| {
        view! { value => number(value), exact => value, interval => ends.map(|(low, high)| interval(low, high)) }
    };
    view! {
        model => standing.name, href => paths::card("models", &standing.name),
        ranks => match standing.ranks { (best, worst) if best == worst => best.to_string(), (best, worst) => format!("{best}\u{2013}{worst}") },
        best_rank => standing.ranks.0, ties => standing.ties, compared => standing.compared,
        win_rate => standing.win_rate.map(|(value, ends)| shown(value, ends)),
        mean => standing.mean.map(|(value, ends, _)| shown(value, ends)),
        mean_of => standing.mean.map(|(_, _, count)| count),
        cells => cells,
    }
}

/// The models whose interval reaches the best value of a column, when there are several models.
fn best(column: &Column) -> BTreeSet<usize> {
    let values = column.values();
    let Some(higher) = column.higher else { return BTreeSet::new() };
    let present = values.iter().flatten().copied();
    let top = if higher { present.reduce(f64::max) } else { present.reduce(f64::min) };
    let (Some(top), true) = (top, values.iter().flatten().count() > 1) else {
        return BTreeSet::new();
    };
    let reaches = |at: usize| {
        let ends = column.places[at]
            .cell
            .estimate
            .as_ref()
            .and_then(|estimate| estimate.interval.as_ref());
        values[at].is_some_and(|value| {
            value == top
                || ends.is_some_and(|ends| if higher { ends.high >= top } else { ends.low <= top })
        })
    };
    (0..values.len()).filter(|at| reaches(*at)).collect()
}

fn all_tags(request: &Request<'_>, runs: &[RunInfo]) -> Vec<String> {
    let tags: BTreeSet<String> = runs.iter().flat_map(|run| tags(request, run)).collect();
    tags.into_iter().collect()
}

/// What can be chosen instead of the main metric: the metrics of the suite's runs.
fn metrics(request: &Request<'_>, runs: &[RunInfo]) -> Result<Vec<String>, PageError> {
    let mut names = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for run in runs {
        if seen.insert(run.spec.scenario.name.clone()) && seen.len() <= 30 {
            names.extend(request.store.cell_metrics(run.id)?.into_iter().map(|name| name.0));
        }
    }
    Ok(names.into_iter().collect())
}
