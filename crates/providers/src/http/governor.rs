//! How many calls, and how fast, one deployment gets. Pure: time comes in as an argument.
//!
//! Four limits hold at once: *concurrency*, which grows while more calls in flight bring more answers per second and
//! shrinks when the server complains; *pauses* that the server asks for; a *pace* in calls per second, learnt from
//! rate-limit replies; and a *token budget* per minute, if the user set one.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use holometer_core::FailureKind;

use crate::http::pace::{Lesson, Pace};
use crate::http::tokens::TokenBudget;
use crate::settings::Settings;

/// Calls in flight at the start.
const FIRST_LIMIT: f64 = 8.0;

/// By how much more throughput a larger limit must pay for itself.
const WORTHWHILE_GAIN: f64 = 1.03;

/// After how many windows without gain a larger limit is tried again.
const WINDOWS_BETWEEN_TRIES: u32 = 4;

/// Retries that may be spent before any answer came, and saved up at most. Each answer earns one: a server that answers
/// half of the calls is worth going on with, a dead one is not.
const RETRY_SAVINGS: f64 = 100.0;

/// Calls in a row that found no server, all their retries included, after which the server counts as down.
const DOWN_AFTER: u32 = 20;

/// The pause after a rate-limit reply that names none; it doubles with each further one up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long to wait for room: long enough not to burn a core, short enough for what another thread's calls give back.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Why no further call makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stopped {
    /// The failure of every call that follows.
    pub(crate) kind: FailureKind,
    /// In one line.
    pub(crate) message: String,
}

/// Whether a call may start.
#[derive(Debug)]
pub(crate) enum Start {
    /// Yes; the ticket comes back with [`Governor::finish`].
    Now(Ticket),
    /// Not before this long, or before another call has finished.
    Wait(Duration),
    /// Never.
    Never(Stopped),
}

/// A call in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    generation: u64,
    started: Instant,
    /// The window that counts its answer.
    window: u64,
    estimated_tokens: u64,
}

/// How a call in flight ended, as far as the limits care.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ended {
    /// With an answer of so many tokens, prompt included; nothing is left of a limit until `pause` is over.
    Answered { tokens: Option<u64>, pause: Option<Duration> },
    /// Too many calls; the server may ask for a pause.
    Complained { after: Option<Duration> },
    /// Too slow.
    TimedOut,
    /// In a way that says nothing about load.
    Otherwise,
}

/// The limits of one deployment, shared by everything that sends to it.
#[derive(Debug)]
pub(crate) struct Governor(Mutex<State>);

#[derive(Debug)]
struct State {
    most: f64,
    limit: f64,
    /// Whether the limit doubles rather than creeps.
    ramping: bool,
    in_flight: usize,
    /// Complaints about calls of an earlier generation are about limits that were cut already.
    generation: u64,
    paused_until: Option<Instant>,
    next_pause: Duration,
    window: Window,
    pace: Pace,
    budget: TokenBudget,
    savings: f64,
    unreachable_in_a_row: u32,
    stopped: Option<Stopped>,
}

/// Answers counted while the limit was what held calls back. Their mean time gives the throughput by Little's law, which
/// answers that come in bursts don't disturb.
#[derive(Debug, Default)]
struct Window {
    /// Changes with the limit: calls that started under another one tell nothing about this one.
    number: u64,
    answers: f64,
    seconds: f64,
    last_rate: f64,
    without_gain: u32,
    /// The limit before it was last raised, until that has paid.
    before: Option<f64>,
}

impl Governor {
    /// The limits before anything is known.
    pub(crate) fn new(settings: &Settings) -> Self {
        let most = settings.max_concurrency.max(1) as f64;
        Self(Mutex::new(State {
            most,
            limit: FIRST_LIMIT.min(most),
            ramping: true,
            in_flight: 0,
            generation: 0,
            paused_until: None,
            next_pause: FIRST_PAUSE,
            window: Window::default(),
            pace: Pace::default(),
            budget: TokenBudget::new(settings.tokens_per_minute),
            savings: RETRY_SAVINGS,
            unreachable_in_a_row: 0,
            stopped: None,
        }))
    }

    /// Asks to start a call that is expected to use so many tokens.
    pub(crate) fn start(&self, now: Instant, estimated_tokens: u64) -> Start {
        let mut state = self.state();
        if let Some(stopped) = &state.stopped {
            return Start::Never(stopped.clone());
        }
        if state.in_flight as f64 >= state.limit.floor() {
            return Start::Wait(LOOK_AGAIN);
        }
        let paused = state.paused_until.map(|until| until.saturating_duration_since(now));
        if let Some(rest) = paused.filter(|rest| !rest.is_zero()) {
            return Start::Wait(rest);
        }
        if let Some(rest) = state.budget.wait(now).or_else(|| state.pace.wait(now)) {
            return Start::Wait(rest);
        }
        state.pace.take(now);
        state.budget.take(estimated_tokens);
        state.in_flight += 1;
        Start::Now(Ticket {
            generation: state.generation,
            started: now,
            window: state.window.number,
            estimated_tokens,
        })
    }

