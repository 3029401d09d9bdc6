//! What people think of answers: who, when, how good, and a note. Ratings are added and never changed.

use rusqlite::{Connection, Row, params};

use crate::error::StoreError;
use crate::runs::count;
use crate::store::{Problem, Store};
use crate::types::{RunId, UnitId, UnixMillis};

/// One person's rating of the answer to one unit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rating {
    /// Who rated.
    pub rater: String,
    /// From 1 (bad) to 5 (good).
    pub value: u8,
    /// A note; may be empty.
    pub note: String,
    /// When.
    pub at: UnixMillis,
}

impl Store {
    /// Adds a rating.
    ///
    /// # Errors
    /// When the run is unknown, or the value is not 1 to 5.
    pub fn rate(&mut self, run: RunId, unit: UnitId, rating: &Rating) -> Result<(), StoreError> {
        let known = self.model_of(run);
        self.explain(known)?;
        self.write(|connection| write_rating(connection, run, unit, rating))
    }

    /// The ratings of a unit, the oldest first.
    pub fn ratings(&self, run: RunId, unit: UnitId) -> Result<Vec<Rating>, StoreError> {
        self.explain(self.read_unit_ratings(run, unit))
    }

    fn read_unit_ratings(&self, run: RunId, unit: UnitId) -> Result<Vec<Rating>, Problem> {
        let mut statement = self.connection.prepare_cached(
            "SELECT rater, value, note, created FROM ratings \
             WHERE run = ?1 AND trial = ?2 AND instance = ?3 ORDER BY id",
        )?;
        let mut rows = statement.query([run.0, unit.trial as i64, unit.instance as i64])?;
        let mut ratings = Vec::new();
        while let Some(row) = rows.next()? {
            ratings.push(read_rating(row)?);
        }
        Ok(ratings)
    }
}

/// All ratings of a run, the oldest first.
pub(crate) fn read_ratings(
    connection: &Connection,
    run: RunId,
) -> Result<Vec<(UnitId, Rating)>, Problem> {
    let mut statement = connection.prepare_cached(
        "SELECT rater, value, note, created, trial, instance FROM ratings WHERE run = ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([run.0])?;
    let mut ratings = Vec::new();
    while let Some(row) = rows.next()? {
        let unit = UnitId { trial: count(row, 4)?, instance: count(row, 5)? };
        ratings.push((unit, read_rating(row)?));
    }
    Ok(ratings)
}

fn read_rating(row: &Row<'_>) -> Result<Rating, Problem> {
    Ok(Rating {
        rater: row.get(0)?,
        value: row.get(1)?,
        note: row.get(2)?,
        at: UnixMillis(row.get(3)?),
    })
}

pub(crate) fn write_rating(
    connection: &Connection,
    run: RunId,
    unit: UnitId,
    rating: &Rating,
) -> Result<(), Problem> {
    connection
        .prepare_cached(
            "INSERT INTO ratings (run, trial, instance, rater, value, note, created) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            run.0,
            unit.trial as i64,
            unit.instance as i64,
            rating.rater,
            rating.value,
            rating.note,
            rating.at.0
        ])?;
    Ok(())
}
