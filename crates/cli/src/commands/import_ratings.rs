//! `import ratings`: what people think of answers, from a file.

use std::collections::BTreeMap;
use std::path::Path;

use holometer_core::PerturbationName;
use holometer_store::{Rating, RunInfo, Store, UnitId};
use serde::Deserialize;

use crate::failure::{Exit, Failure};
use crate::pipeline::{now, open_for_reading, open_for_writing, suite_or_latest};
use crate::progress::Talk;

/// One line of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// The run's name, as `holometer report --format json` shows it.
    run: String,
    /// The instance's id.
    instance: String,
    /// The perturbation's name, for a perturbed copy.
    #[serde(default)]
    perturbation: Option<PerturbationName>,
    /// The draw of few-shot examples.
    #[serde(default)]
    trial: usize,
    rater: String,
    /// 1 (bad) to 5 (good).
    rating: u8,
    #[serde(default)]
    note: String,
}

/// Reads the whole file before it writes anything.
pub(crate) fn import_ratings(
    file: &Path,
    suite: Option<&str>,
    database: &Path,
    talk: &Talk,
) -> Result<Exit, Failure> {
    drop(open_for_reading(database)?);
    let mut store = open_for_writing(database)?;
    let suite = suite_or_latest(&store, suite)?;
    let runs = store.runs(&suite).map_err(Failure::usage)?;
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!("can't read `{}`: {error}", file.display()))
            .hint("each line is an object such as {\"run\": \"...\", \"instance\": \"id0\", \"rater\": \"ann\", \"rating\": 4}")
    })?;
    let mut units = BTreeMap::new();
    let mut ratings = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at = format!("{}, line {}", file.display(), number + 1);
        let line: Line =
            serde_json::from_str(line).map_err(|error| Failure::usage(format!("{at}: {error}")))?;
        ratings.push(
            rating(&store, &runs, &mut units, line)
                .map_err(|reason| Failure::usage(format!("{at}: {reason}")))?,
        );
    }
    for (run, unit, rating) in &ratings {
        store.rate(run.id, *unit, rating).map_err(Failure::usage)?;
    }
    talk.say(&format!("{} ratings were read into the suite `{suite}`", ratings.len()));
    Ok(Exit::Done)
}

/// A run's units by draw, instance and perturbation.
type Units = BTreeMap<(usize, String, Option<PerturbationName>), UnitId>;

fn rating<'r>(
    store: &Store,
    runs: &'r [RunInfo],
    units: &mut BTreeMap<String, Units>,
    line: Line,
) -> Result<(&'r RunInfo, UnitId, Rating), String> {
    let run = runs
        .iter()
        .find(|run| run.spec.name.as_str() == line.run)
        .ok_or_else(|| format!("the suite has no run `{}`", line.run))?;
    if !(1..=5).contains(&line.rating) {
        return Err(format!("the rating `{}` is not between 1 and 5", line.rating));
    }
    if !units.contains_key(&line.run) {
        units.insert(line.run.clone(), units_of(store, run)?);
    }
    let key = (line.trial, line.instance.clone(), line.perturbation);
    let unit = units.get(&line.run).and_then(|known| known.get(&key));
    let unit =
        unit.ok_or_else(|| format!("the run has no such instance as `{}`", line.instance))?;
    let rating = Rating { rater: line.rater, value: line.rating, note: line.note, at: now() };
    Ok((run, *unit, rating))
}

fn units_of(store: &Store, run: &RunInfo) -> Result<Units, String> {
    let mut found = Units::new();
    for unit in store.units(run.id) {
        let unit = unit.map_err(|error| error.to_string())?;
        let perturbation = unit.instance.perturbation.as_ref().map(|done| done.name.clone());
        found.insert((unit.id.trial, unit.instance.id.0.clone(), perturbation), unit.id);
    }
    Ok(found)
}
