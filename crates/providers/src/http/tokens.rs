//! A budget of tokens per minute.

use std::time::{Duration, Instant};

/// A bucket that fills at the budget's rate and holds ten seconds of it. A call may start while it is not empty and may
/// overdraw it, so that a call larger than the bucket is late but not stuck.
#[derive(Debug)]
pub(crate) struct TokenBudget {
    per_second: Option<f64>,
    level: f64,
    filled: Option<Instant>,
}

/// Seconds of budget that the bucket holds.
const HELD_SECONDS: f64 = 10.0;

impl TokenBudget {
    /// A full bucket; without a budget, one that never empties.
    pub(crate) fn new(per_minute: Option<u64>) -> Self {
        let per_second = per_minute.map(|tokens| tokens.max(1) as f64 / 60.0);
        let level = per_second.unwrap_or_default() * HELD_SECONDS;
        Self { per_second, level, filled: None }
    }

    /// How long the next call has to wait.
    pub(crate) fn wait(&mut self, now: Instant) -> Option<Duration> {
        let per_second = self.per_second?;
        let since = self.filled.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.level = (self.level + since.as_secs_f64() * per_second).min(per_second * HELD_SECONDS);
        self.filled = Some(now);
        // A thousandth of a second at least, so that rounding can't make a caller spin.
        (self.level <= 0.0).then(|| Duration::from_secs_f64(-self.level / per_second + 1e-3))
    }

    /// Counts a call that starts.
    pub(crate) fn take(&mut self, tokens: u64) {
        if self.per_second.is_some() {
            self.level -= tokens as f64;
        }
    }

    /// Replaces an estimate by what was used.
    pub(crate) fn correct(&mut self, estimated: u64, used: u64) {
        if self.per_second.is_some() {
            self.level += estimated as f64 - used as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_gives_a_minutes_tokens() {
        let mut now = Instant::now();
        let began = now;
        let mut budget = TokenBudget::new(Some(6000));
        let mut used = 0;
        while now.saturating_duration_since(began) < Duration::from_secs(120) {
            if let Some(wait) = budget.wait(now) {
                now += wait;
                continue;
            }
            budget.take(150);
            budget.correct(150, 100);
            used += 100;
        }
        // Two minutes and the full bucket at the start.
        assert!((12_900..=13_300).contains(&used), "{used}");
    }

    #[test]
    fn no_budget_never_waits() {
        let mut budget = TokenBudget::new(None);
        budget.take(u64::MAX);
        assert_eq!(budget.wait(Instant::now()), None);
    }
}
