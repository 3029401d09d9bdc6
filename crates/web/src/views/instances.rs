//! A run's instances: searched in the database, a page at a time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use holometer_core::{MetricName, Outcome, Score};
use holometer_store::{
    Copies, Direction, Ending, Filter, Found, Looked, RunInfo, ScoreRange, StoredUnit, TextFilter,
    UnitId, Walk,
};
use minijinja::value::Value;
use regex::{Regex, RegexBuilder};

use super::common::{label, run_links, verdict_metric};
use crate::paths;
use crate::site::{Frame, Mode, PageError, Query, Request, link};
use crate::template::view;
use crate::text::{line, shown_number as number};

/// Instances on a page.
pub(crate) const PAGE: usize = 25;

/// How long a page searches before it offers to go on; it should begin to arrive within 50 ms.
const PATIENCE: Duration = Duration::from_millis(25);

/// The same for the further parts of a search, which the page's script asks for.
const PATIENCE_OF_PARTS: Duration = Duration::from_millis(200);

/// The same for each of a unit's neighbours.
const PATIENCE_OF_NEIGHBOURS: Duration = Duration::from_millis(12);

/// Values at least this close to an end count as at the end.
const CLOSE: f64 = 1e-9;

/// Which instances are wanted, as typed.
pub(crate) struct Selection {
    filter: Filter,
    text: Option<Regex>,
    group: String,
    /// The metric that says right or wrong.
    pub(crate) judge: Option<MetricName>,
    /// What can be shown: (value, label).
    pub(crate) shows: Vec<(&'static str, &'static str)>,
}

/// Where in a list to look, and how much of it.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    /// The first position that is looked at.
    pub(crate) from: i64,
    /// Which way.
    pub(crate) direction: Direction,
    /// The most instances.
    pub(crate) wanted: usize,
}

impl Selection {
    /// Reads a query.
    pub(crate) fn of(
        request: &Request<'_>,
        run: &RunInfo,
        query: &Query,
    ) -> Result<Self, PageError> {
        let metrics = request.store.unit_metrics(run.id)?;
        let judge = verdict_metric(&request.site.cards, run, &metrics);
        let perturbed = !run.spec.augmentation.perturbations.is_empty();
        let has = |name: &str| metrics.iter().any(|metric| metric.as_str() == name);
        let mut shows = vec![("all", "all")];
        if judge.is_some() {
            shows.extend([("right", "right"), ("partly", "partly right"), ("wrong", "wrong")]);
        }
        if perturbed && judge.is_some() {
            shows.push(("changed", "changed under perturbation"));
        }
        if has("unparsed") {
            shows.push(("unparsed", "unparsed"));
        }
        shows.extend([("refused", "refused"), ("failed", "failed"), ("unasked", "not run")]);
        let mut filter = Filter {
            trial: query.number("trial").and_then(|trial| usize::try_from(trial).ok()).unwrap_or(0),
            copies: match query.get("copies") {
                "" | "originals" if perturbed => Copies::Originals,
                "all" | "" | "originals" => Copies::All,
                name => Copies::Of(name.to_owned()),
            },
            ..Filter::default()
        };
        let mut range = |metric: Option<&MetricName>, least: f64, most: f64| match metric {
            Some(metric) => {
                filter.scores.push(ScoreRange { metric: metric.clone(), least, most });
                Ok(())
            }
            None => {
                Err(PageError::Query("the run has no metric that says right or wrong".to_owned()))
            }
        };
        match query.get("show") {
            "right" => range(judge.as_ref(), 1.0 - CLOSE, f64::MAX)?,
            "partly" => range(judge.as_ref(), CLOSE, 1.0 - CLOSE)?,
            "wrong" => range(judge.as_ref(), f64::MIN, CLOSE)?,
            "unparsed" => range(Some(&"unparsed".into()), 1.0 - CLOSE, f64::MAX)?,
            "refused" if has("refusal") => range(Some(&"refusal".into()), 1.0 - CLOSE, f64::MAX)?,
            "refused" => filter.ending = Some(Ending::Refused),
            "failed" => filter.ending = Some(Ending::Failed),
            "unasked" => filter.ending = Some(Ending::NotRun),
            "changed" => filter.changed.clone_from(&judge),
            "" | "all" => {}
            other => {
                return Err(PageError::Query(format!("`{other}` is nothing that can be shown")));
            }
        }
        if !query.get("metric").is_empty() {
            let end = |name: &str, open: f64| query.get(name).parse().unwrap_or(open);
            let metric = query.get("metric").into();
            filter.scores.push(ScoreRange {
                metric,
                least: end("min", f64::MIN),
                most: end("max", f64::MAX),
            });
        }
        let text = pattern(query.get("q"), query.get("regex") == "1")?;
        Ok(Self { filter, text, group: query.get("group").to_owned(), judge, shows })
    }

