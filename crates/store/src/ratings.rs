//! What people think of answers: who, when, how good, and a note. Ratings are added and never changed.

use rusqlite::params;

use crate::error::StoreError;
use crate::store::{Problem, Store};
use crate::types::{RunId, UnitId, UnixMillis};

/// One person's rating of the answer to one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        self.write(|connection| {
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
        })
    }

    /// The ratings of a unit, the oldest first.
    pub fn ratings(&self, run: RunId, unit: UnitId) -> Result<Vec<Rating>, StoreError> {
        self.explain(self.read_ratings(run, unit))
    }

    fn read_ratings(&self, run: RunId, unit: UnitId) -> Result<Vec<Rating>, Problem> {
        let mut statement = self.connection.prepare_cached(
            "SELECT rater, value, note, created FROM ratings \
             WHERE run = ?1 AND trial = ?2 AND instance = ?3 ORDER BY id",
        )?;
        let mut rows = statement.query([run.0, unit.trial as i64, unit.instance as i64])?;
        let mut ratings = Vec::new();
        while let Some(row) = rows.next()? {
            ratings.push(Rating {
                rater: row.get(0)?,
                value: row.get(1)?,
                note: row.get(2)?,
                at: UnixMillis(row.get(3)?),
            });
        }
        Ok(ratings)
    }
}
