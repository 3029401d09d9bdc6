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

/// How a run is going at this moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pulse {
    /// What became of its requests.
    pub tally: Tally,
    /// How many outcomes came back since a given time.
    pub recent: usize,
    /// When the last outcome came back.
    pub latest: Option<UnixMillis>,
    /// The kinds of failures, with how many requests failed with each.
    pub failures: Vec<(String, usize)>,
}

impl Store {
    /// How a run is going, and how much came back since `since`; takes time in proportion to the run.
    pub fn pulse(&self, run: RunId, since: UnixMillis) -> Result<Pulse, StoreError> {
        self.explain(self.read_pulse(run, since))
    }

    fn read_pulse(&self, run: RunId, since: UnixMillis) -> Result<Pulse, Problem> {
        let model = self.model_of(run)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(o.kind, ''), o.failure, count(*), coalesce(sum(o.seconds), 0.0), \
               coalesce(sum(o.created >= ?3), 0), max(o.created) \
             FROM requests LEFT JOIN outcomes o ON o.model = ?1 AND o.body = requests.body \
             WHERE requests.run = ?2 GROUP BY 1, 2",
        )?;
        let mut rows = statement.query([model, run.0, since.0])?;
        let mut pulse = Pulse::default();
        while let Some(row) = rows.next()? {
            let number = count(row, 2)?;
            pulse.tally.add(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?, number);
            pulse.tally.seconds += row.get::<_, f64>(3)?;
            pulse.recent += count(row, 4)?;
            pulse.latest = pulse.latest.max(row.get::<_, Option<i64>>(5)?.map(UnixMillis));
            if let Some(failure) = row.get::<_, Option<String>>(1)? {
                pulse.failures.push((failure, number));
            }
        }
        Ok(pulse)
    }

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
        tally.seconds += row.get::<_, f64>(2)?;
        tally.add(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?, count(row, 1)?);
    }
    Ok(tally)
}

impl Tally {
    /// Counts requests whose outcome is of a kind; empty: not asked yet.
    fn add(&mut self, kind: &str, number: usize) {
        self.progress.planned += number;
        match kind {
            "answered" => self.progress.answered += number,
            "refused" => self.progress.refused += number,
            "failed" => self.progress.failed += number,
            _ => self.progress.not_run += number,
        }
    }
}
