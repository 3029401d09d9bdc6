//! Scores, components of totals, and cells of reports.

use std::collections::HashMap;

use holometer_core::{Cell, CellStatus, Score, Value};
use rusqlite::{Connection, params};

use crate::error::StoreError;
use crate::runs::count;
use crate::store::{Problem, Store};
use crate::types::{Component, RunId, UnitId, UnitScores, UnixMillis};

impl Store {
    /// Replaces all scores of a run, in one transaction. Units may come in any order.
    ///
    /// # Errors
    /// [`StoreError::TwoValues`] when a unit has two different values for one metric (equal ones are kept once).
    pub fn write_scores(
        &mut self,
        run: RunId,
        units: impl IntoIterator<Item = UnitScores>,
    ) -> Result<(), StoreError> {
        let known = self.model_of(run);
        self.explain(known)?;
        self.write(|connection| {
            connection.execute("DELETE FROM scores WHERE run = ?1", [run.0])?;
            connection.execute("DELETE FROM components WHERE run = ?1", [run.0])?;
            let mut labels = Labels::default();
            for unit in units {
                write_unit(connection, &mut labels, run, &unit)?;
            }
            Ok(())
        })
    }

    /// The scores of a run, unit by unit in the units' order. Reads a page at a time.
    pub fn scores(&self, run: RunId) -> impl Iterator<Item = Result<UnitScores, StoreError>> + '_ {
        let mut after = Some(UnitId { trial: 0, instance: 0 });
        std::iter::from_fn(move || {
            let result = self.next_scores(run, after?);
            after = match &result {
                Ok(Some(unit)) => {
                    Some(UnitId { trial: unit.unit.trial, instance: unit.unit.instance + 1 })
                }
                Ok(None) | Err(_) => None,
            };
            self.explain(result).transpose()
        })
    }

    /// The scores of the first unit that is `from` or follows it.
    fn next_scores(&self, run: RunId, from: UnitId) -> Result<Option<UnitScores>, Problem> {
        let mut first = self.connection.prepare_cached(
            "SELECT trial, instance FROM ( \
               SELECT * FROM (SELECT trial, instance FROM scores \
                 WHERE run = ?1 AND (trial, instance) >= (?2, ?3) ORDER BY trial, instance LIMIT 1) \
               UNION ALL \
               SELECT * FROM (SELECT trial, instance FROM components \
                 WHERE run = ?1 AND (trial, instance) >= (?2, ?3) ORDER BY trial, instance LIMIT 1)) \
             ORDER BY trial, instance LIMIT 1",
        )?;
        let mut rows = first.query(params![run.0, from.trial as i64, from.instance as i64])?;
        let unit = match rows.next()? {
            Some(row) => UnitId { trial: count(row, 0)?, instance: count(row, 1)? },
            None => return Ok(None),
        };
        let scores = self.read_scores(run, unit)?;
        let components = self.read_components(run, unit)?;
        Ok(Some(UnitScores { unit, scores, components }))
    }

    fn read_scores(&self, run: RunId, unit: UnitId) -> Result<Vec<Score>, Problem> {
        let mut statement = self.connection.prepare_cached(
            "SELECT names.label, value, reasons.label FROM scores \
             JOIN labels AS names ON names.id = metric LEFT JOIN labels AS reasons ON reasons.id = reason \
             WHERE run = ?1 AND trial = ?2 AND instance = ?3",
        )?;
        let mut rows = statement.query(params![run.0, unit.trial as i64, unit.instance as i64])?;
        let mut scores = Vec::new();
        while let Some(row) = rows.next()? {
            let value = match row.get::<_, Option<f64>>(1)? {
                Some(number) => Value::number(number),
                None => Value::Unscored(row.get(2)?),
            };
            scores.push(Score::new(row.get::<_, String>(0)?, value));
        }
        scores.sort_by(|one, other| one.metric.cmp(&other.metric));
        Ok(scores)
    }

    fn read_components(&self, run: RunId, unit: UnitId) -> Result<Vec<Component>, Problem> {
        let mut statement = self.connection.prepare_cached(
            "SELECT names.label, sums, reasons.label FROM components \
             JOIN labels AS names ON names.id = statistic LEFT JOIN labels AS reasons ON reasons.id = reason \
             WHERE run = ?1 AND trial = ?2 AND instance = ?3",
        )?;
        let mut rows = statement.query(params![run.0, unit.trial as i64, unit.instance as i64])?;
        let mut components = Vec::new();
        while let Some(row) = rows.next()? {
            let sums = match row.get::<_, Option<String>>(1)? {
                Some(json) => Ok(serde_json::from_str(&json)?),
                None => Err(row.get(2)?),
            };
            components.push((row.get(0)?, sums));
        }
        components.sort_by(|one: &Component, other| one.0.cmp(&other.0));
        Ok(components)
    }

    /// Replaces the cells of a run's report and marks the run as finished, in one transaction.
    pub fn write_cells(
        &mut self,
        run: RunId,
        cells: &[Cell],
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        let known = self.model_of(run);
        self.explain(known)?;
        self.write(|connection| {
            connection.execute("DELETE FROM cells WHERE run = ?1", [run.0])?;
            for (position, cell) in cells.iter().enumerate() {
                write_cell(connection, run, position, cell)?;
            }
            connection.execute("UPDATE runs SET finished = ?2 WHERE id = ?1", [run.0, at.0])?;
            Ok(())
        })
    }

    /// The cells of a run's report, in the order in which they were written.
    pub fn cells(&self, run: RunId) -> Result<Vec<Cell>, StoreError> {
        self.explain((|| {
            let mut statement = self
                .connection
                .prepare_cached("SELECT content FROM cells WHERE run = ?1 ORDER BY position")?;
            let mut rows = statement.query([run.0])?;
            let mut cells = Vec::new();
            while let Some(row) = rows.next()? {
                let json = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
                cells.push(serde_json::from_str(json)?);
            }
            Ok(cells)
        })())
    }
}

