//! A suite's plots, for the page and for files.

use holometer_store::{RunInfo, Store};
use minijinja::value::Value;

use super::fairness;
use super::run::figure;
use crate::board::{Board, Measure, Wanted, board};
use crate::paths;
use crate::plot::{Bars, Dot, Plot, Point, Radar, Scatter, SeriesData};
use crate::site::{Frame, PageError, Query, Request, Site};
use crate::template::view;

/// More categories or series than this make no readable plot.
const MOST_CATEGORIES: usize = 60;
const MOST_SERIES: usize = 12;

/// A plot with the name of its kind.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedPlot {
    /// `bars`, `radar`, `time`, `cost`, `robustness`, `fairness`, `forest` or `calibration`.
    pub name: &'static str,
    /// A name for its file, without an extension; valid on every system.
    pub file: String,
    /// The plot.
    pub plot: Plot,
}

impl Site {
    /// The plots of the wanted kinds that a suite's results allow.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn plots(
        &self,
        store: &Store,
        suite: &str,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<NamedPlot>, PageError> {
        let query = Query::default();
        let request = Request { site: self, store, path: "plots.html", query: &query };
        let mut plots = plots(&request, suite)?;
        if wanted("forest") {
            let report = fairness::now(&request, suite)?;
            plots.extend(fairness::forest_plot(&report).map(|plot| named("forest", plot)));
        }
        if wanted("calibration") {
            for run in store.runs(suite)? {
                if let Some(plot) = super::run::calibration(&request, &run)? {
                    let file = format!("calibration-{}", paths::slug(run.spec.name.as_str()));
                    plots.push(NamedPlot { name: "calibration", file, plot });
                }
            }
        }
        plots.retain(|plot| wanted(plot.name));
        Ok(plots)
    }
}

fn named(name: &'static str, plot: Plot) -> NamedPlot {
    NamedPlot { name, file: name.to_owned(), plot }
}

/// The page of a suite.
pub(crate) fn page(request: &Request<'_>, suite: &str) -> Result<String, PageError> {
    let plots: Vec<Value> = plots(request, suite)?
        .iter()
        .map(|named| view! { name => named.name, figure => figure(&named.plot) })
        .collect();
    let frame = Frame {
        title: format!("Plots: {suite}"),
        current: "plots",
        suite: Some(suite),
        per_suite: true,
        crumbs: Vec::new(),
    };
    request.render("plots.html", &frame, view! { plots => plots })
}

fn plots(request: &Request<'_>, suite: &str) -> Result<Vec<NamedPlot>, PageError> {
    let runs = request.store.runs(suite)?;
    let wanted = Wanted::default();
    let main = board(request, &runs, &Measure::Main, &wanted)?;
    let mut plots = Vec::new();
    let shares = shares(&main);
    if !shares.categories.is_empty() {
        let bars = SeriesData {
            title: format!("{suite}: main metric of each scenario"),
            description:
                "Bars with 95% intervals, for the metrics in which more is better, from 0 to 1."
                    .to_owned(),
            unit: "main metric".to_owned(),
            ..shares.clone()
        };
        plots.push(named("bars", Bars(bars).plot()));
    }
    if shares.categories.len() > 2 && shares.categories.len() <= 16 {
        let radar = SeriesData {
            title: format!("{suite}: profiles"),
            description: "Each axis is a scenario, from 0 in the middle to 1 at the rim; each outline is a model.".to_owned(),
            ..shares
        };
        plots.push(named("radar", Radar(radar).plot()));
    }
    let time = against_time(request, &runs, &main)?;
    plots.extend(scatter("time", time, "seconds of model time per request", &main, suite));
    let cost = against_cost(request, &runs, &main)?;
    plots.extend(scatter("cost", cost, "US dollars per thousand instances", &main, suite));
    for (kind, what) in
        [("fairness", "fairness perturbation"), ("robustness", "robustness perturbation")]
    {
        let worst = board(request, &runs, &Measure::Worst(kind), &wanted)?;
        let gaps = against_gap(&main, &worst);
        let x = format!("loss in the worst case over each {what}");
        plots.extend(scatter(kind, gaps, &x, &main, suite));
    }
    Ok(plots)
}