    /// The draw of few-shot examples.
    pub(crate) fn trial(&self) -> usize {
        self.filter.trial
    }

    /// Walks through the run, at most about as long as `patience`.
    pub(crate) fn find(
        &self,
        request: &Request<'_>,
        run: &RunInfo,
        part: Part,
        patience: Duration,
    ) -> Result<Found, PageError> {
        let end = Instant::now() + patience;
        self.walk(request, run, part, &|_| Instant::now() >= end)
    }

    /// One neighbour of a unit; no instance, but where to go on, when there is none near.
    pub(crate) fn neighbour(
        &self,
        request: &Request<'_>,
        run: &RunInfo,
        from: i64,
        direction: Direction,
    ) -> Result<Found, PageError> {
        let part = Part { from, direction, wanted: 1 };
        self.find(request, run, part, PATIENCE_OF_NEIGHBOURS)
    }

    fn walk(
        &self,
        request: &Request<'_>,
        run: &RunInfo,
        part: Part,
        enough: &dyn Fn(Looked) -> bool,
    ) -> Result<Found, PageError> {
        let Part { from, direction, wanted } = part;
        let walk = Walk { from, direction, wanted, enough };
        let accept = |unit: &StoredUnit| self.accepts(unit);
        let by_text = self.text.is_some() || !self.group.is_empty();
        let text: Option<TextFilter<'_>> = by_text.then_some(&accept);
        Ok(request.store.browse(run.id, &self.filter, text, walk)?)
    }

    fn accepts(&self, unit: &StoredUnit) -> bool {
        let of_group = self.group.is_empty() || unit.instance.groups.contains(&self.group);
        of_group
            && self.text.as_ref().is_none_or(|pattern| {
                let instance = &unit.instance;
                let answers = unit.answers.iter().filter_map(|answer| answer.reply.as_ref());
                pattern.is_match(&instance.input.text)
                    || pattern.is_match(instance.id.as_str())
                    || instance
                        .references
                        .iter()
                        .any(|reference| pattern.is_match(&reference.output.text))
                    || answers
                        .into_iter()
                        .any(|reply| texts(&reply.outcome).any(|text| pattern.is_match(text)))
            })
    }
}

/// The texts that came back.
fn texts(outcome: &Outcome) -> impl Iterator<Item = &str> {
    let (completions, said) = match outcome {
        Outcome::Answered(response) => (response.completions.as_slice(), None),
        Outcome::Refused { reason } => (&[][..], Some(reason.as_str())),
        Outcome::Failed { message, .. } => (&[][..], Some(message.as_str())),
    };
    completions.iter().map(|completion| completion.text.as_str()).chain(said)
}

fn pattern(text: &str, regex: bool) -> Result<Option<Regex>, PageError> {
    if text.is_empty() {
        return Ok(None);
    }
    let source = if regex { text.to_owned() } else { regex::escape(text) };
    let built = RegexBuilder::new(&source).case_insensitive(!regex).size_limit(1 << 20).build();
    built
        .map(Some)
        .map_err(|error| PageError::Query(format!("the regular expression can't be read: {error}")))
}

/// The list; in the static site `file` says which part.
pub(crate) fn page(request: &Request<'_>, run: &RunInfo, file: &str) -> Result<String, PageError> {
    let (query, part) = match request.site.mode {
        Mode::Served { .. } => {
            if file != "instances.html" {
                return Err(request.not_found());
            }
            (request.query.clone(), 0)
        }
        Mode::Files { .. } => part_of(file).ok_or_else(|| request.not_found())?,
    };
    let selection = Selection::of(request, run, &query)?;
    let show = if query.get("show").is_empty() { "all" } else { query.get("show") };
    let Listed { found, before, after, back } = match request.site.mode {
        Mode::Served { .. } => served(request, run, &selection, &query)?,
        Mode::Files { instances } => laid_out(request, run, &selection, show, part, instances)?,
    };
    let rows: Vec<Value> = found
        .places
        .iter()
        .map(|place| row(request, run, &selection, place, &query))
        .collect::<Result<_, _>>()?;
    let files = request.site.mode.is_files();
    let shows: Vec<Value> = selection
        .shows
        .iter()
        .map(|(value, label)| {
            let href = if files {
                paths::instances_part(run.id.0, value, 0)
            } else {
                paths::instances(run.id.0)
                    + &Query(listed(&query)).with("show", value).replace("show=all", "show=")
            };
            view! { href => href, label => label, current => *value == show }
        })
        .collect();
    let frame = Frame {
        title: format!("Instances of {}", label(run)),
        current: "leaderboard",
        suite: Some(&run.suite),
        per_suite: false,
        crumbs: vec![
            link(paths::suite(&run.suite, "leaderboard"), run.suite.clone()),
            link(paths::run(run.id.0), format!("{} \u{b7} {}", label(run), run.spec.model.name)),
        ],
    };
    request.render(
        "instances.html",
        &frame,
        view! {
            rows => rows, shows => shows, links => run_links(run), before => before, after => after,
            cut_short => found.next.is_some() && found.places.len() < PAGE, back => back,
            looked_until => found.next, wanted => PAGE, instances => run.instances, judge => selection.judge.as_ref().map(|metric| metric.0.clone()),
            query => query.0, q => query.get("q"), regex => query.get("regex") == "1", show => show,
            group => query.get("group"), metric => query.get("metric"), min => query.get("min"), max => query.get("max"),
            copies => query.get("copies"), trial => query.get("trial"),
            named => named(request, run, query.get("q"))?,
            metrics => request.store.unit_metrics(run.id)?.into_iter().map(|metric| metric.0).collect::<Vec<_>>(),
            perturbations => request.store.perturbations(run.id)?, trials => run.spec.adapter.few_shot.num_train_trials,
            limit => match request.site.mode { Mode::Files { instances } if instances < run.instances => Some(instances), _ => None },
        },
    )
}

