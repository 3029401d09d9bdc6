//! Answering a batch of requests: what is sent next, what is tried again, what is handed over.
//!
//! The caller's thread decides; calls run on the [`super::runtime`] and report back. A request is copied only
//! while it is in flight, so memory does not grow with the batch.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use holometer_core::{Cancel, FailureKind, Finished, Outcome, Request, RequestKey, Sink};
use tokio::task::{AbortHandle, JoinSet};

use crate::deployment::Deployment;
use crate::http::attempt::{Attempt, attempt};
use crate::http::governor::{Ended, Governor, Start, Stopped, Ticket};
use crate::http::hedging::{Hedging, has_one_answer};
use crate::http::progress::{Progress, estimated_tokens, used_tokens};
use crate::http::runtime;
use crate::http::transport::Transport;
use crate::mixing::Mixer;
use crate::settings::Settings;
use crate::wire_format::{Verdict, WireFormat};

/// How soon a cancellation is noticed.
const TICK: Duration = Duration::from_millis(25);

/// A deployment with everything that sending to it needs.
pub(crate) struct Line {
    /// The model and its address.
    pub(crate) deployment: Deployment,
    /// The client.
    pub(crate) transport: Transport,
    /// The limits, shared by all batches.
    pub(crate) governor: Governor,
    /// Patience.
    pub(crate) settings: Settings,
}

/// One of the calls of one request of the batch: the request's position and the call's number.
type CallId = (usize, usize);

/// A call in flight: the call, and whether this is its second copy.
type Flight = (CallId, bool);

/// What is known of a call in flight.
struct Leg {
    ticket: Ticket,
    since: Instant,
    task: AbortHandle,
}

/// A call has come back.
struct Message {
    flight: Flight,
    attempt: Attempt,
}

/// Answers all requests, handing each to `sink` once; see [`holometer_core::Model::answer`].
pub(crate) fn answer(
    line: &Arc<Line>,
    requests: &[(RequestKey, Request)],
    cancel: &Cancel,
    sink: Sink<'_>,
) {
    line.governor.begin();
    let mut batch = Batch::new(line, requests, sink);
    let mut cancelled: Option<Instant> = None;
    loop {
        if cancel.is_cancelled() {
            cancelled.get_or_insert_with(Instant::now);
        }
        let wait = if cancelled.is_some() { TICK } else { batch.start_calls() };
        let out_of_grace =
            cancelled.is_some_and(|since| since.elapsed() >= line.settings.cancel_grace);
        let nothing_left = batch.flying.is_empty() && (cancelled.is_some() || batch.is_done());
        if nothing_left || out_of_grace {
            return;
        }
        batch.receive(wait.min(TICK), cancelled.is_some());
        if cancelled.is_none() {
            batch.send_copies();
        }
    }
}

struct Batch<'a> {
    line: &'a Arc<Line>,
    requests: &'a [(RequestKey, Request)],
    sink: Sink<'a>,
    /// The next call that was never tried.
    fresh: CallId,
    /// Calls to try again, the earliest first.
    waiting: BinaryHeap<Reverse<(Instant, CallId)>>,
    /// Requests that were begun and not handed over.
    begun: HashMap<usize, Progress>,
    flying: HashMap<Flight, Leg>,
    /// Late calls are sent a second time, if that is wanted.
    hedging: Option<Hedging>,
    tasks: JoinSet<()>,
    sender: Sender<Message>,
    receiver: Receiver<Message>,
    jitter: Mixer,
}

impl<'a> Batch<'a> {
    fn new(line: &'a Arc<Line>, requests: &'a [(RequestKey, Request)], sink: Sink<'a>) -> Self {
        let (sender, receiver) = mpsc::channel();
        Self {
            line,
            requests,
            sink,
            fresh: (0, 0),
            waiting: BinaryHeap::new(),
            begun: HashMap::new(),
            flying: HashMap::new(),
            hedging: line.settings.hedge.then(Hedging::default),
            tasks: JoinSet::new(),
            sender,
            receiver,
            jitter: Mixer::from_seed(RandomState::new().hash_one(requests.len())),
        }
    }

