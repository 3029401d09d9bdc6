//! The response cache: what is still to be asked, and what came back.

use holometer_core::{Completion, FailureKind, Outcome, Request};
use rusqlite::{Connection, OptionalExtension, params};

use crate::bodies::read_body;
use crate::codec::{Decoder, Encoder};
use crate::error::StoreError;
use crate::runs::count;
use crate::store::{Problem, Problematic, Store};
use crate::types::{OutcomeKey, Pending, Progress, Recorded, Reply, Retry, RunId, UnixMillis};

/// The failures that asking again under the same circumstances can't change. A refused key
/// ([`FailureKind::Unauthorized`]) is not among them: the user corrects it and runs again.
const SETTLED: [FailureKind; 3] =
    [FailureKind::Rejected, FailureKind::Unsupported, FailureKind::TooLong];

impl Store {
    /// The requests of a run that are still to be asked, in order: at most `limit` of them, from position `from` on.
    /// Answers that another run got for an equal request to the same model count for this one.
    pub fn pending(
        &self,
        run: RunId,
        from: usize,
        limit: usize,
        retry: Retry,
    ) -> Result<Vec<Pending>, StoreError> {
        self.explain(self.read_pending(run, from, limit, retry))
    }

    fn read_pending(
        &self,
        run: RunId,
        from: usize,
        limit: usize,
        retry: Retry,
    ) -> Result<Vec<Pending>, Problem> {
        let model = self.model_of(run)?;
        // A JSON array, so that the statement is the same however many kinds there are.
        let settled: Vec<&str> = match retry {
            Retry::Transient => SETTLED.map(failure_name).to_vec(),
            Retry::Failures => Vec::new(),
        };
        let settled = serde_json::to_string(&settled)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT requests.position, requests.body FROM requests \
             LEFT JOIN outcomes ON outcomes.model = ?1 AND outcomes.body = requests.body \
             WHERE requests.run = ?2 AND requests.position >= ?3 AND (outcomes.kind IS NULL \
               OR (outcomes.kind = 'failed' AND outcomes.failure NOT IN (SELECT value FROM json_each(?5)))) \
             ORDER BY requests.position LIMIT ?4",
        )?;
        let mut rows =
            statement.query(params![model, run.0, from as i64, limit as i64, settled])?;
        let mut pending = Vec::new();
        while let Some(row) = rows.next()? {
            let key = OutcomeKey { model, body: row.get(1)? };
            pending.push(Pending { position: count(row, 0)?, key });
        }
        Ok(pending)
    }

    /// The request behind a key.
    pub fn request(&self, key: OutcomeKey) -> Result<Request, StoreError> {
        let mut texts = self.texts.borrow_mut();
        self.explain(read_body(&self.connection, &mut texts, key.body))
    }

    /// Keeps outcomes, all in one transaction: when this returns, they survive a killed process and a power cut.
    /// An answer that is already there is never replaced, a failure is.
    ///
    /// Log-probabilities that are not finite numbers are left out, as if the server had reported none.
    pub fn record(&mut self, outcomes: &[Recorded], at: UnixMillis) -> Result<(), StoreError> {
        self.write(|connection| {
            let mut encoder = Encoder::for_outcomes()?;
            for recorded in outcomes {
                write_outcome(connection, &mut encoder, recorded, at)?;
            }
            Ok(())
        })
    }

    /// What came back for a key, if it has been asked.
    pub fn reply(&self, key: OutcomeKey) -> Result<Option<Reply>, StoreError> {
        self.explain(self.read_reply(key))
    }

    pub(crate) fn read_reply(&self, key: OutcomeKey) -> Result<Option<Reply>, Problem> {
        read_reply(&self.connection, &mut self.outcomes.borrow_mut(), key)
    }

    /// How far a run is.
    pub fn progress(&self, run: RunId) -> Result<Progress, StoreError> {
        self.explain(self.read_progress(run))
    }

    fn read_progress(&self, run: RunId) -> Result<Progress, Problem> {
        let model = self.model_of(run)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(outcomes.kind, ''), count(*) FROM requests \
             LEFT JOIN outcomes ON outcomes.model = ?1 AND outcomes.body = requests.body \
             WHERE requests.run = ?2 GROUP BY 1",
        )?;
        let mut rows = statement.query([model, run.0])?;
        let mut progress = Progress::default();
        while let Some(row) = rows.next()? {
            let number = count(row, 1)?;
            progress.planned += number;
            match row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)? {
                "answered" => progress.answered += number,
                "refused" => progress.refused += number,
                "failed" => progress.failed += number,
                _ => progress.not_run += number,
            }
        }
        Ok(progress)
    }

    pub(crate) fn model_of(&self, run: RunId) -> Result<i64, Problem> {
        let mut statement =
            self.connection.prepare_cached("SELECT model FROM runs WHERE id = ?1")?;
        statement.query_row([run.0], |row| row.get(0)).optional()?.ok_or(Problem::UnknownRun(run.0))
    }
}

