//! Models side by side on the same instances: paired differences per scenario, and the instances on which they differ.

use std::collections::BTreeMap;
use std::sync::Arc;

use holometer_report::fairness::p_value;
use holometer_store::{RunInfo, UnitId};
use minijinja::value::Value;

use super::common::interval;
use super::instances::{answer, verdict};
use super::run::figure;
use crate::kept::Held;
use crate::matched::{Compared, Matched, SAMPLE, compared};
use crate::paths;
use crate::plot::{Forest, ForestRow, Point};
use crate::site::{Frame, PageError, Request, link};
use crate::template::{safe, view};
use crate::text::{cut, diff_html, line, shown_number as number};

/// The most models beside one another, and the most instances listed.
const MOST_MODELS: usize = 4;
const LISTED: usize = 25;

/// The suite's models to choose from, and the comparison of those that were chosen.
pub(crate) fn page(request: &Request<'_>, suite: &str) -> Result<String, PageError> {
    let runs = request.store.runs(suite)?;
    let models = models(&runs);
    let mut chosen: Vec<String> = request
        .query
        .get("models")
        .split(',')
        .filter_map(|slug| models.iter().find(|model| paths::slug(model) == slug).cloned())
        .take(MOST_MODELS)
        .collect();
    // Of two models there is one comparison only: nobody has to ask for it.
    if request.query.get("models").is_empty() && models.len() == 2 && !request.site.mode.is_files()
    {
        chosen.clone_from(&models);
    }
    show(request, suite, &runs, &models, &chosen)
}

/// Two models, in the static site: `ONE--OTHER.html`.
pub(crate) fn pair(request: &Request<'_>, suite: &str, file: &str) -> Result<String, PageError> {
    let runs = request.store.runs(suite)?;
    let models = models(&runs);
    let (one, other) = file
        .strip_suffix(".html")
        .and_then(|pair| pair.split_once("--"))
        .ok_or_else(|| request.not_found())?;
    let find = |slug: &str| models.iter().find(|model| paths::slug(model) == slug).cloned();
    match (find(one), find(other)) {
        (Some(one), Some(other)) if one != other => {
            show(request, suite, &runs, &models, &[one, other])
        }
        _ => Err(request.not_found()),
    }
}

/// The models of runs, in their order.
pub(crate) fn models(runs: &[RunInfo]) -> Vec<String> {
    let mut models: Vec<String> = Vec::new();
    for run in runs {
        if !models.contains(&run.spec.model.name.0) {
            models.push(run.spec.model.name.0.clone());
        }
    }
    models
}

