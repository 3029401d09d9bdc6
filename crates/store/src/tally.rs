//! What became of a run's requests, kept when the run is scored so that a page need not count a million rows.

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::StoreError;
use crate::runs::count;
use crate::store::{Problem, Store};
use crate::types::{Progress, RunId, UnixMillis};

/// What became of a run's requests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// How many requests ended how.
    pub progress: Progress,
    /// Seconds of model time, as far as recorded.
    pub seconds: f64,
}

impl Store {
    /// The tally of a run as of its last scoring; `None` while it has not been scored.
    pub fn tally(&self, run: RunId) -> Result<Option<Tally>, StoreError> {
        self.explain(self.read_tally(run))
    }

    fn read_tally(&self, run: RunId) -> Result<Option<Tally>, Problem> {
        let mut statement = self.connection.prepare_cached(
            "SELECT answered, refused, failed, not_run, seconds FROM tallies \
             JOIN runs ON runs.id = tallies.run AND runs.finished = tallies.finished WHERE tallies.run = ?1",
        )?;
        let mut rows = statement.query([run.0])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let mut progress = Progress {
            planned: 0,
            answered: count(row, 0)?,
            refused: count(row, 1)?,
            failed: count(row, 2)?,
            not_run: count(row, 3)?,
        };
        progress.planned =
            progress.answered + progress.refused + progress.failed + progress.not_run;
        Ok(Some(Tally { progress, seconds: row.get(4)? }))
    }

    /// Counts a run's requests now; takes time in proportion to the run.
    pub fn count_tally(&self, run: RunId) -> Result<Tally, StoreError> {
        self.explain(self.model_of(run).and_then(|model| counted(&self.connection, model, run)))
    }
}

/// Keeps the tally of a run that is being marked as finished.
pub(crate) fn write_tally(
    connection: &Connection,
    run: RunId,
    at: UnixMillis,
) -> Result<(), Problem> {
    let model: Option<i64> = connection
        .prepare_cached("SELECT model FROM runs WHERE id = ?1")?
        .query_row([run.0], |row| row.get(0))
        .optional()?;
    let Tally { progress, seconds } =
        counted(connection, model.ok_or(Problem::UnknownRun(run.0))?, run)?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO tallies (run, finished, answered, refused, failed, not_run, seconds) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            run.0,
            at.0,
            progress.answered as i64,
            progress.refused as i64,
            progress.failed as i64,
            progress.not_run as i64,
            seconds
        ])?;
    Ok(())
}

fn counted(connection: &Connection, model: i64, run: RunId) -> Result<Tally, Problem> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce(outcomes.kind, ''), count(*), coalesce(sum(outcomes.seconds), 0.0) FROM requests \
         LEFT JOIN outcomes ON outcomes.model = ?1 AND outcomes.body = requests.body \
         WHERE requests.run = ?2 GROUP BY 1",
    )?;
    let mut rows = statement.query([model, run.0])?;
    let mut tally = Tally::default();
    while let Some(row) = rows.next()? {
        let number = count(row, 1)?;
        tally.seconds += row.get::<_, f64>(2)?;
        tally.progress.planned += number;
        match row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)? {
            "answered" => tally.progress.answered += number,
            "refused" => tally.progress.refused += number,
            "failed" => tally.progress.failed += number,
            _ => tally.progress.not_run += number,
        }
    }
    Ok(tally)
}
