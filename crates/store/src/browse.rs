//! Looking around in a run: single units, an instance's perturbed copies, and lists that are filtered in the database.
//!
//! A list is found by walking from a position on, in bounded steps: what a page costs does not depend on the size of the
//! run, and a search that needs more says how far it came.

use std::fmt::Write as _;
use std::sync::Arc;

use holometer_core::{Cell, Instance, MetricName, Score, Value};
use rusqlite::{OptionalExtension, ToSql, params, params_from_iter};

use crate::error::StoreError;
use crate::read::{RequestRow, SELECT_REQUESTS, Shelf};
use crate::runs::count;
use crate::store::{Problem, Store};
use crate::types::{RunId, StoredUnit, UnitId};

/// How many positions one statement looks at: few, since between two statements a walk can be told that it is enough.
const STEP: i64 = 2_000;

/// Which way a list is walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Towards higher positions.
    #[default]
    Forward,
    /// Towards lower positions.
    Backward,
}

/// Which instances, as to perturbation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Copies {
    /// Originals and perturbed copies.
    #[default]
    All,
    /// Unperturbed instances.
    Originals,
    /// The copies that one perturbation made.
    Of(String),
}

/// What a unit's score must be.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreRange {
    /// The metric.
    pub metric: MetricName,
    /// The least value, included.
    pub least: f64,
    /// The greatest value, included.
    pub most: f64,
}

/// How a unit's requests ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The provider refused one of them.
    Refused,
    /// One of them failed.
    Failed,
    /// One of them has not been asked.
    NotRun,
}

/// What the database can decide without reading texts. Everything must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Which draw of few-shot examples.
    pub trial: usize,
    /// Originals, copies, or both.
    pub copies: Copies,
    /// Ranges of scores.
    pub scores: Vec<ScoreRange>,
    /// How requests ended.
    pub ending: Option<Ending>,
    /// Originals whose score in this metric differs from that of one of their perturbed copies.
    pub changed: Option<MetricName>,
}

/// What a walk has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Positions that were looked at.
    pub positions: i64,
    /// Units whose texts were read.
    pub texts: usize,
}

/// Where a list begins and how far it may go.
#[derive(Clone, Copy)]
pub struct Walk<'a> {
    /// The first position that is looked at.
    pub from: i64,
    /// Which way.
    pub direction: Direction,
    /// The most instances that are wanted.
    pub wanted: usize,
    /// Told again and again what the walk has cost; once it says yes, the walk stops where it is. Every walk looks at something
    /// first, so that a search in parts comes to its end.
    pub enough: &'a dyn Fn(Looked) -> bool,
}

/// An instance in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its position in the run.
    pub position: usize,
    /// Its id within the scenario.
    pub id: String,
    /// Its split.
    pub split: String,
    /// Its perturbation.
    pub perturbation: Option<String>,
}

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// What was found, in the order in which it was walked.
    pub places: Vec<Place>,
    /// The position where a walk in the same direction goes on; `None` at the end of the run.
    pub next: Option<i64>,
}

/// Decides about a unit by its texts.
pub type TextFilter<'a> = &'a dyn Fn(&StoredUnit) -> bool;

impl Store {
    /// The instance at a position of a run; `None` beyond its end.
    pub fn instance(
        &self,
        run: RunId,
        position: usize,
    ) -> Result<Option<Arc<Instance>>, StoreError> {
        self.explain(self.instance_at(run, position))
    }

    fn instance_at(&self, run: RunId, position: usize) -> Result<Option<Arc<Instance>>, Problem> {
        let content: Option<i64> = self
            .connection
            .prepare_cached("SELECT content FROM instances WHERE run = ?1 AND position = ?2")?
            .query_row([run.0, position as i64], |row| row.get(0))
            .optional()?;
        content.map(|content| self.read_instance(content)).transpose()
    }

    /// One unit with its requests and what came back; `None` when it has no requests.
    pub fn unit(&self, run: RunId, id: UnitId) -> Result<Option<StoredUnit>, StoreError> {
        let mut shelf = Shelf::new(self, run);
        self.explain(self.read_unit(&mut shelf, run, id))
    }

