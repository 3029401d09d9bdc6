//! Summaries: from scores of single units to numbers with uncertainty.
//!
//! A *unit* is one instance (original or one perturbed copy) under one draw of few-shot examples. A *cell* is one metric
//! over a slice of a run's units. This crate is pure: scores in, cells out. It knows no metric by name and reads nothing.

mod cells;
mod estimate;
mod perturbed;

pub use cells::{Options, TotalsInput, UnitScores, cells};
