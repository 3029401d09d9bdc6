//! The entry point: from jobs to a report.

use std::sync::Arc;
use std::time::Duration;

use holometer_core::{Cancel, Model, ModelName};
use holometer_store::{OutcomeKey, Progress, Retry, RunId, Store, StoreError};
use thiserror::Error;

use crate::desk::Desk;
use crate::events::Event;
use crate::ledger::Ledger;

/// Where a model computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On this machine: such models are executed one after another, because they share its memory and processors.
    Local,
    /// Elsewhere: such models are executed side by side, also beside a local one.
    Remote,
}

/// A run and the model that answers it.
#[derive(Clone, Debug)]
pub struct Job {
    /// The run, as begun in the store.
    pub run: RunId,
    /// The model; its fingerprint must be the run's. Jobs with the same fingerprint share the first one's model.
    pub model: Arc<dyn Model>,
    /// Where it computes.
    pub place: Place,
}

/// How to execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Which failures of earlier executions are asked again.
    pub retry: Retry,
    /// At most this many requests are given to a model at once.
    pub slice_requests: usize,
    /// No request is added to those given at once when their texts have this many bytes.
    pub slice_bytes: usize,
    /// Outcomes are committed when there are this many,
    pub batch_outcomes: usize,
    /// or when the oldest has waited for so long.
    pub batch_interval: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            retry: Retry::Transient,
            slice_requests: 2048,
            slice_bytes: 32 << 20,
            batch_outcomes: 512,
            batch_interval: Duration::from_millis(200),
        }
    }
}

/// What an execution led to. For each run and in total, planned = answered + refused + failed + not run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Each run, in the order of the jobs.
    pub runs: Vec<RunReport>,
    /// All runs together. A request that several runs share counts for each.
    pub total: Progress,
    /// How many requests came back from models now; a request that several runs share counts once.
    pub asked: usize,
    /// Models that were given up; their remaining requests are not run.
    pub broken: Vec<Broken>,
    /// Whether the execution was stopped before its end.
    pub interrupted: bool,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunReport {
    /// The run.
    pub run: RunId,
    /// How its requests ended.
    pub progress: Progress,
}

/// A model that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The model.
    pub model: ModelName,
    /// Why.
    pub reason: String,
}

/// Why an execution could not go on. What was recorded before stays recorded.
#[derive(Debug, Error)]
pub enum RunError {
    /// The results database can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The run was begun with another model.
    #[error(
        "run number {run} was planned for the model `{expected}`, not for `{found}`\n\
         hint: this is an error in Holometer; please report it",
        run = run.0
    )]
    WrongModel {
        /// The run.
        run: RunId,
        /// The fingerprint it was begun with.
        expected: String,
        /// The fingerprint of the job's model.
        found: String,
    },
    /// The system gives no more threads.
    #[error(
        "no thread could be started for a model: {0}\nhint: raise the limit on processes (`ulimit -u`) or use fewer models at once"
    )]
    Thread(std::io::Error),
}

/// How many pending requests are listed at once.
const PAGE: usize = 16_384;

/// Asks every model what its runs still need and records the outcomes. Returns when all is done, soon after `cancel`,
/// or at the first error of the database. `events` is called on this thread.
///
/// # Errors
/// When the database can't be used. Whatever was reported as [`Event::Flushed`] is on disk all the same.
pub fn execute(
    store: &mut Store,
    jobs: &[Job],
    options: &Options,
    cancel: &Cancel,
    events: &dyn Fn(Event),
) -> Result<Report, RunError> {
    let (ledgers, left) = plan(store, jobs, options, events)?;
    let outcome = Desk::new(store, ledgers, jobs, left, options, events).work(cancel)?;
    let mut report = Report {
        asked: outcome.asked,
        broken: outcome.broken,
        interrupted: cancel.is_cancelled(),
        ..Report::default()
    };
    for job in jobs {
        let progress = store.progress(job.run)?;
        report.total.add(&progress);
        report.runs.push(RunReport { run: job.run, progress });
    }
    Ok(report)
}

/// The runs of one model.
struct Group<'j> {
    fingerprint: &'j str,
    ledger: Ledger,
    /// What they still need, in order: the job's place with the key.
    pending: Vec<(usize, OutcomeKey)>,
}

/// Lists what is pending by model. Gives the ledgers, in the order in which the models first occur, and the number of
/// pending requests of each job.
fn plan(
    store: &Store,
    jobs: &[Job],
    options: &Options,
    events: &dyn Fn(Event),
) -> Result<(Vec<Ledger>, Vec<usize>), RunError> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut left = Vec::with_capacity(jobs.len());
    for (index, job) in jobs.iter().enumerate() {
        let info = store.run(job.run)?;
        let fingerprint = job.model.card().fingerprint.as_str();
        if info.fingerprint != fingerprint {
            return Err(RunError::WrongModel {
                run: job.run,
                expected: info.fingerprint,
                found: fingerprint.to_owned(),
            });
        }
        let at = groups.iter().position(|group| group.fingerprint == fingerprint);
        let at = at.unwrap_or_else(|| {
            let ledger = Ledger::new(Arc::clone(&job.model), job.place);
            groups.push(Group { fingerprint, ledger, pending: Vec::new() });
            groups.len() - 1
        });
        let before = groups[at].pending.len();
        list_pending(store, job.run, index, options.retry, &mut groups[at].pending)?;
        let pending = groups[at].pending.len() - before;
        left.push(pending);
        events(Event::Planned { run: job.run, requests: info.requests });
        let cached = info.requests.saturating_sub(pending);
        events(Event::Resumed { run: job.run, cached, pending });
    }
    let ledgers = groups.into_iter().map(|mut group| {
        group.ledger.add(group.pending);
        group.ledger
    });
    Ok((ledgers.collect(), left))
}

fn list_pending(
    store: &Store,
    run: RunId,
    index: usize,
    retry: Retry,
    list: &mut Vec<(usize, OutcomeKey)>,
) -> Result<(), StoreError> {
    let mut from = 0;
    loop {
        let page = store.pending(run, from, PAGE, retry)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        from = last.position + 1;
        list.extend(page.iter().map(|pending| (index, pending.key)));
    }
}