    fn read_unit(
        &self,
        shelf: &mut Shelf<'_>,
        run: RunId,
        id: UnitId,
    ) -> Result<Option<StoredUnit>, Problem> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT_REQUESTS} INDEXED BY requests_by_unit WHERE run = ?1 AND trial = ?2 AND instance = ?3 ORDER BY position"
        ))?;
        let mut rows = statement.query([run.0, id.trial as i64, id.instance as i64])?;
        let mut answers = Vec::new();
        while let Some(row) = rows.next()? {
            answers.push(shelf.answer(&RequestRow::read(row)?)?);
        }
        if answers.is_empty() {
            return Ok(None);
        }
        Ok(Some(StoredUnit { id, instance: shelf.instance(id.instance)?, answers }))
    }

    /// The scores of one unit, sorted by the metric's name.
    pub fn scores_of(&self, run: RunId, id: UnitId) -> Result<Vec<Score>, StoreError> {
        self.explain((|| {
            let mut statement = self.connection.prepare_cached(
                "SELECT names.label, value, reasons.label FROM scores \
                 JOIN labels AS names ON names.id = metric LEFT JOIN labels AS reasons ON reasons.id = reason \
                 WHERE run = ?1 AND trial = ?2 AND instance = ?3 ORDER BY names.label",
            )?;
            let mut rows = statement.query([run.0, id.trial as i64, id.instance as i64])?;
            let mut scores = Vec::new();
            while let Some(row) = rows.next()? {
                let value = match row.get::<_, Option<f64>>(1)? {
                    Some(number) => Value::number(number),
                    None => Value::Unscored(row.get::<_, Option<String>>(2)?.unwrap_or_default()),
                };
                scores.push(Score::new(row.get::<_, String>(0)?, value));
            }
            Ok(scores)
        })())
    }

    /// The instances of a run with one id: the original and its perturbed copies, in order.
    pub fn copies(&self, run: RunId, id: &str) -> Result<Vec<Place>, StoreError> {
        let sql = "SELECT position, instance, split, perturbation FROM instances INDEXED BY instances_by_id \
                   WHERE run = ?1 AND instance = ?2 ORDER BY position LIMIT 1000";
        self.explain(self.places(sql, &[&run.0, &id]))
    }

    /// How many draws of few-shot examples a run has; at least 1.
    pub fn trials(&self, run: RunId) -> Result<usize, StoreError> {
        self.explain(self.trials_of(run))
    }

    pub(crate) fn trials_of(&self, run: RunId) -> Result<usize, Problem> {
        // The last entry of the index by unit; a plain maximum would read all of the run's.
        let most: Option<i64> = self
            .connection
            .prepare_cached(
                "SELECT trial FROM requests WHERE run = ?1 ORDER BY trial DESC LIMIT 1",
            )?
            .query_row([run.0], |row| row.get(0))
            .optional()?;
        Ok(usize::try_from(most.unwrap_or(0)).unwrap_or(0) + 1)
    }

    /// The perturbations of a run in the order of their cells.
    pub fn perturbations(&self, run: RunId) -> Result<Vec<String>, StoreError> {
        self.explain((|| {
            let mut statement = self.connection.prepare_cached(
                "SELECT DISTINCT perturbation FROM cells WHERE run = ?1 AND perturbation IS NOT NULL",
            )?;
            let names = statement.query_map([run.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(names)
        })())
    }

    /// The metrics of the first scored unit: those that units of this run have values of.
    pub fn unit_metrics(&self, run: RunId) -> Result<Vec<MetricName>, StoreError> {
        self.explain((|| {
            let mut statement = self.connection.prepare_cached(
                "SELECT names.label FROM scores JOIN labels AS names ON names.id = metric \
                 WHERE run = ?1 AND (trial, instance) = \
                   (SELECT trial, instance FROM scores WHERE run = ?1 ORDER BY trial, instance LIMIT 1) \
                 ORDER BY 1",
            )?;
            let names = statement
                .query_map([run.0], |row| row.get::<_, String>(0))?
                .map(|name| Ok(MetricName(name?)))
                .collect::<Result<_, rusqlite::Error>>()?;
            Ok(names)
        })())
    }

    /// The values of some metrics over the first `limit` positions of a run: for each original unit that has a number
    /// for all of them, the numbers in the order of `metrics`.
    pub fn values(
        &self,
        run: RunId,
        metrics: &[&MetricName],
        limit: usize,
    ) -> Result<Vec<Vec<f64>>, StoreError> {
        self.explain(self.read_values(run, metrics, limit))
    }

    fn read_values(
        &self,
        run: RunId,
        metrics: &[&MetricName],
        limit: usize,
    ) -> Result<Vec<Vec<f64>>, Problem> {
        let mut joins = String::new();
        let mut columns = Vec::new();
        let mut arguments: Vec<i64> = vec![run.0, limit as i64];
        for (index, metric) in metrics.iter().enumerate() {
            let Some(label) = self.label(metric.as_str())? else { return Ok(Vec::new()) };
            arguments.push(label);
            columns.push(format!("s{index}.value"));
            let (at, on) = (index, index + 3);
            let trial = if at == 0 { "0" } else { "s0.trial" };
            // Writing to a string can't fail.
            let _ = write!(
                joins,
                "JOIN scores s{at} ON s{at}.run = i.run AND s{at}.instance = i.position AND s{at}.metric = ?{on} \
                 AND s{at}.trial = {trial} AND s{at}.value IS NOT NULL "
            );
        }
        let sql = format!(
            "SELECT {} FROM instances i {joins} WHERE i.run = ?1 AND i.position < ?2 AND i.perturbation IS NULL \
             ORDER BY i.position",
            columns.join(", ")
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(arguments))?;
        let mut values = Vec::new();
        while let Some(row) = rows.next()? {
            values.push((0..metrics.len()).map(|at| row.get(at)).collect::<Result<_, _>>()?);
        }
        Ok(values)
    }

    /// The cells of one metric of a run, in the order in which they were written.
    pub fn cells_of(&self, run: RunId, metric: &MetricName) -> Result<Vec<Cell>, StoreError> {
        self.explain((|| {
            let mut statement = self.connection.prepare_cached(
                "SELECT content FROM cells WHERE run = ?1 AND metric = ?2 ORDER BY position",
            )?;
            let mut rows = statement.query(params![run.0, metric.as_str()])?;
            let mut cells = Vec::new();
            while let Some(row) = rows.next()? {
                let json = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
                cells.push(serde_json::from_str(json)?);
            }
            Ok(cells)
        })())
    }

    /// The metrics that a run has cells of, sorted.
    pub fn cell_metrics(&self, run: RunId) -> Result<Vec<MetricName>, StoreError> {
        self.explain((|| {
            let mut statement = self
                .connection
                .prepare_cached("SELECT DISTINCT metric FROM cells WHERE run = ?1 ORDER BY 1")?;
            let names = statement
                .query_map([run.0], |row| row.get::<_, String>(0))?
                .map(|name| Ok(MetricName(name?)))
                .collect::<Result<_, rusqlite::Error>>()?;
            Ok(names)
        })())
    }

    /// The instances of a run that pass a filter, from a position on.
    pub fn browse(
        &self,
        run: RunId,
        filter: &Filter,
        text: Option<TextFilter<'_>>,
        walk: Walk<'_>,
    ) -> Result<Found, StoreError> {
        self.explain(self.walk(run, filter, text, walk))
    }

    fn walk(
        &self,
        run: RunId,
        filter: &Filter,
        text: Option<TextFilter<'_>>,
        walk: Walk<'_>,
    ) -> Result<Found, Problem> {
        let Some(query) = self.query(run, filter, walk.direction)? else {
            return Ok(Found::default());
        };
        let end = self.end(run)?;
        let mut shelf = Shelf::new(self, run);
        let (mut at, mut looked) = (walk.from, Looked::default());
        let mut places = Vec::new();
        while (0..end).contains(&at) {
            if looked.positions > 0 && (walk.enough)(looked) {
                return Ok(Found { places, next: Some(at) });
            }
            let (low, high, after) = match walk.direction {
                Direction::Forward => (at, at + STEP, at + STEP),
                Direction::Backward => (at - STEP + 1, at + 1, at - STEP),
            };
            let wanted = if text.is_some() { STEP } else { (walk.wanted - places.len()) as i64 };
            for place in self.step(&query, low, high, wanted)? {
                if let Some(text) = text {
                    if looked.texts > 0 && (walk.enough)(looked) {
                        return Ok(Found { places, next: Some(place.position as i64) });
                    }
                    looked.texts += 1;
                    let id = UnitId { trial: filter.trial, instance: place.position };
                    let unit = self.read_unit(&mut shelf, run, id)?;
                    if !unit.is_some_and(|unit| text(&unit)) {
                        continue;
                    }
                }
                let next = match walk.direction {
                    Direction::Forward => place.position as i64 + 1,
                    Direction::Backward => place.position as i64 - 1,
                };
                places.push(place);
                if places.len() == walk.wanted {
                    let next = Some(next).filter(|next| (0..end).contains(next));
                    return Ok(Found { places, next });
                }
            }
            looked.positions += STEP;
            at = after;
        }
        Ok(Found { places, next: None })
    }

    /// One past the last position of a run's instances.
    fn end(&self, run: RunId) -> Result<i64, Problem> {
        let last: Option<i64> = self
            .connection
            .prepare_cached("SELECT max(position) FROM instances WHERE run = ?1")?
            .query_row([run.0], |row| row.get(0))?;
        Ok(last.map_or(0, |last| last.saturating_add(1)))
    }

    fn step(&self, query: &Query, low: i64, high: i64, wanted: i64) -> Result<Vec<Place>, Problem> {
        let mut arguments: Vec<&dyn ToSql> = vec![&low, &high, &wanted];
        arguments.extend(query.arguments.iter().map(|value| value as &dyn ToSql));
        self.places(&query.sql, &arguments)
    }

    fn places(&self, sql: &str, arguments: &[&dyn ToSql]) -> Result<Vec<Place>, Problem> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(arguments)?;
        let mut places = Vec::new();
        while let Some(row) = rows.next()? {
            places.push(Place {
                position: count(row, 0)?,
                id: row.get(1)?,
                split: row.get(2)?,
                perturbation: row.get(3)?,
            });
        }
        Ok(places)
    }

    /// The statement for a filter; `None` when a metric is named that no unit has.
    fn query(
        &self,
        run: RunId,
        filter: &Filter,
        direction: Direction,
    ) -> Result<Option<Query>, Problem> {
        let mut query = Query::default();
        let run_id = query.bind(run.0);
        // A number of ours, written out: not every filter uses it.
        let trial = filter.trial;
        let mut clauses =
            vec![format!("i.run = {run_id} AND i.position >= ?1 AND i.position < ?2")];
        match &filter.copies {
            Copies::All => {}
            Copies::Originals => clauses.push("i.perturbation IS NULL".to_owned()),
            Copies::Of(name) => {
                let name = query.bind(name.clone());
                clauses.push(format!("i.perturbation = {name}"));
            }
        }
        for range in &filter.scores {
            let Some(label) = self.label(range.metric.as_str())? else { return Ok(None) };
            let (label, least, most) =
                (query.bind(label), query.bind(range.least), query.bind(range.most));
            clauses.push(format!(
                "EXISTS (SELECT 1 FROM scores s WHERE s.run = i.run AND s.trial = {trial} AND s.instance = i.position \
                 AND s.metric = {label} AND s.value BETWEEN {least} AND {most})"
            ));
        }
        if let Some(ending) = filter.ending {
            let model = query.bind(self.model_of(run)?);
            let kind = match ending {
                Ending::Refused => "o.kind = 'refused'",
                Ending::Failed => "o.kind = 'failed'",
                Ending::NotRun => "o.kind IS NULL",
            };
            clauses.push(format!(
                "EXISTS (SELECT 1 FROM requests r INDEXED BY requests_by_unit LEFT JOIN outcomes o ON o.model = {model} AND o.body = r.body \
                 WHERE r.run = i.run AND r.trial = {trial} AND r.instance = i.position AND {kind})"
            ));
        }
        if let Some(metric) = &filter.changed {
            let Some(label) = self.label(metric.as_str())? else { return Ok(None) };
            let label = query.bind(label);
            clauses.push(format!(
                "i.perturbation IS NULL AND EXISTS (SELECT 1 FROM instances c INDEXED BY instances_by_id \
                 CROSS JOIN scores a ON a.run = c.run AND a.trial = {trial} AND a.instance = i.position AND a.metric = {label} \
                 CROSS JOIN scores b ON b.run = c.run AND b.trial = {trial} AND b.instance = c.position AND b.metric = {label} \
                 WHERE c.run = i.run AND c.instance = i.instance AND c.perturbation IS NOT NULL AND a.value <> b.value)"
            ));
        }
        let order = match direction {
            Direction::Forward => "ASC",
            Direction::Backward => "DESC",
        };
        query.sql = format!(
            "SELECT i.position, i.instance, i.split, i.perturbation FROM instances i WHERE {} \
             ORDER BY i.position {order} LIMIT ?3",
            clauses.join(" AND ")
        );
        Ok(Some(query))
    }

    /// The number of a label; `None` when no score has it.
    fn label(&self, name: &str) -> Result<Option<i64>, Problem> {
        let mut statement =
            self.connection.prepare_cached("SELECT id FROM labels WHERE label = ?1")?;
        Ok(statement.query_row([name], |row| row.get(0)).optional()?)
    }
}

/// A statement with the values of its parameters from the fourth on.
#[derive(Default)]
struct Query {
    sql: String,
    arguments: Vec<rusqlite::types::Value>,
}

impl Query {
    /// Adds a value and gives its parameter.
    fn bind(&mut self, value: impl Into<rusqlite::types::Value>) -> String {
        self.arguments.push(value.into());
        format!("?{}", self.arguments.len() + 3)
    }
}
