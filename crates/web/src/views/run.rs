//! A run: what ran, what came of it, and what to be careful about.

use std::collections::BTreeMap;

use holometer_core::{Cell, MetricName, PerturbationSpec};
use holometer_store::{RunInfo, Tally};
use minijinja::value::Value;

use super::common::{
    cell, duration, label, main_cell, run_links, slice_words, time, verdict_metric,
};
use crate::cards::price;
use crate::paths;
use crate::plot::{Calibration, Histogram, Plot};
use crate::site::{Frame, PageError, Request, link};
use crate::template::{safe, view};
use crate::text::shown_number as number;

/// Over how many of a run's first instances distributions and calibration are drawn.
const SAMPLE: usize = 2000;

/// More slices than this are listed instead of laid out beside one another.
const MOST_SLICES: usize = 9;

/// The page of a run.
pub(crate) fn page(request: &Request<'_>, run: &RunInfo) -> Result<String, PageError> {
    let cells = request.store.cells(run.id)?;
    let tally = request.store.tally(run.id)?;
    let metrics = request.store.unit_metrics(run.id)?;
    let judged_by = verdict_metric(&request.site.cards, run, &metrics);
    let main = main_cell(request, run)?;
    let plots = plots(request, run, &metrics, judged_by.as_ref())?;
    let frame = Frame {
        title: label(run),
        current: "leaderboard",
        suite: Some(&run.suite),
        per_suite: false,
        crumbs: vec![
            link(paths::suite(&run.suite, "leaderboard"), run.suite.clone()),
            link(
                paths::card("models", run.spec.model.name.as_str()),
                run.spec.model.name.0.clone(),
            ),
        ],
    };
    request.render(
        "run.html",
        &frame,
        view! {
            run => facts(request, run), links => run_links(run),
            main => main.as_ref().map(|main| view! {
                metric => main.metric.0, href => paths::card("metrics", main.metric.as_str()), ..cell(main)
            }),
            tally => tally.map(|tally| counts(run, &tally, &cells)),
            template => template(run), metrics => tables(request, run, &cells),
            plots => plots, sampled => (run.instances > SAMPLE).then_some(SAMPLE),
            warnings => warnings(run, tally.as_ref(), &cells), planned => super::coverage::not_run(request, &run.suite)?,
            coverage => paths::suite(&run.suite, "coverage"),
            spec_json => serde_json::to_string_pretty(&run.spec).unwrap_or_default(),
        },
    )
}

