//! The desk: the one thread that owns the database while models answer.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, Scope};
use std::time::Duration;

use holometer_core::{Cancel, FailureKind, Finished, Outcome, Response};
use holometer_store::{Recorded, RunId, Store};

use crate::clock::{Due, now};
use crate::events::{Event, OutcomeKind};
use crate::execute::{Broken, Job, Options, Place, RunError};
use crate::ledger::Ledger;
use crate::worker::{Message, Slice, work};

/// How often the wish to stop is looked for.
const LOOK_FOR_STOP: Duration = Duration::from_millis(50);

/// How many messages may wait: a model that is quicker than the disk waits for it.
const MESSAGES: usize = 1024;

/// What the desk has done.
pub(crate) struct Done {
    pub(crate) asked: usize,
    pub(crate) broken: Vec<Broken>,
}

/// A model at the desk.
struct Line {
    ledger: Ledger,
    /// Where its work goes; `None` before it starts and when no more is to come.
    slices: Option<Sender<Slice>>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Working,
    Ended,
}

/// A run at the desk.
struct Tab {
    run: RunId,
    /// How many of its requests are still awaited.
    left: usize,
    announced: bool,
}

/// See the module.
pub(crate) struct Desk<'d> {
    store: &'d mut Store,
    lines: Vec<Line>,
    tabs: Vec<Tab>,
    options: &'d Options,
    events: &'d dyn Fn(Event),
    batch: Vec<Recorded>,
    due: Option<Due>,
    /// Set when work stops early; seen by the models.
    stop: Cancel,
    error: Option<RunError>,
    done: Done,
}

/// Stops the models when the desk itself unwinds, so that their threads end.
struct StopOnDrop(Cancel);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl<'d> Desk<'d> {
    /// A desk for models with work. `left` holds the number of pending requests of each job.
    pub(crate) fn new(
        store: &'d mut Store,
        ledgers: Vec<Ledger>,
        jobs: &[Job],
        left: Vec<usize>,
        options: &'d Options,
        events: &'d dyn Fn(Event),
    ) -> Self {
        let line = |ledger| Line { ledger, slices: None, stage: Stage::Waiting };
        let tab = |(job, left): (&Job, usize)| Tab { run: job.run, left, announced: false };
        Self {
            store,
            lines: ledgers.into_iter().map(line).collect(),
            tabs: jobs.iter().zip(left).map(tab).collect(),
            options,
            events,
            batch: Vec::new(),
            due: None,
            stop: Cancel::new(),
            error: None,
            done: Done { asked: 0, broken: Vec::new() },
        }
    }

