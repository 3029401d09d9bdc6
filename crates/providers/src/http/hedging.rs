//! When a call that takes unusually long is sent a second time. Pure: time comes in as an argument.
//!
//! Dean and Barroso, "The Tail at Scale" (2013): a second copy after the 95th percentile of the usual time cuts the tail at the price of
//! a few more calls. Only calls that have one right answer are sent twice: of two sampled texts the quicker one is the shorter
//! one, and taking it would bend every statistic of them.

use std::collections::VecDeque;
use std::time::Duration;

use holometer_core::Request;

/// Times that are remembered.
const REMEMBERED: usize = 256;

/// Times without which nothing counts as unusual.
const NEEDED: usize = 32;

/// The share of times that count as usual.
const USUAL: f64 = 0.95;

/// How much longer than usual a call must take.
const FACTOR: f64 = 1.5;

/// One call in so many may be sent a second time.
const CALLS_PER_COPY: usize = 20;

/// The times of late and what was spent on copies.
#[derive(Debug, Default)]
pub(crate) struct Hedging {
    seconds: VecDeque<f64>,
    calls: usize,
    copies: usize,
    /// The time after which a call is late, until another one is remembered.
    late: Option<Duration>,
}

impl Hedging {
    /// Counts a call that is sent for the first time.
    pub(crate) fn sent(&mut self) {
        self.calls += 1;
    }

    /// Remembers how long an answer took.
    pub(crate) fn answered(&mut self, seconds: f64) {
        if self.seconds.len() == REMEMBERED {
            self.seconds.pop_front();
        }
        self.seconds.push_back(seconds);
        self.late = None;
    }

    /// After how long a call is late enough for a copy; `None` while that is unknown or no copy may be spent.
    pub(crate) fn late_after(&mut self) -> Option<Duration> {
        if self.seconds.len() < NEEDED || (self.copies + 1) * CALLS_PER_COPY > self.calls {
            return None;
        }
        Some(*self.late.get_or_insert_with(|| {
            let mut sorted: Vec<f64> = self.seconds.iter().copied().collect();
            sorted.sort_by(f64::total_cmp);
            let rank = (sorted.len() as f64 * USUAL) as usize;
            Duration::from_secs_f64(sorted[rank.min(sorted.len() - 1)] * FACTOR)
        }))
    }

    /// Counts a copy.
    pub(crate) fn copied(&mut self) {
        self.copies += 1;
    }
}

/// Whether two answers to a request are the same but for chance inside the server; `obeys` says that the model takes a temperature.
pub(crate) fn has_one_answer(request: &Request, obeys: bool) -> bool {
    match request {
        Request::Generate { decoding, .. } => obeys && decoding.temperature == 0.0,
        Request::ScoreContinuation { .. } => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_late_after_half_more_than_the_95th_percentile() {
        let mut hedging = Hedging::default();
        (0..100).for_each(|_| hedging.sent());
        (1..=100).for_each(|number| hedging.answered(f64::from(number) / 100.0));
        let late = hedging.late_after().unwrap().as_secs_f64();
        assert!((late - 0.96 * 1.5).abs() < 1e-9, "{late}");
    }

    #[test]
    fn nothing_is_late_before_enough_is_known() {
        let mut hedging = Hedging::default();
        (0..1000).for_each(|_| hedging.sent());
        (0..NEEDED - 1).for_each(|_| hedging.answered(1.0));
        assert_eq!(hedging.late_after(), None);
        hedging.answered(1.0);
        assert!(hedging.late_after().is_some());
    }

    #[test]
    fn one_call_in_twenty_is_copied_at_most() {
        let mut hedging = Hedging::default();
        (0..NEEDED).for_each(|_| hedging.answered(1.0));
        (0..100).for_each(|_| hedging.sent());
        let mut copies = 0;
        while hedging.late_after().is_some() {
            hedging.copied();
            copies += 1;
        }
        assert_eq!(copies, 5);
    }
}