pub(crate) fn read_reply(
    connection: &Connection,
    decoder: &mut Decoder,
    key: OutcomeKey,
) -> Result<Option<Reply>, Problem> {
    let mut statement = connection.prepare_cached(
        "SELECT seconds, retries, created, size, contents.body FROM outcomes \
         LEFT JOIN contents ON contents.id = outcomes.content \
         WHERE outcomes.model = ?1 AND outcomes.body = ?2",
    )?;
    let mut rows = statement.query([key.model, key.body])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let frame = row.get_ref(4)?.as_blob().ok().damaged("an outcome's content is missing")?;
    let json = decoder.decompress(frame, count(row, 3)?)?;
    let retries: i64 = row.get(1)?;
    Ok(Some(Reply {
        outcome: serde_json::from_slice(&json)?,
        seconds: row.get(0)?,
        retries: u32::try_from(retries).ok().damaged("a number of retries")?,
        at: UnixMillis(row.get(2)?),
    }))
}

/// Keeps one outcome, unless an answer is there already; says whether it was kept.
pub(crate) fn write_outcome(
    connection: &Connection,
    encoder: &mut Encoder,
    recorded: &Recorded,
    at: UnixMillis,
) -> Result<bool, Problem> {
    let OutcomeKey { model, body } = recorded.key;
    let stored: Option<(String, i64)> = connection
        .prepare_cached("SELECT kind, content FROM outcomes WHERE model = ?1 AND body = ?2")?
        .query_row([model, body], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if stored.as_ref().is_some_and(|(kind, _)| kind != "failed") {
        return Ok(false);
    }
    let (kind, failure) = match &recorded.outcome {
        Outcome::Answered(_) => ("answered", None),
        Outcome::Refused { .. } => ("refused", None),
        Outcome::Failed { kind, .. } => ("failed", Some(failure_name(*kind))),
    };
    let json = outcome_json(&recorded.outcome)?;
    let frame = encoder.compress(&json)?;
    let seconds = recorded.seconds.filter(|seconds| seconds.is_finite());
    let content = if let Some((_, content)) = stored {
        connection
            .prepare_cached("UPDATE contents SET size = ?2, body = ?3 WHERE id = ?1")?
            .execute(params![content, json.len() as i64, frame])?;
        content
    } else {
        connection
            .prepare_cached("INSERT INTO contents (size, body) VALUES (?1, ?2)")?
            .insert(params![json.len() as i64, frame])?
    };
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO outcomes (model, body, kind, failure, seconds, retries, created, content) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![model, body, kind, failure, seconds, recorded.retries, at.0, content])?;
    Ok(true)
}

/// The outcome's JSON. JSON has no infinities: a log-probability that is one is left out.
fn outcome_json(outcome: &Outcome) -> Result<Vec<u8>, Problem> {
    let bytes = match outcome {
        Outcome::Answered(response) if !response.completions.iter().all(is_finite) => {
            let mut response = response.clone();
            response.completions.iter_mut().for_each(drop_infinite);
            serde_json::to_vec(&Outcome::Answered(response))?
        }
        _ => serde_json::to_vec(outcome)?,
    };
    if bytes.len() > crate::codec::MAX_TEXT_BYTES {
        return Err(Problem::TooLong { size: bytes.len() });
    }
    Ok(bytes)
}

fn is_finite(completion: &Completion) -> bool {
    completion.tokens.iter().all(|token| {
        token.logprob.is_none_or(f64::is_finite)
            && token.top.iter().all(|top| top.logprob.is_finite())
    })
}

fn drop_infinite(completion: &mut Completion) {
    for token in &mut completion.tokens {
        token.logprob = token.logprob.filter(|value| value.is_finite());
        token.top.retain(|top| top.logprob.is_finite());
    }
}

/// The name under which a failure is stored; the same as in its JSON.
fn failure_name(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Unreachable => "unreachable",
        FailureKind::RateLimited => "rate_limited",
        FailureKind::Server => "server",
        FailureKind::Unauthorized => "unauthorized",
        FailureKind::Rejected => "rejected",
        FailureKind::Malformed => "malformed",
        FailureKind::Timeout => "timeout",
        FailureKind::Unsupported => "unsupported",
        FailureKind::TooLong => "too_long",
        FailureKind::Resources => "resources",
        FailureKind::Cancelled => "cancelled",
    }
}
