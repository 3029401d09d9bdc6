//! Joining files: the workers of a cluster each write one of their own.

use std::collections::HashSet;

use holometer_core::{Cell, Outcome};
use rusqlite::{Connection, OptionalExtension, params};

use crate::codec::{Decoder, Encoder};
use crate::error::StoreError;
use crate::outcomes::{read_reply, write_outcome};
use crate::prepare::Prepared;
use crate::ratings::{Rating, read_ratings, write_rating};
use crate::runs::{same_run, suite_id, write_run};
use crate::scores::{replace_cells, replace_scores};
use crate::store::{Problem, Store};
use crate::types::{
    OutcomeKey, Recorded, Reply, RunContext, RunId, RunInfo, RunInputs, UnitId, UnitScores,
    UnixMillis,
};

/// What became of a run that was taken over from another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absorbed {
    /// The run in this file.
    pub run: RunId,
    /// Whether this file did not have it before.
    pub is_new: bool,
    /// Whether this file has another run of the same name and suite, with other inputs.
    pub has_rival: bool,
    /// Whether it, and not that other run, is the current one of its name.
    pub is_current: bool,
    /// Outcomes that this file lacked.
    pub outcomes: usize,
    /// Ratings that this file lacked.
    pub ratings: usize,
}

impl Store {
    /// Takes a run over from another file, with its outcomes, scores, cells and ratings. What is here already stays: an
    /// answer is never replaced, and a run that was scored here keeps its scores; see [`Store::is_stale`]. Of runs with
    /// the same name and different inputs the one that was begun last is current, the others are kept as superseded. All
    /// of it happens or nothing, and doing it again changes nothing. Holds one run's requests in memory.
    ///
    /// # Errors
    /// When either file is damaged, or this one can't be written.
    pub fn absorb_run(&mut self, other: &Store, info: &RunInfo) -> Result<Absorbed, StoreError> {
        let instances: Vec<_> = other.instances(info.id).collect::<Result<_, _>>()?;
        let (mut states, mut replies) = (Vec::new(), Vec::new());
        for answer in other.answers(info.id) {
            let answer = answer?;
            states.push(answer.state);
            replies.push(answer.reply);
        }
        let inputs = RunInputs {
            fingerprint: &info.fingerprint,
            data_hashes: &info.data_hashes,
            instances: &instances,
            requests: &states,
        };
        let prepared = self.explain(Prepared::new(&info.spec, &inputs))?;
        let scored = Scored::read(other, info)?;
        let ratings = other.explain(read_ratings(&other.connection, info.id))?;
        self.write(|connection| {
            let (place, mut absorbed) = find_place(connection, info, &prepared, &inputs)?;
            let answers = write_replies(connection, place, &replies)?;
            absorbed.outcomes = answers.new;
            absorbed.ratings = write_ratings(connection, place.run, &ratings)?;
            if let Some(scored) = scored
                && answers.agree
                && !place.is_scored
            {
                replace_scores(connection, place.run, scored.units)?;
                replace_cells(connection, place.run, &scored.cells, scored.at)?;
            }
            Ok(absorbed)
        })
    }

    /// Whether requests of a run ended in another way, or more of them did, since it was scored.
    pub fn is_stale(&self, run: RunId) -> Result<bool, StoreError> {
        let scored = self.tally(run)?;
        Ok(match scored {
            Some(tally) => tally.progress != self.progress(run)?,
            None => false,
        })
    }
}

/// A run in the file that takes over.
#[derive(Clone, Copy)]
struct Place {
    run: RunId,
    model: i64,
    is_scored: bool,
}