    fn is_done(&self) -> bool {
        self.fresh.0 >= self.requests.len() && self.begun.is_empty()
    }

    /// Starts every call that may start now; returns how long until the next one may.
    fn start_calls(&mut self) -> Duration {
        loop {
            let now = Instant::now();
            let again = self.next_waiting();
            let (id, is_fresh) = match again {
                Some((ready, id)) if ready <= now => (id, false),
                _ if self.fresh.0 < self.requests.len() => (self.fresh, true),
                Some((ready, _)) => return ready - now,
                None => return TICK,
            };
            let request = &self.requests[id.0].1;
            let format = match self.line.deployment.route(request) {
                Ok(format) => format,
                Err((kind, message)) => {
                    self.fresh = (id.0 + 1, 0);
                    self.hand_over(id.0, Outcome::failed(kind, message));
                    continue;
                }
            };
            match self.line.governor.start(now, estimated_tokens(request)) {
                Start::Now(ticket) => {
                    if is_fresh {
                        self.begin_fresh(format);
                    } else {
                        self.waiting.pop();
                    }
                    self.hedging.iter_mut().for_each(Hedging::sent);
                    self.spawn((id, false), ticket, format);
                }
                Start::Wait(wait) => return wait,
                Start::Never(stopped) => {
                    self.fail_the_rest(&stopped);
                    return TICK;
                }
            }
        }
    }

    /// The earliest call to try again, after dropping those of requests that were handed over meanwhile.
    fn next_waiting(&mut self) -> Option<(Instant, CallId)> {
        while let Some(Reverse((ready, id))) = self.waiting.peek() {
            if self.begun.contains_key(&id.0) {
                return Some((*ready, *id));
            }
            self.waiting.pop();
        }
        None
    }

    /// Notes that the next fresh call is under way and moves on to the one after it.
    fn begin_fresh(&mut self, format: &dyn WireFormat) {
        let (index, call) = self.fresh;
        let progress = self.begun.entry(index).or_insert_with(|| {
            Progress::new(format.calls(&self.line.deployment, &self.requests[index].1))
        });
        let is_last = call + 1 >= progress.calls();
        self.fresh = if is_last { (index + 1, 0) } else { (index, call + 1) };
    }

    /// Sends calls that are late a second time.
    fn send_copies(&mut self) {
        let Some(late_after) = self.hedging.as_mut().and_then(Hedging::late_after) else { return };
        let now = Instant::now();
        let obeys = self.line.deployment.support.sampling;
        let is_late = |(flight, leg): &(&Flight, &Leg)| {
            let (id, is_copy) = **flight;
            !is_copy
                && now.saturating_duration_since(leg.since) > late_after
                && !self.flying.contains_key(&(id, true))
                && has_one_answer(&self.requests[id.0].1, obeys)
        };
        let late: Vec<CallId> =
            self.flying.iter().filter(is_late).map(|((id, _), _)| *id).collect();
        for id in late {
            let request = &self.requests[id.0].1;
            let Ok(format) = self.line.deployment.route(request) else { return };
            let affordable = self.hedging.as_mut().and_then(Hedging::late_after).is_some();
            let start =
                affordable.then(|| self.line.governor.start(now, estimated_tokens(request)));
            let Some(Start::Now(ticket)) = start else { return };
            self.hedging.iter_mut().for_each(Hedging::copied);
            // A copy counts as a retry: it is sent, and perhaps billed, like one.
            self.begun.entry(id.0).and_modify(|progress| {
                progress.retry();
            });
            self.spawn((id, true), ticket, format);
        }
    }