    /// Works until every model has ended and everything is recorded.
    pub(crate) fn work(mut self, cancel: &Cancel) -> Result<Done, RunError> {
        self.announce_runs();
        let (sender, messages) = sync_channel(MESSAGES);
        std::thread::scope(|scope| {
            let _stop = StopOnDrop(self.stop.clone());
            let messages: Receiver<Message> = messages;
            self.start_models(scope, &sender, cancel);
            while self.lines.iter().any(|line| line.stage == Stage::Working) {
                let wait = self.due.map_or(LOOK_FOR_STOP, |due| due.wait().min(LOOK_FOR_STOP));
                match messages.recv_timeout(wait) {
                    Ok(message) => self.take(message),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                if cancel.is_cancelled() {
                    self.stop_models();
                }
                let full = self.batch.len() >= self.options.batch_outcomes.max(1);
                if full || self.due.is_some_and(|due| due.wait().is_zero()) {
                    self.flush();
                }
                self.start_models(scope, &sender, cancel);
            }
            self.flush();
        });
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.done),
        }
    }

    /// Starts the models whose turn has come.
    fn start_models<'scope>(
        &mut self,
        scope: &'scope Scope<'scope, '_>,
        desk: &SyncSender<Message>,
        cancel: &Cancel,
    ) {
        for index in 0..self.lines.len() {
            let line = &self.lines[index];
            if line.stage != Stage::Waiting {
                continue;
            }
            if line.ledger.is_done() || cancel.is_cancelled() || self.stop.is_cancelled() {
                self.lines[index].stage = Stage::Ended;
                continue;
            }
            if line.ledger.place == Place::Local && self.is_machine_busy() {
                continue;
            }
            if let Err(error) = self.start_model(scope, desk, index) {
                self.fail(error);
            }
        }
    }

    fn is_machine_busy(&self) -> bool {
        self.lines
            .iter()
            .any(|line| line.stage == Stage::Working && line.ledger.place == Place::Local)
    }

    fn start_model<'scope>(
        &mut self,
        scope: &'scope Scope<'scope, '_>,
        desk: &SyncSender<Message>,
        index: usize,
    ) -> Result<(), RunError> {
        let (slices, work_of_model) = channel();
        let model = std::sync::Arc::clone(&self.lines[index].ledger.model);
        let name = model.card().name.clone();
        let (desk, stop) = (desk.clone(), self.stop.clone());
        Builder::new()
            .name(format!("model {index}"))
            .spawn_scoped(scope, move || work(index, &*model, &work_of_model, &stop, &desk))
            .map_err(RunError::Thread)?;
        self.lines[index].stage = Stage::Working;
        self.lines[index].slices = Some(slices);
        (self.events)(Event::ModelStarted { model: name, index });
        self.hand_out(index);
        Ok(())
    }

    /// Gives a model its next slice, or closes its line when there is none.
    fn hand_out(&mut self, index: usize) {
        let line = &mut self.lines[index];
        if line.slices.is_none() {
            return;
        }
        match line.ledger.next_slice(self.store, self.options) {
            Err(error) => self.fail(error.into()),
            Ok(slice) if slice.is_empty() => line.slices = None,
            Ok(slice) => {
                let sent = line.slices.as_ref().map(|slices| slices.send(slice));
                // A worker that has given its model up has closed its side, and will say so.
                if matches!(sent, Some(Err(_))) {
                    line.slices = None;
                }
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Finished { model, finished } => self.finish(model, finished),
            Message::Ready { model } => self.hand_out(model),
            Message::Warning { code, text } => self.warn(code, text),
            Message::Ended { model, broken } => self.end(model, broken),
        }
    }

    fn end(&mut self, index: usize, broken: Option<String>) {
        let line = &mut self.lines[index];
        line.stage = Stage::Ended;
        line.slices = None;
        let model = line.ledger.model.card().name.clone();
        if let Some(reason) = broken {
            self.warn("model_given_up", format!("`{model}` was given up: {reason}"));
            self.done.broken.push(Broken { model: model.clone(), reason });
        }
        self.flush();
        (self.events)(Event::ModelFinished { model });
    }

    /// Puts an outcome into the batch and tells the runs that wait for it.
    fn finish(&mut self, index: usize, finished: Finished) {
        let stopped = self.stop.is_cancelled();
        let is_cancelled =
            matches!(finished.outcome, Outcome::Failed { kind: FailureKind::Cancelled, .. });
        if self.error.is_some() || (stopped && is_cancelled) {
            return;
        }
        let Some((key, runs)) = self.lines[index].ledger.settle(finished.key) else {
            return;
        };
        self.done.asked += 1;
        let kind = OutcomeKind::of(&finished.outcome);
        let (mut seconds, mut tokens) = (finished.seconds, tokens_of(&finished.outcome));
        for run in runs {
            let tab = &mut self.tabs[run];
            tab.left = tab.left.saturating_sub(1);
            (self.events)(Event::RequestFinished {
                run: tab.run,
                kind,
                seconds,
                prompt_tokens: tokens.0,
                completion_tokens: tokens.1,
            });
            (seconds, tokens) = (0.0, (0, 0));
        }
        if let Outcome::Failed { kind, message } = &finished.outcome {
            self.warn(failure_code(*kind), message.clone());
        }
        let Finished { outcome, seconds, retries, .. } = finished;
        let seconds = Some(seconds).filter(|seconds| *seconds > 0.0);
        self.batch.push(Recorded { key, outcome, seconds, retries });
        self.due.get_or_insert_with(|| Due::after(self.options.batch_interval));
    }

    /// Commits the batch.
    fn flush(&mut self) {
        self.due = None;
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() || self.error.is_some() {
            return;
        }
        match self.store.record(&batch, now()) {
            Ok(()) => {
                (self.events)(Event::Flushed { outcomes: batch.len() });
                self.announce_runs();
            }
            Err(error) => self.fail(error.into()),
        }
    }

    /// Tells which runs have become complete.
    fn announce_runs(&mut self) {
        for index in 0..self.tabs.len() {
            let Tab { run, left: 0, announced: false } = self.tabs[index] else {
                continue;
            };
            self.tabs[index].announced = true;
            match self.store.progress(run) {
                Ok(progress) => (self.events)(Event::RunFinished { run, progress }),
                Err(error) => self.fail(error.into()),
            }
        }
    }

    fn warn(&self, code: &'static str, text: String) {
        (self.events)(Event::Warning { code, text });
    }

    /// Stops everything because of an error; the first one is the one that is reported.
    fn fail(&mut self, error: RunError) {
        tracing::error!("{error}");
        self.error.get_or_insert(error);
        self.stop_models();
    }

    fn stop_models(&mut self) {
        self.stop.cancel();
        for line in &mut self.lines {
            line.slices = None;
        }
    }
}

/// Tokens read and written, where they are known.
fn tokens_of(outcome: &Outcome) -> (usize, usize) {
    let count = |response: &Response| {
        (response.prompt_tokens.unwrap_or(0), response.completion_tokens.unwrap_or(0))
    };
    outcome.response().map_or((0, 0), count)
}

/// The code of the warning about a failed request: one for each kind of failure.
fn failure_code(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Unreachable => "request_failed_unreachable",
        FailureKind::RateLimited => "request_failed_rate_limited",
        FailureKind::Server => "request_failed_server",
        FailureKind::Unauthorized => "request_failed_unauthorized",
        FailureKind::Rejected => "request_failed_rejected",
        FailureKind::Malformed => "request_failed_malformed",
        FailureKind::Timeout => "request_failed_timeout",
        FailureKind::Unsupported => "request_failed_unsupported",
        FailureKind::TooLong => "request_failed_too_long",
        FailureKind::Resources => "request_failed_resources",
        FailureKind::Cancelled => "request_failed_cancelled",
    }
}
