//! One crate for all integration tests of scenarios.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod catalogue;
mod common;
mod datasets;
mod downloads;
mod golden;
mod helm_parity;
mod layouts;
mod user_files;
