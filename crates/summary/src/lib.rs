//! Summaries: from scores of single units to numbers with uncertainty.
//!
//! A *unit* is one instance (original or one perturbed copy) under one draw of few-shot examples. A *cell* is one metric
//! over a slice of a run's units. On top of these: the per-instance table, the fairness row, comparisons and leaderboards. This
//! crate is pure: scores in, numbers out. It reads nothing, and knows metrics by name only where the per-instance
//! table is filled (modules `rows` and `column`).

mod cells;
mod column;
pub mod compare;
mod estimate;
pub mod fairness;
mod finding;
pub mod leaderboard;
pub mod panel;
mod perturbed;
pub mod power;
pub mod rows;

pub use cells::{Options, TotalsInput, UnitScores, cells};
pub use finding::{Entry, Finding, Verdict, status_detail, status_name, status_reason};
