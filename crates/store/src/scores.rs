//! Scores, components of totals, and cells of reports.

use std::collections::{HashMap, VecDeque};

use holometer_core::{Cell, CellStatus, Score, Value};
use rusqlite::{Connection, Row, params};

use crate::error::StoreError;
use crate::read::{PAGE, Pages};
use crate::runs::count;
use crate::store::{Problem, Store};
use crate::tally::write_tally;
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
        self.write(|connection| replace_scores(connection, run, units))
    }

    /// The scores of a run, unit by unit in the units' order. Reads a page at a time.
    pub fn scores(&self, run: RunId) -> impl Iterator<Item = Result<UnitScores, StoreError>> + '_ {
        let mut scores = self.score_rows(run);
        let mut components = self.component_rows(run);
        std::iter::from_fn(move || {
            self.explain(next_scores(&mut scores, &mut components)).transpose()
        })
    }

    fn score_rows(&self, run: RunId) -> Rows<'_, Score> {
        let sql = "SELECT trial, instance, metric, names.label, value, reasons.label FROM scores \
                   JOIN labels AS names ON names.id = metric \
                   LEFT JOIN labels AS reasons ON reasons.id = reason \
                   WHERE run = ?1 AND (trial, instance, metric) > (?2, ?3, ?4) \
                   ORDER BY trial, instance, metric LIMIT ?5";
        self.unit_rows(run, sql, |row| {
            let value = match row.get::<_, Option<f64>>(4)? {
                Some(number) => Value::number(number),
                None => Value::Unscored(row.get(5)?),
            };
            Ok(Score::new(row.get::<_, String>(3)?, value))
        })
    }

    fn component_rows(&self, run: RunId) -> Rows<'_, Component> {
        let sql = "SELECT trial, instance, statistic, names.label, sums, reasons.label FROM components \
             JOIN labels AS names ON names.id = statistic \
             LEFT JOIN labels AS reasons ON reasons.id = reason \
             WHERE run = ?1 AND (trial, instance, statistic) > (?2, ?3, ?4) \
             ORDER BY trial, instance, statistic LIMIT ?5";
        self.unit_rows(run, sql, |row| {
            let sums = match row.get::<_, Option<String>>(4)? {
                Some(json) => Ok(serde_json::from_str(&json)?),
                None => Err(row.get(5)?),
            };
            Ok((row.get(3)?, sums))
        })
    }

    /// Rows whose first three columns are the trial, the instance and a label; `read` makes the rest of a value.
    fn unit_rows<T: 'static>(
        &self,
        run: RunId,
        sql: &'static str,
        read: impl Fn(&Row<'_>) -> Result<T, Problem> + 'static,
    ) -> Rows<'_, T> {
        let fetch = move |after: (i64, i64, i64)| {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![run.0, after.0, after.1, after.2, PAGE])?;
            let (mut page, mut last) = (VecDeque::new(), after);
            while let Some(row) = rows.next()? {
                let unit = UnitId { trial: count(row, 0)?, instance: count(row, 1)? };
                last = (row.get(0)?, row.get(1)?, row.get(2)?);
                page.push_back((unit, read(row)?));
            }
            Ok((last, page))
        };
        Pages::starting_at((-1, -1, -1), Box::new(fetch))
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
        self.write(|connection| replace_cells(connection, run, cells, at))
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

/// See [`Store::write_scores`].
pub(crate) fn replace_scores(
    connection: &Connection,
    run: RunId,
    units: impl IntoIterator<Item = UnitScores>,
) -> Result<(), Problem> {
    connection.execute("DELETE FROM scores WHERE run = ?1", [run.0])?;
    connection.execute("DELETE FROM components WHERE run = ?1", [run.0])?;
    let mut labels = Labels::default();
    for unit in units {
        write_unit(connection, &mut labels, run, &unit)?;
    }
    Ok(())
}

/// See [`Store::write_cells`].
pub(crate) fn replace_cells(
    connection: &Connection,
    run: RunId,
    cells: &[Cell],
    at: UnixMillis,
) -> Result<(), Problem> {
    connection.execute("DELETE FROM cells WHERE run = ?1", [run.0])?;
    for (position, cell) in cells.iter().enumerate() {
        write_cell(connection, run, position, cell)?;
    }
    connection.execute("UPDATE runs SET finished = ?2 WHERE id = ?1", [run.0, at.0])?;
    write_tally(connection, run, at)
}

/// Values with their units, in the units' order, fetched a page at a time.
type Rows<'s, T> = Pages<(i64, i64, i64), (UnitId, T), Fetch<'s, T>>;
type Fetch<'s, T> = Box<dyn FnMut((i64, i64, i64)) -> Fetched<T> + 's>;
type Fetched<T> = Result<((i64, i64, i64), VecDeque<(UnitId, T)>), Problem>;

/// Everything about the next unit that has a score or a component; `None` at the end.
fn next_scores(
    scores: &mut Rows<'_, Score>,
    components: &mut Rows<'_, Component>,
) -> Result<Option<UnitScores>, Problem> {
    let one = scores.peek()?.map(|row| row.0);
    let other = components.peek()?.map(|row| row.0);
    let Some(unit) = one.into_iter().chain(other).min() else {
        return Ok(None);
    };
    let mut scores = take_unit(scores, unit)?;
    let mut components = take_unit(components, unit)?;
    scores.sort_by(|one, other| one.metric.cmp(&other.metric));
    components.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(Some(UnitScores { unit, scores, components }))
}

fn take_unit<T>(rows: &mut Rows<'_, T>, unit: UnitId) -> Result<Vec<T>, Problem> {
    let mut values = Vec::new();
    while rows.peek()?.is_some_and(|row| row.0 == unit) {
        if let Some((_, value)) = rows.next().transpose()? {
            values.push(value);
        }
    }
    Ok(values)
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
    for (index, (name, sums)) in unit.components.iter().enumerate() {
        match unit.components[..index].iter().find(|(other, _)| other == name) {
            Some((_, other)) if other == sums => continue,
            Some(_) => return Err(Problem::TwoValues { metric: name.clone() }),
            None => {}
        }
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