    fn spawn(&mut self, flight: Flight, ticket: Ticket, format: &'static dyn WireFormat) {
        let line = Arc::clone(self.line);
        let (index, number) = flight.0;
        let request = self.requests[index].1.clone();
        let report = Report { flight, sender: Some(self.sender.clone()) };
        let call = async move {
            let result = attempt(&line.deployment, &line.transport, format, &request, number).await;
            report.send(result);
        };
        let task = self.tasks.spawn_on(call, &runtime::handle());
        self.flying.insert(flight, Leg { ticket, since: Instant::now(), task });
    }

    /// Takes in what has come back, waiting for the first.
    fn receive(&mut self, wait: Duration, cancelled: bool) {
        let mut next = self.receiver.recv_timeout(wait).ok();
        while let Some(message) = next {
            self.take_in(message, cancelled);
            next = self.receiver.try_recv().ok();
        }
        while self.tasks.try_join_next().is_some() {}
    }

    fn take_in(&mut self, Message { flight, attempt }: Message, cancelled: bool) {
        let now = Instant::now();
        // A copy that was broken off has nothing to say.
        let Some(leg) = self.flying.remove(&flight) else { return };
        self.line.governor.finish(now, leg.ticket, ended(&attempt));
        let (id, is_copy) = flight;
        let twin = (id, !is_copy);
        let goes_on = matches!(attempt.verdict, Verdict::Again { .. });
        if goes_on && self.flying.contains_key(&twin) {
            return;
        }
        if let Some(twin) = self.flying.remove(&twin) {
            twin.task.abort();
            self.line.governor.finish(now, twin.ticket, Ended::Otherwise);
        }
        if let (Some(hedging), Verdict::Done(Outcome::Answered(_))) =
            (&mut self.hedging, &attempt.verdict)
        {
            hedging.answered(attempt.seconds);
        }
        // Another call of the same request may have failed for good meanwhile.
        let Some(progress) = self.begun.get_mut(&id.0) else { return };
        progress.note_seconds(attempt.seconds);
        match attempt.verdict {
            Verdict::Done(Outcome::Answered(response)) => {
                if let Some(whole) = progress.add(id.1, response) {
                    self.hand_over(id.0, Outcome::Answered(whole));
                }
            }
            Verdict::Done(other) => self.hand_over(id.0, other),
            Verdict::Stop { kind, message } => {
                self.line.governor.stop(Stopped { kind, message: message.clone() });
                self.hand_over(id.0, Outcome::failed(kind, message));
            }
            // The rest is not handed over: a resumed run asks again.
            Verdict::Again { .. } if cancelled => {}
            Verdict::Again { kind: FailureKind::RateLimited, message, after, .. } => {
                self.wait_for_room(id, now, &message, after);
            }
            Verdict::Again { kind, message, after, .. } => {
                self.try_again(id, now, kind, &message, after);
            }
        }
    }

    /// Rate limits are waited out; they cost neither tries nor savings.
    fn wait_for_room(&mut self, id: CallId, now: Instant, message: &str, after: Option<Duration>) {
        let patience = self.line.settings.retries.patience;
        let Some(progress) = self.begun.get_mut(&id.0) else { return };
        let held_back = progress.held_back(now);
        if after.is_some_and(|after| after > patience) {
            let asked = after.unwrap_or_default().as_secs();
            let message =
                format!("{message}; the server asks to wait {asked} s; hint: run again then");
            let stopped = Stopped { kind: FailureKind::RateLimited, message: message.clone() };
            self.line.governor.stop(stopped);
            self.hand_over(id.0, Outcome::failed(FailureKind::RateLimited, message));
        } else if held_back > patience {
            let message = format!("{message} (waited {} s)", held_back.as_secs());
            self.hand_over(id.0, Outcome::failed(FailureKind::RateLimited, message));
        } else {
            let retries = progress.retry();
            self.schedule(id, now, retries, after);
        }
    }

