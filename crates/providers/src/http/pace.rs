//! A pace in calls per second, learnt from the server's complaints.
//!
//! Without complaints there is no pace. Complaints divide time into epochs, and the answers per second of the first one,
//! its pause included, are a first guess at what the server grants. From there the pace *seeks*, growing by a fixed share
//! per second, until the next complaint. Then it *holds*: it follows the shape of CUBIC congestion control (RFC 9438),
//! beginning a little below the rate that brought the complaint, nearly flat around it, and leaving it behind when no
//! complaint comes.
//!
//! Some servers complain about a few calls at any pace (one of their many machines is busy). Where going slower again and
//! again does not make complaints rarer, they are *strays*: the pace is given up, and the calls are simply tried again.

use std::time::{Duration, Instant};

/// How far below the granted rate a holding pace begins.
const DEPTH: f64 = 0.05;

/// Seconds until a holding pace reaches the granted rate again.
const PLATEAU_SECONDS: f64 = 50.0;

/// Seconds in which a seeking pace doubles.
const DOUBLING_SECONDS: f64 = 5.0;

/// An epoch this long has shown that its pace was right until its end.
const SETTLED: Duration = Duration::from_secs(10);

/// An epoch shorter than this, or with fewer answers, shows nothing; the next complaint prolongs it.
const SHORTEST: Duration = Duration::from_secs(1);
const FEWEST_ANSWERS: u64 = 5;

/// How much of a rate that brought a complaint is granted.
const CAUTION: f64 = 0.99;

/// A pace counts for no more than this times the calls that were really sent: where something else held calls back, the
/// pace has shown nothing.
const LARGEST_UNUSED: f64 = 1.5;

/// Over about how many seconds the calls really sent are counted.
const MEMORY_SECONDS: f64 = 5.0;

/// After so many slower paces in a row that did not help,
const HELPLESS_CUTS: u32 = 3;

/// complaints about less than this share of the calls are strays.
const STRAY_SHARE: f64 = 0.05;

/// What a complaint has taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lesson {
    /// The pace was too fast, or nothing is known yet.
    TooFast,
    /// The pace was about right.
    AboutRight,
    /// The complaint has nothing to do with the pace.
    Stray,
}

/// How far calls may run ahead of the pace.
const SLACK: Duration = Duration::from_millis(5);

/// A pace in calls per second.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    phase: Phase,
    epoch: Option<Instant>,
    answers: u64,
    /// Calls of this epoch that were complained about, of whatever generation.
    complaints: u64,
    /// How often in a row a slower pace did not help.
    helpless_cuts: u32,
    strays: bool,
    next_free: Option<Instant>,
    /// Calls per second that were sent lately, and when that was computed.
    sent: f64,
    sent_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Phase {
    /// No pace.
    #[default]
    Free,
    /// Growing from this rate.
    Seeking(f64),
    /// Around this rate.
    Holding(f64),
}

impl Pace {
    /// How long the next call has to wait.
    pub(crate) fn wait(&self, now: Instant) -> Option<Duration> {
        let free = self.next_free?.checked_sub(SLACK)?;
        Some(free.saturating_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    /// Counts a call that starts.
    pub(crate) fn take(&mut self, now: Instant) {
        self.sent = self.sent_lately(now) + 1.0 / MEMORY_SECONDS;
        self.sent_at = Some(now);
        if let Some(rate) = self.rate(now) {
            let from = self.next_free.map_or(now, |free| free.max(now));
            self.next_free = Some(from + Duration::from_secs_f64(1.0 / rate));
        }
    }

    /// Counts an answer.
    pub(crate) fn answered(&mut self) {
        self.answers += 1;
    }

    /// Counts a complaint, about whatever call.
    pub(crate) fn count_complaint(&mut self) {
        self.complaints += 1;
    }

    /// Whether complaints have nothing to do with the pace.
    pub(crate) fn sees_strays(&self) -> bool {
        self.strays
    }

    /// Learns from a complaint about a call that was sent at the present pace.
    pub(crate) fn complained(&mut self, now: Instant) -> Lesson {
        let Some(began) = self.epoch else {
            self.begin_epoch(now);
            return Lesson::TooFast;
        };
        let elapsed = now.saturating_duration_since(began);
        if elapsed < SHORTEST || self.answers < FEWEST_ANSWERS {
            return if self.strays { Lesson::Stray } else { Lesson::TooFast };
        }
        let share = self.complaints as f64 / (self.answers + self.complaints) as f64;
        let rare = share < STRAY_SHARE;
        if self.strays && rare {
            self.begin_epoch(now);
            return Lesson::Stray;
        }
        self.strays = false;
        let measured = self.answers as f64 / elapsed.as_secs_f64();
        let used = measured.max(self.sent_lately(now)) * LARGEST_UNUSED;
        let rate = self.rate(now).unwrap_or(measured).min(used);
        let settled = elapsed >= SETTLED;
        let holding = matches!(self.phase, Phase::Holding(_));
        self.helpless_cuts = if holding && !settled { self.helpless_cuts + 1 } else { 0 };
        if self.helpless_cuts >= HELPLESS_CUTS && rare {
            self.strays = true;
            self.helpless_cuts = 0;
            self.phase = Phase::Free;
            self.begin_epoch(now);
            return Lesson::Stray;
        }
        self.phase = match self.phase {
            Phase::Free => Phase::Seeking(measured),
            Phase::Seeking(_) => Phase::Holding(rate * CAUTION),
            Phase::Holding(_) if settled => Phase::Holding(rate * CAUTION),
            Phase::Holding(_) => Phase::Holding(measured.clamp(0.8 * rate, rate) * CAUTION),
        };
        self.begin_epoch(now);
        if settled { Lesson::AboutRight } else { Lesson::TooFast }
    }

    /// Calls per second, weighted towards the latest.
    fn sent_lately(&self, now: Instant) -> f64 {
        let since = self.sent_at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.sent * (-since.as_secs_f64() / MEMORY_SECONDS).exp()
    }

    fn begin_epoch(&mut self, now: Instant) {
        self.epoch = Some(now);
        self.answers = 0;
        self.complaints = 0;
        self.next_free = None;
    }

    /// The pace now, in calls per second.
    fn rate(&self, now: Instant) -> Option<f64> {
        let seconds = now.saturating_duration_since(self.epoch?).as_secs_f64();
        match self.phase {
            Phase::Free => None,
            Phase::Seeking(base) => Some(base * (seconds / DOUBLING_SECONDS).exp2()),
            Phase::Holding(granted) => {
                let distance = (seconds - PLATEAU_SECONDS) / PLATEAU_SECONDS;
                Some(granted * (1.0 + DEPTH * distance.powi(3)))
            }
        }
        // A pace this fast is none; the bound keeps the time between calls above zero.
        .map(|rate| rate.min(1e6))
    }
}