/// Finds the run, or makes it.
fn find_place(
    connection: &Connection,
    info: &RunInfo,
    prepared: &Prepared<'_>,
    inputs: &RunInputs<'_>,
) -> Result<(Place, Absorbed), Problem> {
    let suite = suite_id(connection, &info.suite)?;
    let same = same_run(connection, suite, prepared)?;
    let run = match same {
        Some(run) => run,
        None => add_run(connection, suite, info, prepared, inputs)?,
    };
    let (model, superseded, finished): (i64, bool, Option<i64>) = connection.query_row(
        "SELECT model, superseded, finished FROM runs WHERE id = ?1",
        [run],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let revisions: i64 = connection.query_row(
        "SELECT count(*) FROM runs WHERE suite = ?1 AND name = ?2",
        params![suite, prepared.name],
        |row| row.get(0),
    )?;
    let run = RunId(run);
    let absorbed = Absorbed {
        run,
        is_new: same.is_none(),
        has_rival: revisions > 1,
        is_current: !superseded,
        outcomes: 0,
        ratings: 0,
    };
    Ok((Place { run, model, is_scored: finished.is_some() }, absorbed))
}

/// Adds a run beside those of the same name; the one that was begun last is current.
fn add_run(
    connection: &Connection,
    suite: i64,
    info: &RunInfo,
    prepared: &Prepared<'_>,
    inputs: &RunInputs<'_>,
) -> Result<i64, Problem> {
    let current: Option<(i64, i64)> = connection
        .prepare_cached(
            "SELECT id, created FROM runs WHERE suite = ?1 AND name = ?2 AND superseded = 0",
        )?
        .query_row(params![suite, prepared.name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let is_later = current.is_none_or(|(_, created)| info.created.0 > created);
    let takes_over = !info.superseded && is_later;
    if let Some((current, _)) = current
        && takes_over
    {
        connection.execute("UPDATE runs SET superseded = 1 WHERE id = ?1", [current])?;
    }
    let context =
        RunContext { at: info.created, version: info.version.clone(), host: info.host.clone() };
    write_run(connection, suite, prepared, inputs, &context, !takes_over)
}

/// What came of comparing two files' answers to a run's requests.
struct Answers {
    /// Outcomes that were added.
    new: usize,
    /// Whether both files now hold the same ones, so that scores of either are right for both.
    agree: bool,
}

fn write_replies(
    connection: &Connection,
    place: Place,
    replies: &[Option<Reply>],
) -> Result<Answers, Problem> {
    let mut encoder = Encoder::for_outcomes()?;
    let mut decoder = Decoder::for_outcomes()?;
    let mut answers = Answers { new: 0, agree: true };
    let mut bodies =
        connection.prepare_cached("SELECT body FROM requests WHERE run = ?1 AND position = ?2")?;
    for (position, reply) in replies.iter().enumerate() {
        let body = bodies.query_row(params![place.run.0, position as i64], |row| row.get(0))?;
        let key = OutcomeKey { model: place.model, body };
        let Some(reply) = reply else {
            answers.agree &= read_reply(connection, &mut decoder, key)?.is_none();
            continue;
        };
        let recorded = Recorded {
            key,
            outcome: reply.outcome.clone(),
            seconds: reply.seconds,
            retries: reply.retries,
        };
        let known = read_reply(connection, &mut decoder, key)?;
        if known.as_ref().is_some_and(|known| known.outcome == reply.outcome) {
            continue;
        }
        // A failure says less than any answer, and no more than another failure.
        let is_failure = matches!(reply.outcome, Outcome::Failed { .. });
        if known.is_some() && is_failure {
            answers.agree = false;
        } else if write_outcome(connection, &mut encoder, &recorded, reply.at)? {
            answers.new += 1;
        } else {
            answers.agree = false;
        }
    }
    Ok(answers)
}

fn write_ratings(
    connection: &Connection,
    run: RunId,
    ratings: &[(UnitId, Rating)],
) -> Result<usize, Problem> {
    let known: HashSet<_> = read_ratings(connection, run)?.into_iter().collect();
    let new: Vec<_> = ratings.iter().filter(|rating| !known.contains(rating)).collect();
    for (unit, rating) in &new {
        write_rating(connection, run, *unit, rating)?;
    }
    Ok(new.len())
}

/// What was computed of a run.
struct Scored {
    units: Vec<UnitScores>,
    cells: Vec<Cell>,
    at: UnixMillis,
}

impl Scored {
    /// `None` for a run that was not scored, or not since its last answers came.
    fn read(store: &Store, info: &RunInfo) -> Result<Option<Self>, StoreError> {
        let Some(at) = info.finished else { return Ok(None) };
        if store.is_stale(info.id)? {
            return Ok(None);
        }
        let units = store.scores(info.id).collect::<Result<_, _>>()?;
        Ok(Some(Self { units, cells: store.cells(info.id)?, at }))
    }
}
