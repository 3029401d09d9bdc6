//! How far judges agree with one another, people with one another, and judges with people.

use std::collections::BTreeMap;
use std::path::Path;

use holometer_report::{Column, Table};
use holometer_stats::agreement::{Scale, Weights, cohen_kappa, krippendorff_alpha};
use holometer_stats::correlation::spearman;
use holometer_store::{RunInfo, Store, UnitId};
use serde_json::json;

use crate::args::TableFormat;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{inquiry_runs, open_for_reading, run_label, suite_or_latest};

/// Ratings of one rater by unit.
type Ratings = BTreeMap<UnitId, f64>;

/// Ratings by rater.
type Raters = BTreeMap<String, Ratings>;

/// Prints the tables.
pub(crate) fn agreement(
    suite: Option<&str>,
    format: TableFormat,
    database: &Path,
) -> Result<Exit, Failure> {
    let store = open_for_reading(database)?;
    let suite = suite_or_latest(&store, suite)?;
    let mut rows = Vec::new();
    for run in store.runs(&suite).map_err(Failure::usage)? {
        let people = people(&store, &run)?;
        for (score, judges) in verdicts(&store, &run)? {
            rows.extend(all_together(&run, &score, "judges", &judges, Scale::Interval));
            rows.extend(two_by_two(&run, &score, &judges));
            rows.extend(with_people(&run, &score, &judges, &people));
        }
        rows.extend(all_together(&run, "rating", "people", &people, Scale::Ordinal));
    }
    if rows.is_empty() {
        return Err(Failure::nothing(format!("nothing in the suite `{suite}` was rated twice"))
            .hint("name two judges with --judge, or let two people rate the same answers"));
    }
    let columns = ["run", "model", "score", "between", "coefficient"].map(Column::text);
    let numbers = ["value", "units", "equal"].map(Column::number);
    let table = Table {
        title: format!("Agreement in the suite `{suite}`"),
        columns: columns.into_iter().chain(numbers).collect(),
        rows: rows.iter().map(Row::cells).collect(),
        notes: vec![
            "1 is agreement, 0 what chance gives. alpha: Krippendorff's, over all raters; kappa: Cohen's, of two, with quadratic weights; \
             rho: Spearman's rank correlation with the people's mean rating. equal: share of units rated equally by both. A verdict that can't be read is no rating."
                .to_owned(),
        ],
    };
    let json: Vec<_> = rows.iter().map(Row::json).collect();
    output::print_tables(&[table], &json, format)?;
    Ok(Exit::Done)
}

/// A coefficient.
struct Row {
    run: String,
    model: String,
    score: String,
    between: String,
    coefficient: &'static str,
    /// The error is why there is none.
    value: Result<f64, &'static str>,
    units: usize,
    equal: Option<f64>,
}

impl Row {
    fn new(run: &RunInfo, score: &str, between: String, coefficient: &'static str) -> Self {
        Self {
            run: run_label(run),
            model: run.spec.model.name.0.clone(),
            score: score.to_owned(),
            between,
            coefficient,
            value: Err("nothing can be compared, or all ratings are equal"),
            units: 0,
            equal: None,
        }
    }

    fn cells(&self) -> Vec<String> {
        let number = |value: f64| format!("{value:.3}");
        vec![
            self.run.clone(),
            self.model.clone(),
            self.score.clone(),
            self.between.clone(),
            self.coefficient.to_owned(),
            self.value.map_or_else(str::to_owned, number),
            self.units.to_string(),
            self.equal.map_or_else(|| "-".to_owned(), number),
        ]
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "run": self.run, "model": self.model, "score": self.score, "between": self.between,
            "coefficient": self.coefficient, "value": self.value.ok(), "reason": self.value.err(),
            "units": self.units, "equal": self.equal,
        })
    }
}

