//! What an execution spends, and the limit on it.

use std::cell::Cell;
use std::collections::BTreeMap;

use holometer_core::{Cancel, Price};
use holometer_store::RunId;

/// Adds up what answers cost as they come in, and stops the execution at the limit.
pub(crate) struct Spending {
    prices: BTreeMap<RunId, Price>,
    limit: Option<f64>,
    spent: Cell<f64>,
    stopped: Cell<bool>,
}

impl Spending {
    /// Nothing spent yet. `limit` is in US dollars.
    pub(crate) fn new(prices: BTreeMap<RunId, Price>, limit: Option<f64>) -> Self {
        Self { prices, limit, spent: Cell::new(0.0), stopped: Cell::new(false) }
    }

    /// Counts an answer; at the limit, asks to stop.
    pub(crate) fn add(&self, run: RunId, prompt: usize, written: usize, cancel: &Cancel) {
        let Some(price) = self.prices.get(&run) else { return };
        self.spent.set(self.spent.get() + price.of_tokens(prompt as u64, written as u64));
        if self.limit.is_some_and(|limit| self.spent.get() >= limit) && !cancel.is_cancelled() {
            self.stopped.set(true);
            cancel.cancel();
        }
    }

    /// US dollars so far; `None` where nothing has a price.
    pub(crate) fn spent(&self) -> Option<f64> {
        (!self.prices.is_empty()).then(|| self.spent.get())
    }

    /// Whether the limit stopped the execution.
    pub(crate) fn stopped(&self) -> bool {
        self.stopped.get()
    }
}

/// An amount for people.
pub(crate) fn dollars(amount: f64) -> String {
    if amount != 0.0 && amount < 0.995 { format!("${amount:.4}") } else { format!("${amount:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_stops_once_and_unpriced_runs_cost_nothing() {
        let price = Price { input: 1.0, output: 10.0, checked: String::new() };
        let spending = Spending::new([(RunId(1), price)].into(), Some(0.5));
        let cancel = Cancel::new();
        spending.add(RunId(2), 9_000_000, 0, &cancel);
        assert_eq!(spending.spent(), Some(0.0));
        spending.add(RunId(1), 100_000, 30_000, &cancel);
        assert!(!cancel.is_cancelled() && !spending.stopped());
        spending.add(RunId(1), 0, 10_000, &cancel);
        assert!(cancel.is_cancelled() && spending.stopped());
        assert!((spending.spent().unwrap() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_stop_by_the_user_is_not_the_limits() {
        let price = Price { input: 1.0, output: 1.0, checked: String::new() };
        let spending = Spending::new([(RunId(1), price)].into(), Some(0.5));
        let cancel = Cancel::new();
        cancel.cancel();
        spending.add(RunId(1), 1_000_000, 0, &cancel);
        assert!(!spending.stopped());
    }

    #[test]
    fn small_amounts_keep_their_digits() {
        assert_eq!(
            (dollars(0.0), dollars(0.00421), dollars(12.345)),
            ("$0.00".into(), "$0.0042".into(), "$12.35".into())
        );
    }
}