fn show(
    request: &Request<'_>,
    suite: &str,
    runs: &[RunInfo],
    models: &[String],
    chosen: &[String],
) -> Result<String, PageError> {
    let files = request.site.mode.is_files();
    let (compared, waiting) = match chosen.len() {
        0 | 1 => (Arc::default(), None),
        _ => match compared(request, suite, runs, chosen)? {
            Held::Ready(compared) => (compared, None),
            Held::Making(taken, older) => (older.unwrap_or_default(), Some(taken.as_secs())),
            Held::Failed(why) => return Err(PageError::Content(why)),
        },
    };
    let Compared { matched, unmatched } = &*compared;
    let rows: Vec<Value> =
        matched.iter().map(|found| scenario_row(request, suite, found, chosen)).collect();
    let forests = forests(matched, chosen);
    let wanted = request.query.get("scenario");
    let listed = match matched.iter().find(|found| paths::slug(&found.label) == wanted) {
        Some(found) => vec![listing(request, suite, found, chosen)?],
        None if files => matched
            .iter()
            .map(|found| listing(request, suite, found, chosen))
            .collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let pairs: Vec<Value> = models
        .iter()
        .enumerate()
        .flat_map(|(at, one)| models[at + 1..].iter().map(move |other| (one, other)))
        .take(200)
        .map(|(one, other)| view! { one => one, other => other, href => paths::compare(suite, one, other) })
        .collect();
    let frame = Frame {
        title: if chosen.len() > 1 {
            chosen.join(" \u{2194} ")
        } else {
            format!("Compare: {suite}")
        },
        current: "compare",
        suite: Some(suite),
        per_suite: chosen.is_empty() || (!files && request.query.get("models").is_empty()),
        crumbs: if chosen.len() > 1 {
            vec![link(paths::suite(suite, "compare"), "compare")]
        } else {
            Vec::new()
        },
    };
    request.render(
        "compare.html",
        &frame,
        view! {
            models => models.iter().map(|model| view! {
                name => model, slug => paths::slug(model), chosen => chosen.contains(model),
            }).collect::<Vec<_>>(),
            chosen => chosen.iter().map(|model| view! { name => model, href => paths::card("models", model) }).collect::<Vec<_>>(),
            pairs => pairs, rows => rows, forests => forests, listed => listed, unmatched => unmatched, most => MOST_MODELS, sample => SAMPLE,
            waiting => waiting,
        },
    )
}

fn scenario_row(request: &Request<'_>, suite: &str, found: &Matched, chosen: &[String]) -> Value {
    let others: Vec<Value> = found
        .judged
        .iter()
        .zip(&chosen[1..])
        .map(|(judged, model)| match judged {
            None => view! { model => model, n => 0 },
            Some(judged) => view! {
                model => model, wins => judged.wins, losses => judged.losses, ties => judged.ties,
                value => signed(judged.value), exact => judged.value,
                interval => judged.ends.map(|(low, high)| interval(low, high)), method => judged.method,
                p => p_value(judged.p), clear => judged.p < 0.05, n => judged.n, clusters => judged.clusters,
                better => judged.value > 0.0,
            },
        })
        .collect();
    let href = if request.site.mode.is_files() {
        format!("{}#{}", request.path, paths::slug(&found.label))
    } else {
        format!(
            "{}{}#instances",
            paths::suite(suite, "compare"),
            request.query.with("scenario", &paths::slug(&found.label))
        )
    };
    view! {
        label => found.label, metric => found.metric.0, href => href, others => others,
        card => paths::card("scenarios", found.scenario.as_str()),
    }
}

/// A difference with its sign.
fn signed(value: f64) -> String {
    let text = number(value);
    if value > 0.0 { format!("+{text}") } else { text }
}

fn forests(matched: &[Matched], chosen: &[String]) -> Vec<Value> {
    let mut forests = Vec::new();
    for (at, model) in chosen.iter().enumerate().skip(1) {
        let rows: Vec<ForestRow> = matched
            .iter()
            .filter_map(|found| {
                let judged = found.judged[at - 1].as_ref()?;
                Some(ForestRow {
                    label: found.label.clone(),
                    point: Point { value: judged.value, ends: judged.ends },
                    note: format!("n {}, p {}", judged.n, p_value(judged.p)),
                })
            })
            .collect();
        if !rows.is_empty() {
            let forest = Forest {
                title: format!("{model} less {}", chosen[0]),
                description: format!(
                    "Paired difference of each scenario's metric on the same instances with 95% intervals. Right of zero {model} is better."
                ),
                unit: "difference per instance".to_owned(),
                rows,
            };
            forests.push(figure(&forest.plot()));
        }
    }
    forests
}

/// The instances of one scenario on which the models differ.
fn listing(
    request: &Request<'_>,
    suite: &str,
    found: &Matched,
    chosen: &[String],
) -> Result<Value, PageError> {
    let mut values: BTreeMap<usize, Vec<Option<(usize, f64)>>> = BTreeMap::new();
    for (at, pairs) in found.pairs.iter().enumerate() {
        for pair in pairs {
            let row = values.entry(pair.positions.0).or_insert_with(|| vec![None; chosen.len()]);
            row[0] = Some((pair.positions.0, pair.values.0));
            row[at + 1] = Some((pair.positions.1, pair.values.1));
        }
    }
    let complete =
        values.into_values().filter_map(|row| row.into_iter().collect::<Option<Vec<_>>>());
    let complete: Vec<Vec<(usize, f64)>> = complete.collect();
    let show = request.query.get("show");
    let wanted = |row: &[(usize, f64)]| {
        let right = |at: usize| row[at].1 >= 1.0 - 1e-9;
        match show.strip_prefix("only-").and_then(|at| at.parse::<usize>().ok()) {
            Some(only) => (0..row.len()).all(|at| right(at) == (at == only)),
            None if show == "none" => (0..row.len()).all(|at| !right(at)),
            None if show == "all" => true,
            None => row.iter().any(|(_, value)| *value != row[0].1),
        }
    };
    let kept: Vec<&Vec<(usize, f64)>> = complete.iter().filter(|row| wanted(row)).collect();
    let total = kept.len();
    let from =
        request.query.number("from").and_then(|from| usize::try_from(from).ok()).unwrap_or(0);
    let rows = kept
        .into_iter()
        .skip(from)
        .take(LISTED)
        .map(|row| listed_row(request, found, row))
        .collect::<Result<Vec<_>, _>>()?;
    let address = |name: &str, value: &str| {
        let mut query = request.query.clone();
        if name == "show" {
            query.0.remove("from");
        }
        format!("{}{}#instances", paths::suite(suite, "compare"), query.with(name, value))
    };
    let mut shows = vec![
        view! { href => address("show", ""), label => "they differ", current => show.is_empty() },
    ];
    for (at, model) in chosen.iter().enumerate() {
        let value = format!("only-{at}");
        shows.push(view! {
            href => address("show", &value), label => format!("only {} right", line(model, 30)), current => show == value,
        });
    }
    shows.push(
        view! { href => address("show", "none"), label => "none right", current => show == "none" },
    );
    shows.push(view! { href => address("show", "all"), label => "all", current => show == "all" });
    Ok(view! {
        label => found.label, slug => paths::slug(&found.label), total => total, of => complete.len(), rows => rows,
        shows => shows, from => from + 1, until => (from + LISTED).min(total),
        before => (from > 0).then(|| address("from", &from.saturating_sub(LISTED).to_string())),
        after => (from + LISTED < total).then(|| address("from", &(from + LISTED).to_string())),
    })
}

fn listed_row(
    request: &Request<'_>,
    found: &Matched,
    row: &[(usize, f64)],
) -> Result<Value, PageError> {
    let mut answers = Vec::new();
    let mut input = (String::new(), String::new());
    let mut first = String::new();
    for (at, (run, (position, _))) in found.runs.iter().zip(row).enumerate() {
        let id = UnitId { trial: 0, instance: *position };
        let unit = request.store.unit(run.id, id)?;
        let scores = request.store.scores_of(run.id, id)?;
        let text = unit.as_ref().map(answer).unwrap_or_default();
        let text = cut(&text, 1500).0.to_owned();
        if at == 0 {
            if let Some(unit) = &unit {
                input = (unit.instance.id.0.clone(), line(&unit.instance.input.text, 500));
            }
            first.clone_from(&text);
        }
        let shown = if at == 0 { crate::text::escape(&text) } else { diff_html(&first, &text) };
        answers.push(view! {
            href => unit_path(request, run, *position), text => safe(shown), verdict => verdict(&scores, Some(&found.metric)),
        });
    }
    Ok(view! { id => input.0, input => input.1, answers => answers })
}

/// A unit's page, where it has one.
fn unit_path(request: &Request<'_>, run: &RunInfo, position: usize) -> Option<String> {
    match request.site.mode {
        crate::site::Mode::Files { instances } if position >= instances => None,
        _ => Some(paths::unit(run.id.0, position, 0)),
    }
}