/// The columns in which more is better from 0 to 1.
fn shares(board: &Board) -> SeriesData {
    let columns: Vec<_> = board
        .columns
        .iter()
        .filter(|column| column.higher == Some(true) && column.range == Some((0.0, 1.0)))
        .filter(|column| column.values().iter().any(Option::is_some))
        .take(MOST_CATEGORIES)
        .collect();
    let series = board.models.iter().enumerate().take(MOST_SERIES).map(|(at, model)| {
        let points =
            columns.iter().map(|column| column.places[at].cell.estimate.as_ref().map(point));
        (model.name.clone(), points.collect())
    });
    SeriesData {
        categories: columns.iter().map(|column| column.label.clone()).collect(),
        series: series.collect(),
        ..SeriesData::default()
    }
}

fn point(estimate: &holometer_core::Estimate) -> Point {
    let ends = estimate.interval.as_ref().map(|ends| (ends.low, ends.high));
    Point { value: estimate.value, ends }
}

/// Pairs of a value and its place: (model's index, scenario, x, y).
type Pairs = Vec<(usize, String, f64, Point)>;

fn main_points(board: &Board) -> impl Iterator<Item = (usize, String, i64, Point)> + '_ {
    board
        .columns
        .iter()
        .filter(|column| column.higher == Some(true) && column.range == Some((0.0, 1.0)))
        .flat_map(|column| {
            column.places.iter().enumerate().filter_map(|(at, place)| {
                let point = point(place.cell.estimate.as_ref()?);
                Some((at, column.label.clone(), place.run?, point))
            })
        })
}

fn against_time(request: &Request<'_>, runs: &[RunInfo], main: &Board) -> Result<Pairs, PageError> {
    let mut pairs = Vec::new();
    for (model, label, run, point) in main_points(main) {
        let Some(run) = runs.iter().find(|known| known.id.0 == run) else { continue };
        let Some(tally) = request.store.tally(run.id)? else { continue };
        if tally.seconds > 0.0 && tally.progress.answered > 0 {
            pairs.push((model, label, tally.seconds / tally.progress.answered as f64, point));
        }
    }
    Ok(pairs)
}

fn against_cost(request: &Request<'_>, runs: &[RunInfo], main: &Board) -> Result<Pairs, PageError> {
    let mut pairs = Vec::new();
    for (model, label, run, point) in main_points(main) {
        let Some(run) = runs.iter().find(|known| known.id.0 == run) else { continue };
        let Some(price) = crate::cards::price(&run.host) else { continue };
        let mean = |metric: &str| -> Result<Option<f64>, PageError> {
            let cells = request.store.cells_of(run.id, &metric.into())?;
            Ok(cells.iter().find_map(|cell| Some(cell.estimate.as_ref()?.value)))
        };
        if let (Some(read), Some(written)) =
            (mean("num_prompt_tokens")?, mean("num_completion_tokens")?)
        {
            let thousand = (read * price.input + written * price.output) / 1000.0;
            pairs.push((model, label, thousand, point));
        }
    }
    Ok(pairs)
}

fn against_gap(main: &Board, worst: &Board) -> Pairs {
    let mut pairs = Vec::new();
    for (model, label, run, point) in main_points(main) {
        let column = worst.columns.iter().find(|column| column.label == label);
        let place =
            column.and_then(|column| column.places.iter().find(|place| place.run == Some(run)));
        if let Some(estimate) = place.and_then(|place| place.cell.estimate.as_ref()) {
            pairs.push((model, label, point.value - estimate.value, point));
        }
    }
    pairs
}

fn scatter(
    name: &'static str,
    pairs: Pairs,
    x: &str,
    board: &Board,
    suite: &str,
) -> Option<NamedPlot> {
    if pairs.is_empty() {
        return None;
    }
    let series: Vec<String> = board.models.iter().map(|model| model.name.clone()).collect();
    let dots = pairs.into_iter().map(|(model, label, x, y)| Dot {
        label: format!("{}, {label}", series[model]),
        series: model,
        x,
        y,
    });
    let scatter = Scatter {
        title: format!("{suite}: main metric against {name}"),
        description: format!(
            "Each mark is a model on a scenario, with the 95% interval of its main metric; to the right: {x}."
        ),
        x: x.to_owned(),
        y: "main metric".to_owned(),
        dots: dots.collect(),
        series: series.into_iter().take(MOST_SERIES).collect(),
    };
    Some(named(name, scatter.plot()))
}
