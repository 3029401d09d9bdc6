//! Drives the real binary as a user would.

mod bad_input;
mod common;
mod golden_requests;
mod golden_statistics;
mod kill;
mod plan;
mod remote;
mod scenario_guide;
