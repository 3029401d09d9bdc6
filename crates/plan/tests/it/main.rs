//! The crate from outside: against HELM's own files, its expanders and its golden runs, and mistakes of all kinds.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test by panicking")]

mod common;
mod conf_files;
mod expander_parity;
mod golden;
mod grammar;
mod resolve;
mod shipped;
mod suite_files;