/// The instances whose id is what is searched for; the database knows them without reading texts.
fn named(request: &Request<'_>, run: &RunInfo, text: &str) -> Result<Vec<Value>, PageError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let places = request.store.copies(run.id, text)?;
    let shown = places.into_iter().take(20).map(|place| {
        let name = place.perturbation.unwrap_or_else(|| place.id.clone());
        link(paths::unit(run.id.0, place.position, 0), name)
    });
    Ok(shown.collect())
}

/// A part of a list, and where its neighbours are.
struct Listed {
    found: Found,
    before: Option<String>,
    after: Option<String>,
    /// Whether the list was walked backwards.
    back: bool,
}

/// The instances from a position on, or the last ones before a position. What lies on the other side is looked for only when
/// somebody goes there.
fn served(
    request: &Request<'_>,
    run: &RunInfo,
    selection: &Selection,
    query: &Query,
) -> Result<Listed, PageError> {
    let list = paths::instances(run.id.0);
    let mut choice = query.clone();
    for place in ["from", "before", "part"] {
        choice.0.remove(place);
    }
    let from = |at: i64| format!("{list}{}", choice.with("from", &at.to_string()));
    let before = |at: i64| format!("{list}{}", choice.with("before", &at.to_string()));
    let (wanted, patience) = match query.number("part").and_then(|part| usize::try_from(part).ok())
    {
        Some(part) => (part.clamp(1, PAGE), PATIENCE_OF_PARTS),
        None => (PAGE, PATIENCE),
    };
    if let Some(end) = query.number("before") {
        let part = Part { from: end.saturating_sub(1), direction: Direction::Backward, wanted };
        let mut found = selection.find(request, run, part, patience)?;
        found.places.reverse();
        let more = found.next.map(|next| before(next + 1));
        return Ok(Listed { found, before: more, after: Some(from(end.max(0))), back: true });
    }
    let start = query.number("from").unwrap_or(0).max(0);
    let part = Part { from: start, direction: Direction::Forward, wanted };
    let found = selection.find(request, run, part, patience)?;
    let after = found.next.map(from);
    Ok(Listed { found, before: (start > 0).then(|| before(start)), after, back: false })
}

/// A part of a list in the static site: the first instances only.
fn laid_out(
    request: &Request<'_>,
    run: &RunInfo,
    selection: &Selection,
    show: &str,
    part: usize,
    instances: usize,
) -> Result<Listed, PageError> {
    let wanted = Part { from: 0, direction: Direction::Forward, wanted: (part + 1) * PAGE + 1 };
    let enough = |looked: Looked| looked.positions >= instances as i64;
    let mut found = selection.walk(request, run, wanted, &enough)?;
    found.places.retain(|place| place.position < instances);
    let more = found.places.len() > (part + 1) * PAGE;
    found.places.truncate((part + 1) * PAGE);
    found.places.drain(..(part * PAGE).min(found.places.len()));
    found.next = None;
    let before = (part > 0).then(|| paths::instances_part(run.id.0, show, part - 1));
    let after = more.then(|| paths::instances_part(run.id.0, show, part + 1));
    Ok(Listed { found, before, after, back: false })
}

/// `instances.html` or `instances-SHOW-N.html`.
fn part_of(file: &str) -> Option<(Query, usize)> {
    let name = file.strip_suffix(".html")?;
    if name == "instances" {
        return Some((Query::default(), 0));
    }
    let (show, part) = name.strip_prefix("instances-")?.rsplit_once('-')?;
    let part: usize = part.parse().ok()?;
    let query = Query(BTreeMap::from([("show".to_owned(), show.to_owned())]));
    Some((query, part.checked_sub(1)?))
}

