//! What can be evaluated and measured: lists of cards, and a page for each.

use holometer_core::{MetricCard, ScenarioCard};
use minijinja::value::Value;

use super::common::label;
use crate::cards::TextCard;
use crate::markdown;
use crate::paths;
use crate::site::{Frame, PageError, Request, link};
use crate::template::{safe, view};
use crate::text::shown_number as number;

/// A list: `scenarios.html`, `metrics.html` or `perturbations.html`.
pub(crate) fn list(request: &Request<'_>, file: &str) -> Result<String, PageError> {
    let cards = &request.site.cards;
    let (kind, title, rows): (&str, &str, Vec<Value>) = match file {
        "scenarios.html" => {
            ("scenarios", "Scenarios", cards.scenarios.iter().map(scenario_row).collect())
        }
        "metrics.html" => ("metrics", "Metrics", cards.metrics.iter().map(metric_row).collect()),
        "perturbations.html" => {
            ("perturbations", "Perturbations", cards.perturbations.iter().map(text_row).collect())
        }
        _ => return Err(request.not_found()),
    };
    let headings: &[&str] = match kind {
        "scenarios" => &["name", "what it asks", "main metric", "size", "licence", "tags"],
        "metrics" => &["name", "what it measures", "better", "range"],
        _ => &["name", "what it does"],
    };
    let frame = Frame { title: title.to_owned(), current: kind, ..Frame::default() };
    request.render(
        "cards.html",
        &frame,
        view! { rows => rows, headings => headings, count => rows.len() },
    )
}

fn scenario_row(card: &ScenarioCard) -> Value {
    view! {
        name => card.name.0, href => paths::card("scenarios", card.name.as_str()),
        cells => vec![card.summary.clone(), card.main_metric.metric.0.clone(), card.size.clone(), card.licence.id.clone(), card.tags.join(", ")],
    }
}

fn metric_row(card: &MetricCard) -> Value {
    let better = match card.higher_is_better {
        Some(true) => "more",
        Some(false) => "less",
        None => "neither",
    };
    view! {
        name => card.name, href => paths::card("metrics", card.name),
        cells => vec![card.summary.to_owned(), better.to_owned(), range(card.range)],
    }
}

fn text_row(card: &TextCard) -> Value {
    view! { name => card.name, href => paths::card("perturbations", &card.name), cells => vec![card.summary.clone()] }
}

fn range((low, high): (f64, f64)) -> String {
    let end = |value: f64| if value.is_finite() { number(value) } else { "\u{221e}".to_owned() };
    format!(
        "{} to {}",
        if low.is_finite() { end(low) } else { "\u{2212}\u{221e}".to_owned() },
        end(high)
    )
}

/// A card's page.
pub(crate) fn page(request: &Request<'_>, kind: &str, file: &str) -> Result<String, PageError> {
    let slug = file.strip_suffix(".html").ok_or_else(|| request.not_found())?;
    let cards = &request.site.cards;
    let here = |name: &str| paths::slug(name) == slug;
    let (name, summary, body, facts) = match kind {
        "scenarios" => {
            let card = cards.scenarios.iter().find(|card| here(card.name.as_str()));
            let card = card.ok_or_else(|| request.not_found())?;
            (
                card.name.0.clone(),
                card.summary.clone(),
                paragraphs(&card.description),
                scenario_facts(request, card)?,
            )
        }
        "metrics" => {
            let card = cards.metrics.iter().find(|card| here(card.name));
            let card = card.ok_or_else(|| request.not_found())?;
            let better = match card.higher_is_better {
                Some(true) => "more",
                Some(false) => "less",
                None => "neither direction",
            };
            let facts = view! { plain => vec![("better", better.to_owned()), ("range", range(card.range))] };
            (card.name.to_owned(), card.summary.to_owned(), markdown::html(card.docs), facts)
        }
        "perturbations" => {
            let card = cards.perturbations.iter().find(|card| here(&card.name));
            let card = card.ok_or_else(|| request.not_found())?;
            (card.name.clone(), card.summary.clone(), markdown::html(&card.docs), view! {})
        }
        _ => return Err(request.not_found()),
    };
    let frame = Frame {
        title: name,
        current: kind,
        crumbs: vec![link(format!("{kind}.html"), kind)],
        ..Frame::default()
    };
    request.render(
        "card.html",
        &frame,
        view! { summary => summary, body => safe(body), facts => facts, kind => kind },
    )
}

fn paragraphs(text: &str) -> String {
    markdown::html(text)
}

fn scenario_facts(request: &Request<'_>, card: &ScenarioCard) -> Result<Value, PageError> {
    let mut plain = vec![
        ("size", card.size.clone()),
        (
            "licence",
            match &card.licence.note {
                Some(note) => format!("{} ({note})", card.licence.id),
                None => card.licence.id.clone(),
            },
        ),
        ("languages", card.languages.join(", ")),
        ("about", card.about.clone().unwrap_or_default()),
        ("tags", card.tags.join(", ")),
    ];
    plain.retain(|(_, text)| !text.is_empty());
    let parameters: Vec<Value> = card
        .parameters
        .iter()
        .map(|parameter| {
            view! {
                name => parameter.name, description => parameter.description, default => parameter.default.as_ref().filter(|default| !default.is_empty()),
                values => parameter.values.iter().take(80).cloned().collect::<Vec<_>>().join(", "),
                more => parameter.values.len().saturating_sub(80),
            }
        })
        .collect();
    let metrics: Vec<Value> = std::iter::once(&card.main_metric.metric)
        .chain(&card.headline_metrics)
        .filter(|metric| !metric.0.is_empty())
        .map(|metric| {
            let known = request.site.cards.metric(metric.as_str());
            view! { name => metric.0, href => known.map(|known| paths::card("metrics", known.name)) }
        })
        .collect();
    let mut runs = Vec::new();
    for suite in request.store.suites()? {
        for run in request.store.runs(&suite)? {
            if run.spec.scenario.name == card.name && runs.len() < 200 {
                runs.push(view! { href => paths::run(run.id.0), label => label(&run), model => run.spec.model.name.0, suite => suite });
            }
        }
    }
    let sources: Vec<Value> = card
        .sources
        .iter()
        .map(|source| {
            view! { location => source.location, revision => source.revision, how => source.how_to_obtain }
        })
        .collect();
    Ok(view! {
        plain => plain, parameters => parameters, metrics => metrics, runs => runs, sources => sources,
        citations => card.citations.iter().map(|citation| (citation.title.clone(), citation.url.clone())).collect::<Vec<_>>(),
        caveats => card.caveats,
    })
}
