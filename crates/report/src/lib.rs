//! Reports: summaries as tables, in the terminal, Markdown, CSV and JSON.
//!
//! A [`Table`] is made once from a [`Report`] and rendered in any [`Format`]. This crate reads no database and computes no
//! statistics.

mod format;
mod headline;
pub mod helm;
mod table;

pub use format::{Format, number};
pub use headline::{Detail, Report, RunReport, RunTotals, coverage, metrics_table, speed_table};
pub use table::{Align, Column, Table};