/// The ids of labels met so far.
#[derive(Default)]
struct Labels(HashMap<String, i64>);

impl Labels {
    /// How many labels are remembered: reasons may be as many as instances.
    const REMEMBERED: usize = 65_536;

    fn id(&mut self, connection: &Connection, label: &str) -> Result<i64, Problem> {
        if let Some(id) = self.0.get(label) {
            return Ok(*id);
        }
        connection
            .prepare_cached("INSERT OR IGNORE INTO labels (label) VALUES (?1)")?
            .execute([label])?;
        let id = connection
            .prepare_cached("SELECT id FROM labels WHERE label = ?1")?
            .query_row([label], |row| row.get(0))?;
        if self.0.len() < Self::REMEMBERED {
            self.0.insert(label.to_owned(), id);
        }
        Ok(id)
    }
}

fn write_unit(
    connection: &Connection,
    labels: &mut Labels,
    run: RunId,
    unit: &UnitScores,
) -> Result<(), Problem> {
    let UnitId { trial, instance } = unit.unit;
    let mut insert = connection.prepare_cached(
        "INSERT INTO scores (run, trial, instance, metric, value, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (index, score) in unit.scores.iter().enumerate() {
        let earlier = unit.scores[..index].iter().find(|other| other.metric == score.metric);
        match earlier {
            Some(other) if other.value == score.value => continue,
            Some(_) => return Err(Problem::TwoValues { metric: score.metric.0.clone() }),
            None => {}
        }
        let metric = labels.id(connection, score.metric.as_str())?;
        let (value, reason) = match &score.value {
            Value::Number(number) => match Value::number(*number) {
                Value::Number(number) => (Some(number), None),
                Value::Unscored(reason) => (None, Some(reason)),
            },
            Value::Unscored(reason) => (None, Some(reason.clone())),
        };
        let reason = reason.map(|reason| labels.id(connection, &reason)).transpose()?;
        insert.execute(params![run.0, trial as i64, instance as i64, metric, value, reason])?;
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO components (run, trial, instance, statistic, sums, reason) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (name, sums) in &unit.components {
        let statistic = labels.id(connection, name)?;
        let (sums, reason) = match sums {
            Ok(sums) => match sums.iter().find(|value| !value.is_finite()) {
                None => (Some(serde_json::to_string(sums)?), None),
                Some(value) => (None, Some(format!("the computation gave `{value}`"))),
            },
            Err(reason) => (None, Some(reason.clone())),
        };
        let reason = reason.map(|reason| labels.id(connection, &reason)).transpose()?;
        insert.execute(params![run.0, trial as i64, instance as i64, statistic, sums, reason])?;
    }
    Ok(())
}

fn write_cell(
    connection: &Connection,
    run: RunId,
    position: usize,
    cell: &Cell,
) -> Result<(), Problem> {
    let status = match &cell.status {
        CellStatus::Ok => "ok",
        CellStatus::InsufficientSupport { .. } => "insufficient_support",
        CellStatus::NotApplicable { .. } => "not_applicable",
        CellStatus::NotRequested { .. } => "not_requested",
        CellStatus::ScorerUnavailable { .. } => "scorer_unavailable",
        CellStatus::Failed { .. } => "failed",
    };
    let estimate = cell.estimate.as_ref();
    let interval = estimate.and_then(|estimate| estimate.interval.as_ref());
    connection
        .prepare_cached(
            "INSERT INTO cells (run, position, metric, split, perturbation, status, value, n, low, high, content) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            run.0,
            position as i64,
            cell.metric.as_str(),
            cell.slice.split.map(holometer_core::Split::as_str),
            cell.slice.perturbation.as_ref().map(holometer_core::PerturbationName::as_str),
            status,
            estimate.map(|estimate| estimate.value),
            estimate.map(|estimate| estimate.n as i64),
            interval.map(|interval| interval.low),
            interval.map(|interval| interval.high),
            serde_json::to_string(cell)?,
        ])?;
    Ok(())
}
