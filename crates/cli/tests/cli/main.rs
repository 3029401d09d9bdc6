//! Drives the real binary as a user would.

mod bad_input;
mod common;
mod golden_requests;
mod kill;
mod plan;
mod scenario_guide;