fn row(
    request: &Request<'_>,
    run: &RunInfo,
    selection: &Selection,
    place: &holometer_store::Place,
    query: &Query,
) -> Result<Value, PageError> {
    let id = UnitId { trial: selection.trial(), instance: place.position };
    let unit = request.store.unit(run.id, id)?;
    let scores = request.store.scores_of(run.id, id)?;
    let input = match &unit {
        Some(unit) => line(&unit.instance.input.text, 220),
        None => request
            .store
            .instance(run.id, place.position)?
            .map(|instance| line(&instance.input.text, 220))
            .unwrap_or_default(),
    };
    let suffix = if request.site.mode.is_files() {
        String::new()
    } else {
        Query(listed(query)).with("", "")
    };
    Ok(view! {
        href => paths::unit(run.id.0, place.position, selection.trial()) + &suffix,
        id => place.id, split => place.split, perturbation => place.perturbation, input => input,
        answer => unit.as_ref().map(|unit| line(&answer(unit), 160)),
        state => unit.as_ref().map_or("no requests", state), verdict => verdict(&scores, selection.judge.as_ref()),
    })
}

/// The parts of a query that choose instances, without the place in the list.
fn listed(query: &Query) -> BTreeMap<String, String> {
    let mut values = query.0.clone();
    for name in ["from", "before", "part", "trial"] {
        values.remove(name);
    }
    values
}

/// What the model answered, in one text.
pub(crate) fn answer(unit: &StoredUnit) -> String {
    let completion = |answer: &holometer_store::StoredAnswer| {
        let response = answer.reply.as_ref()?.outcome.response()?;
        response.completions.first().cloned()
    };
    let several = unit.answers.len() > 1 && unit.answers[0].state.reference_index.is_some();
    if several {
        let scored = unit.answers.iter().filter(|answer| {
            answer.state.request_mode != Some(holometer_core::RequestMode::Calibration)
        });
        let likeliest = scored
            .filter_map(|answer| Some((completion(answer)?.logprob()?, answer)))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .and_then(|(_, answer)| unit.instance.references.get(answer.state.reference_index?));
        return likeliest
            .map(|reference| format!("likeliest: {}", reference.output.text))
            .unwrap_or_default();
    }
    let Some(first) = unit.answers.first() else { return String::new() };
    match first.reply.as_ref().map(|reply| &reply.outcome) {
        None => String::new(),
        Some(Outcome::Refused { reason }) => reason.clone(),
        Some(Outcome::Failed { message, .. }) => message.clone(),
        Some(Outcome::Answered(response)) => {
            let text = response
                .completions
                .first()
                .map(|completion| completion.text.clone())
                .unwrap_or_default();
            let meant = first.state.output_mapping.as_ref().and_then(|mapping| {
                mapping.iter().find(|(letter, _)| letter.trim() == text.trim())
            });
            match meant {
                Some((letter, meaning)) => format!("{letter} \u{2192} {meaning}"),
                None => text,
            }
        }
    }
}

/// How a unit's requests ended, in one word; empty when all were answered.
pub(crate) fn state(unit: &StoredUnit) -> &'static str {
    let outcomes =
        || unit.answers.iter().map(|answer| answer.reply.as_ref().map(|reply| &reply.outcome));
    if outcomes().any(|outcome| matches!(outcome, Some(Outcome::Failed { .. }))) {
        "failed"
    } else if outcomes().any(|outcome| matches!(outcome, Some(Outcome::Refused { .. }))) {
        "refused"
    } else if outcomes().any(|outcome| outcome.is_none()) {
        "not run"
    } else {
        ""
    }
}

/// Right, partly, wrong, or why there is no verdict.
pub(crate) fn verdict(scores: &[Score], judge: Option<&MetricName>) -> Value {
    let score = judge.and_then(|judge| scores.iter().find(|score| score.metric == *judge));
    match score.map(|score| &score.value) {
        None => view! { kind => "none", label => "\u{2013}", reason => "no verdict" },
        Some(holometer_core::Value::Unscored(why)) => {
            view! { kind => "none", label => "unscored", reason => why }
        }
        Some(holometer_core::Value::Number(value)) => {
            let (kind, label) = if *value >= 1.0 - CLOSE {
                ("right", "right".to_owned())
            } else if *value <= CLOSE {
                ("wrong", "wrong".to_owned())
            } else {
                ("partly", number(*value))
            };
            view! { kind => kind, label => label, reason => judge.map(|judge| format!("{judge} = {}", number(*value))) }
        }
    }
}