fn facts(request: &Request<'_>, run: &RunInfo) -> Value {
    let spec = &run.spec;
    let host = |name: &str| {
        run.host.get(name).map(|value| match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    };
    let decoding = &spec.adapter.decoding;
    let few_shot = &spec.adapter.few_shot;
    let arguments: Vec<(String, String)> = spec
        .scenario
        .args
        .0
        .iter()
        .map(|(name, value)| (name.clone(), value.to_string()))
        .collect();
    view! {
        id => run.id.0, name => spec.name.0, scenario => spec.scenario.name.0, arguments => arguments,
        model => spec.model.name.0, deployment => spec.model.deployment, suite => run.suite,
        method => spec.adapter.method.as_str(), examples => few_shot.max_train_instances,
        trials => few_shot.num_train_trials, max_tokens => decoding.max_tokens,
        temperature => number(decoding.temperature), top_p => number(decoding.top_p), top_k => decoding.top_k,
        stops => decoding.stop_sequences.iter().map(|stop| format!("{stop:?}")).collect::<Vec<_>>(),
        perturbations => spec.augmentation.perturbations.iter().map(perturbation).collect::<Vec<_>>(),
        instances => run.instances, requests => run.requests, revision => run.revision,
        superseded => run.superseded, version => run.version, spec_hash => run.spec_hash,
        fingerprint => run.fingerprint,
        data => run.data_hashes.iter().map(|(name, hash)| (name.clone(), hash.clone())).collect::<Vec<_>>(),
        os => host("os"), architecture => host("architecture"), processors => host("processors"),
        host => run.host.to_string(),
        created => time(run.created), finished => run.finished.map(time),
        groups => spec.groups, known => request.site.cards.scenario(spec.scenario.name.as_str()).is_some(),
    }
}

fn perturbation(spec: &PerturbationSpec) -> Value {
    let arguments = match &spec.args {
        serde_json::Value::Object(map) if map.is_empty() => String::new(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    view! { name => spec.name, arguments => arguments, href => paths::card("perturbations", &spec.name) }
}

/// What became of the requests, with time, tokens and cost.
fn counts(run: &RunInfo, tally: &Tally, cells: &[Cell]) -> Value {
    let total = |metric: &str| {
        let of = cells.iter().filter(|cell| {
            cell.metric.as_str() == metric
                && cell.slice.sub_split.is_none()
                && cell.slice.computed_on.as_deref() != Some("worst")
        });
        let pooled: Vec<&Cell> = of.collect();
        let several = pooled.iter().any(|cell| cell.slice.split.is_none());
        let sums = pooled
            .iter()
            .filter(|cell| cell.slice.split.is_none() == several)
            .filter_map(|cell| cell.estimate.as_ref())
            .map(|estimate| estimate.value * estimate.n as f64);
        let sums: Vec<f64> = sums.collect();
        (!sums.is_empty()).then(|| sums.iter().sum::<f64>())
    };
    let (read, written) = (total("num_prompt_tokens"), total("num_completion_tokens"));
    let cost = match (price(&run.host), read, written) {
        (Some(price), Some(read), Some(written)) => {
            Some(price.of_tokens(read.round() as u64, written.round() as u64))
        }
        _ => None,
    };
    let progress = &tally.progress;
    view! {
        planned => progress.planned, answered => progress.answered, refused => progress.refused,
        failed => progress.failed, not_run => progress.not_run,
        seconds => (tally.seconds > 0.0).then(|| duration(tally.seconds)),
        per_second => (tally.seconds > 0.0).then(|| number(progress.answered as f64 / tally.seconds)),
        read => read.map(number), written => written.map(number), cost => cost.map(number),
    }
}

/// The prompt's pieces that are not empty, in the order in which they occur.
fn template(run: &RunInfo) -> Vec<(&'static str, String)> {
    let template = &run.spec.adapter.template;
    let pieces = [
        ("before everything", &template.global_prefix),
        ("instructions", &template.instructions),
        ("before each example", &template.instance_prefix),
        ("before each input", &template.input_prefix),
        ("after each input", &template.input_suffix),
        ("before each choice", &template.reference_prefix),
        ("after each choice", &template.reference_suffix),
        ("before the reasoning", &template.chain_of_thought_prefix),
        ("before each output", &template.output_prefix),
        ("after each output", &template.output_suffix),
        ("after everything", &template.global_suffix),
    ];
    let shown = pieces.into_iter().filter(|(_, text)| !text.is_empty());
    shown
        .map(|(name, text)| {
            (name, text.replace('\n', "\u{21b5}\n").trim_end_matches('\n').to_owned())
        })
        .collect()
}

/// The metrics: first those that the scenario is known for, then all others.
fn tables(request: &Request<'_>, run: &RunInfo, cells: &[Cell]) -> Vec<Value> {
    let known = request.site.cards.main_metrics(&run.spec);
    let own =
        request.site.cards.scenario(run.spec.scenario.name.as_str()).map_or(usize::MAX, |card| {
            usize::from(!card.main_metric.metric.0.is_empty()) + card.headline_metrics.len()
        });
    let headline: Vec<&MetricName> = known.iter().take(own).collect();
    let mut names: Vec<&MetricName> = cells.iter().map(|cell| &cell.metric).collect();
    names.sort();
    names.dedup();
    let (mut first, rest): (Vec<&MetricName>, Vec<&MetricName>) =
        names.into_iter().partition(|name| headline.contains(name));
    first.sort_by_key(|name| headline.iter().position(|known| known == name));
    let sections =
        [("What the scenario is known for", first, true), ("All other metrics", rest, false)];
    sections
        .into_iter()
        .filter(|(_, names, _)| !names.is_empty())
        .map(|(title, names, open)| section(request, title, &names, cells, open))
        .collect()
}

fn section(
    request: &Request<'_>,
    title: &str,
    names: &[&MetricName],
    cells: &[Cell],
    open: bool,
) -> Value {
    let mut slices: Vec<&holometer_core::Slice> =
        cells.iter().filter(|cell| names.contains(&&cell.metric)).map(|cell| &cell.slice).collect();
    slices.sort_by_key(|slice| {
        (
            slice.perturbation.clone(),
            slice.sub_split.clone(),
            slice.split,
            slice.computed_on.clone(),
        )
    });
    slices.dedup();
    let headings: Vec<String> = slices.iter().map(|slice| slice_words(slice)).collect();
    let mut by_place: BTreeMap<(&MetricName, usize), &Cell> = BTreeMap::new();
    for cell in cells {
        if let Some(at) = slices.iter().position(|slice| **slice == cell.slice) {
            by_place.insert((&cell.metric, at), cell);
        }
    }
    let rows: Vec<Value> = names
        .iter()
        .map(|name| {
            let places =
                (0..slices.len()).map(|at| by_place.get(&(*name, at)).map(|found| cell(found)));
            let card = request.site.cards.metric(name.as_str());
            view! {
                metric => name.0, href => card.map(|card| paths::card("metrics", card.name)),
                summary => card.map(|card| card.summary), cells => places.collect::<Vec<_>>(),
                better => match card.and_then(|card| card.higher_is_better) {
                    Some(true) => "\u{2191}", Some(false) => "\u{2193}", None => "",
                },
            }
        })
        .collect();
    view! { title => title, slices => headings, rows => rows, open => open, wide => slices.len() > MOST_SLICES }
}

/// Calibration and distributions over the first instances.
fn plots(
    request: &Request<'_>,
    run: &RunInfo,
    metrics: &[MetricName],
    judged_by: Option<&MetricName>,
) -> Result<Vec<Value>, PageError> {
    let mut plots = Vec::new();
    plots.extend(curve(request, run, metrics, judged_by)?.as_ref().map(figure));
    let wanted = [
        "max_prob",
        "num_completion_tokens",
        "inference_runtime",
        "logprob",
        "f1_score",
        "toxicity",
        "sentiment",
    ];
    let graded =
        judged_by.filter(|metric| metric.as_str() != "exact_match").map(MetricName::as_str);
    for name in graded.into_iter().chain(wanted) {
        let metric = MetricName(name.to_owned());
        if !metrics.contains(&metric) || plots.len() >= 6 {
            continue;
        }
        let values: Vec<f64> = request.store.values(run.id, &[&metric], SAMPLE)?.concat();
        let varied = values.iter().any(|value| Some(value) != values.first());
        if varied {
            let summary = request.site.cards.metric(name).map_or("", |card| card.summary);
            let histogram = Histogram {
                title: name.to_owned(),
                description: format!(
                    "Distribution of {name} over {} instances. {summary}",
                    values.len()
                ),
                unit: crate::text::line(summary, 52),
                values,
            };
            plots.push(figure(&histogram.plot()));
        }
    }
    Ok(plots)
}

/// The calibration curve of a run, where its units have a probability and a verdict.
pub(super) fn calibration(request: &Request<'_>, run: &RunInfo) -> Result<Option<Plot>, PageError> {
    let metrics = request.store.unit_metrics(run.id)?;
    let judged_by = verdict_metric(&request.site.cards, run, &metrics);
    curve(request, run, &metrics, judged_by.as_ref())
}

fn curve(
    request: &Request<'_>,
    run: &RunInfo,
    metrics: &[MetricName],
    judged_by: Option<&MetricName>,
) -> Result<Option<Plot>, PageError> {
    let confidence = MetricName("max_prob".to_owned());
    let Some(judge) = judged_by.filter(|_| metrics.contains(&confidence)) else { return Ok(None) };
    let pairs = request.store.values(run.id, &[&confidence, judge], SAMPLE)?;
    let pairs: Vec<(f64, f64)> =
        pairs.iter().map(|pair| (pair[0].clamp(0.0, 1.0), pair[1].clamp(0.0, 1.0))).collect();
    if pairs.len() < 2 {
        return Ok(None);
    }
    let title = format!("{}: as right as it is sure?", label(run));
    let description = format!(
        "Calibration curve: {judge} by the model's probability of its answer ({confidence}), {} answers in ten bins of \
         equal width. On the dashed line it is right as often as it says.",
        pairs.len()
    );
    Ok(Some(Calibration::of(title, description, &pairs).plot()))
}

/// A plot for a template: the drawing and its table.
pub(crate) fn figure(plot: &Plot) -> Value {
    view! {
        svg => safe(plot.svg.clone()),
        columns => plot.table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>(),
        rows => plot.table.rows, title => plot.table.title,
    }
}

/// What a reader of the numbers should know.
fn warnings(run: &RunInfo, tally: Option<&Tally>, cells: &[Cell]) -> Vec<String> {
    let mut warnings = Vec::new();
    if run.superseded {
        warnings.push("A later run with other inputs has taken this run's place.".to_owned());
    }
    if run.finished.is_none() {
        warnings.push("The run has not been scored yet; the same command goes on.".to_owned());
    }
    if let Some(Tally { progress, .. }) = tally {
        let mut say = |count: usize, what: &str| {
            if count > 0 {
                warnings.push(format!("{count} of {} requests {what}", progress.planned));
            }
        };
        say(progress.failed, "failed; they are not counted as wrong answers.");
        say(progress.refused, "were refused by the provider.");
        say(progress.not_run, "were not run.");
    }
    let whole = |metric: &str| {
        cells
            .iter()
            .filter(|cell| {
                cell.metric.as_str() == metric
                    && cell.slice.perturbation.is_none()
                    && cell.slice.sub_split.is_none()
            })
            .filter_map(|cell| cell.estimate.as_ref())
            .max_by_key(|estimate| estimate.n)
    };
    if let Some(estimate) = whole("finish_reason_length") {
        let share = estimate.value;
        let asked = run.spec.adapter.decoding.max_tokens;
        if share > 0.05 && asked > 1 {
            warnings.push(format!(
                "{:.0}% of the answers ended because {asked} tokens were written.",
                share * 100.0
            ));
        }
    }
    if let Some(estimate) = whole("prompt_truncated")
        && estimate.value > 0.0
    {
        warnings.push(format!(
            "{:.1}% of the prompts were cut to fit the model's window.",
            estimate.value * 100.0
        ));
    }
    if run.instances < 100 {
        warnings.push(format!(
            "Only {} instances: intervals are wide, and small differences can't be seen.",
            run.instances
        ));
    }
    let unscored: Vec<&Cell> = cells.iter().filter(|cell| cell.estimate.is_none()).collect();
    if !unscored.is_empty() {
        warnings.push(format!("{} cells have no number; each says why.", unscored.len()));
    }
    warnings
}
