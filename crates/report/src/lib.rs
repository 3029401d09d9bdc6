//! Reports: summaries as tables, in the terminal, Markdown, CSV, JSON, LaTeX and HTML.
//!
//! A [`Table`] is made once from a [`Report`] and rendered in any [`Format`]. This crate reads no database and computes no
//! statistics.

pub mod comparison;
pub mod fairness;
mod format;
mod gate;
mod headline;
pub mod helm;
mod markup;
pub mod methods;
mod table;

pub use format::{Format, number};
pub use gate::{Gate, GateError, GateFact};
pub use headline::{Detail, Report, RunReport, RunTotals, coverage, metrics_table, speed_table};
pub use markup::{html_page, latex_paragraph};
pub use table::{Align, Column, Table, csv_line};