    /// Reports how a call ended.
    pub(crate) fn finish(&self, now: Instant, ticket: Ticket, ended: Ended) {
        let mut state = self.state();
        let was_full = state.in_flight as f64 >= state.limit.floor();
        state.in_flight = state.in_flight.saturating_sub(1);
        match ended {
            Ended::Answered { tokens, pause } => {
                if let Some(tokens) = tokens {
                    state.budget.correct(ticket.estimated_tokens, tokens);
                }
                let counts = was_full && ticket.window == state.window.number;
                state.answered(now.saturating_duration_since(ticket.started), counts);
                if let Some(pause) = pause {
                    state.pause(now + pause);
                }
            }
            Ended::Complained { after } => state.complained(now, ticket, after),
            Ended::TimedOut => state.cut(ticket, 0.5),
            Ended::Otherwise => {}
        }
    }

    /// Spends a retry, if any are saved up.
    pub(crate) fn spend_retry(&self) -> bool {
        let mut state = self.state();
        let affordable = state.savings >= 1.0;
        if affordable {
            state.savings -= 1.0;
        }
        affordable
    }

    /// Reports that a call has failed for good because no server was found.
    pub(crate) fn found_no_server(&self, message: &str) {
        let mut state = self.state();
        state.unreachable_in_a_row += 1;
        if state.unreachable_in_a_row >= DOWN_AFTER && state.stopped.is_none() {
            let message = format!("not sent, the server is down: {message}");
            state.stopped = Some(Stopped { kind: FailureKind::Unreachable, message });
        }
    }

    /// No further call will start.
    pub(crate) fn stop(&self, stopped: Stopped) {
        self.state().stopped.get_or_insert(stopped);
    }

    /// Before a new batch of requests: a server that was down may be up again, and retries are affordable again. A
    /// refused key stays refused.
    pub(crate) fn begin(&self) {
        let mut state = self.state();
        state.unreachable_in_a_row = 0;
        state.savings = state.savings.max(RETRY_SAVINGS);
        state.stopped.take_if(|stopped| stopped.kind == FailureKind::Unreachable);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is plain numbers; one that a panic interrupted is still usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answered(&mut self, took: Duration, counts: bool) {
        self.savings = (self.savings + 1.0).min(RETRY_SAVINGS);
        self.unreachable_in_a_row = 0;
        self.next_pause = FIRST_PAUSE;
        self.pace.answered();
        if !counts {
            return;
        }
        self.window.answers += 1.0;
        self.window.seconds += took.as_secs_f64();
        if self.window.answers >= (2.0 * self.limit).max(32.0) {
            let mean = (self.window.seconds / self.window.answers).max(1e-6);
            self.window.answers = 0.0;
            self.window.seconds = 0.0;
            self.adjust(self.limit.floor() / mean);
        }
    }

    /// Grows the limit as long as that pays; a rise that does not pay is taken back and tried again later.
    fn adjust(&mut self, rate: f64) {
        if rate > self.window.last_rate * WORTHWHILE_GAIN {
            self.window.without_gain = 0;
            return self.grow(rate);
        }
        self.ramping = false;
        if let Some(before) = self.window.before.take() {
            self.limit = before;
            self.window.number += 1;
        }
        self.window.without_gain += 1;
        if self.window.without_gain >= WINDOWS_BETWEEN_TRIES {
            self.window.without_gain = 0;
            self.grow(rate);
        }
    }

    fn grow(&mut self, rate: f64) {
        self.window.last_rate = rate;
        self.window.before = Some(self.limit);
        let grown = if self.ramping { self.limit * 2.0 } else { self.limit * 1.1 + 1.0 };
        self.limit = grown.min(self.most);
        self.window.number += 1;
    }

    fn complained(&mut self, now: Instant, ticket: Ticket, after: Option<Duration>) {
        let wait = after.unwrap_or(self.next_pause);
        self.pace.count_complaint();
        let current = ticket.generation == self.generation;
        let lesson = if current { self.pace.complained(now) } else { Lesson::AboutRight };
        if self.pace.sees_strays() {
            // The call itself is held back; the others have done nothing wrong.
            return;
        }
        self.pause(now + wait);
        if !current {
            return;
        }
        if after.is_none() {
            self.next_pause = (self.next_pause * 2).min(LONGEST_PAUSE);
        }
        match lesson {
            Lesson::TooFast => self.cut(ticket, 0.7),
            Lesson::AboutRight => self.cut(ticket, 0.9),
            Lesson::Stray => {}
        }
    }

    fn cut(&mut self, ticket: Ticket, factor: f64) {
        if ticket.generation == self.generation {
            self.generation += 1;
            self.ramping = false;
            self.limit = (self.limit * factor).max(1.0);
            self.window = Window { number: self.window.number + 1, ..Window::default() };
        }
    }

    fn pause(&mut self, until: Instant) {
        self.paused_until = Some(self.paused_until.map_or(until, |earlier| earlier.max(until)));
    }
}

#[cfg(test)]
#[path = "governor_tests.rs"]
mod tests;