fn all_together(
    run: &RunInfo,
    score: &str,
    who: &str,
    raters: &Raters,
    scale: Scale,
) -> Option<Row> {
    if raters.len() < 2 {
        return None;
    }
    let mut units: BTreeMap<UnitId, Vec<f64>> = BTreeMap::new();
    for (unit, rating) in raters.values().flatten() {
        units.entry(*unit).or_default().push(*rating);
    }
    let units: Vec<Vec<f64>> = units.into_values().filter(|ratings| ratings.len() > 1).collect();
    let mut row = Row::new(run, score, format!("{} {who}", raters.len()), "alpha");
    row.value = krippendorff_alpha(&units, scale)
        .ok_or("nothing can be compared, or all ratings are equal");
    row.units = units.len();
    Some(row)
}

fn two_by_two(run: &RunInfo, score: &str, judges: &Raters) -> Vec<Row> {
    let list: Vec<(&String, &Ratings)> = judges.iter().collect();
    let mut rows = Vec::new();
    for (at, (one, ratings)) in list.iter().enumerate() {
        for (other, others) in &list[at + 1..] {
            let pairs = in_common(ratings, others);
            let equal = pairs.iter().filter(|(one, other)| one == other).count();
            let mut row = Row::new(run, score, format!("{one}, {other}"), "kappa");
            row.value = cohen_kappa(&pairs, Weights::Quadratic)
                .ok_or("nothing can be compared, or all ratings are equal");
            row.units = pairs.len();
            row.equal = (!pairs.is_empty()).then(|| equal as f64 / pairs.len() as f64);
            rows.push(row);
        }
    }
    rows
}

fn with_people(run: &RunInfo, score: &str, judges: &Raters, people: &Raters) -> Vec<Row> {
    let mut sums: BTreeMap<UnitId, (f64, f64)> = BTreeMap::new();
    for (unit, rating) in people.values().flatten() {
        let sum = sums.entry(*unit).or_default();
        *sum = (sum.0 + rating, sum.1 + 1.0);
    }
    let means: Ratings = sums.into_iter().map(|(unit, (sum, n))| (unit, sum / n)).collect();
    if means.is_empty() {
        return Vec::new();
    }
    let row = |(judge, ratings): (&String, &Ratings)| {
        let (one, other): (Vec<f64>, Vec<f64>) = in_common(ratings, &means).into_iter().unzip();
        let mut row = Row::new(run, score, format!("{judge}, people"), "rho");
        row.value = spearman(&one, &other, 0.95)
            .map(|correlation| correlation.value)
            .ok_or("fewer than 3 units, or all ratings are equal");
        row.units = one.len();
        row
    };
    judges.iter().map(row).collect()
}

fn in_common(one: &Ratings, other: &Ratings) -> Vec<(f64, f64)> {
    one.iter().filter_map(|(unit, rating)| Some((*rating, *other.get(unit)?))).collect()
}

/// Each judge's verdicts, by score: they are stored as `score@judge`.
fn verdicts(store: &Store, run: &RunInfo) -> Result<BTreeMap<String, Raters>, Failure> {
    let judges: Vec<String> =
        inquiry_runs(store, run)?.into_iter().map(|about| about.spec.model.name.0).collect();
    let mut found: BTreeMap<String, Raters> = BTreeMap::new();
    for unit in store.scores(run.id) {
        let unit = unit.map_err(Failure::usage)?;
        for score in &unit.scores {
            let Some((name, judge)) = score.metric.as_str().split_once('@') else { continue };
            let Some(value) = score.value.as_number() else { continue };
            if judges.iter().any(|known| known == judge) {
                let raters = found.entry(name.to_owned()).or_default();
                raters.entry(judge.to_owned()).or_default().insert(unit.unit, value);
            }
        }
    }
    Ok(found)
}

/// People's ratings; the latest of a person counts.
fn people(store: &Store, run: &RunInfo) -> Result<Raters, Failure> {
    let mut found = Raters::new();
    for unit in store.units(run.id) {
        let unit = unit.map_err(Failure::usage)?.id;
        for rating in store.ratings(run.id, unit).map_err(Failure::usage)? {
            found.entry(rating.rater).or_default().insert(unit, f64::from(rating.value));
        }
    }
    Ok(found)
}