    fn try_again(
        &mut self,
        id: CallId,
        now: Instant,
        kind: FailureKind,
        message: &str,
        after: Option<Duration>,
    ) {
        let Some(progress) = self.begun.get_mut(&id.0) else { return };
        let tries = progress.fail(id.1);
        if tries <= self.line.settings.retries.max && self.line.governor.spend_retry() {
            tracing::debug!(tries, message, "trying again");
            progress.retry();
            self.schedule(id, now, tries, after);
            return;
        }
        if kind == FailureKind::Unreachable {
            self.line.governor.found_no_server(message);
        }
        let tried = if tries == 1 { "once".into() } else { format!("{tries} times") };
        self.hand_over(id.0, Outcome::failed(kind, format!("{message} (tried {tried})")));
    }

    /// After the server's delay or, if longer, one drawn from half of the exponential delay to all of it.
    fn schedule(&mut self, id: CallId, now: Instant, tries: u32, after: Option<Duration>) {
        let retries = &self.line.settings.retries;
        let doubled = retries.first_delay.saturating_mul(1 << tries.saturating_sub(1).min(16));
        let delay = doubled.min(retries.max_delay).mul_f64(0.5 + self.jitter.unit() / 2.0);
        self.waiting.push(Reverse((now + delay.max(after.unwrap_or_default()), id)));
    }

    /// Nothing more can be sent: whatever is not in flight has failed.
    fn fail_the_rest(&mut self, stopped: &Stopped) {
        let outcome = || Outcome::failed(stopped.kind, stopped.message.clone());
        while let Some(Reverse((_, id))) = self.waiting.pop() {
            if self.begun.contains_key(&id.0) {
                self.hand_over(id.0, outcome());
            }
        }
        let (index, call) = self.fresh;
        // A request of which some calls were never sent.
        if call > 0 && self.begun.contains_key(&index) {
            self.hand_over(index, outcome());
        }
        let first = if call > 0 { index + 1 } else { index };
        self.fresh = (self.requests.len(), 0);
        for index in first..self.requests.len() {
            self.hand_over(index, outcome());
        }
    }

    fn hand_over(&mut self, index: usize, outcome: Outcome) {
        let progress = self.begun.remove(&index).unwrap_or_else(|| Progress::new(1));
        if self.fresh.0 == index && self.fresh.1 > 0 {
            self.fresh = (index + 1, 0);
        }
        (self.sink)(Finished {
            key: self.requests[index].0,
            outcome,
            seconds: progress.seconds(),
            retries: progress.retries(),
        });
    }
}

impl Drop for Batch<'_> {
    /// Gives the capacity of calls that are broken off back to other batches.
    fn drop(&mut self) {
        let now = Instant::now();
        for (_, leg) in self.flying.drain() {
            self.line.governor.finish(now, leg.ticket, Ended::Otherwise);
        }
    }
}

fn ended(attempt: &Attempt) -> Ended {
    match &attempt.verdict {
        Verdict::Done(Outcome::Answered(response)) => {
            Ended::Answered { tokens: used_tokens(response), pause: attempt.pause }
        }
        Verdict::Done(Outcome::Refused { .. }) => {
            Ended::Answered { tokens: None, pause: attempt.pause }
        }
        Verdict::Again { overloaded: true, after, .. } => Ended::Complained { after: *after },
        Verdict::Again { kind: FailureKind::Timeout, .. } => Ended::TimedOut,
        Verdict::Done(Outcome::Failed { .. }) | Verdict::Again { .. } | Verdict::Stop { .. } => {
            Ended::Otherwise
        }
    }
}

/// Makes sure that every call reports, even one that panics.
struct Report {
    flight: Flight,
    sender: Option<Sender<Message>>,
}

impl Report {
    fn send(mut self, attempt: Attempt) {
        if let Some(sender) = self.sender.take() {
            // Nobody listens after a cancellation.
            let _ = sender.send(Message { flight: self.flight, attempt });
        }
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            let outcome =
                Outcome::failed(FailureKind::Malformed, "reading the answer failed inside");
            let attempt = Attempt { verdict: Verdict::Done(outcome), seconds: 0.0, pause: None };
            let _ = sender.send(Message { flight: self.flight, attempt });
        }
    }
}
