//! Drives the real binary as a user would.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helper functions")]

mod analysis;
mod bad_input;
mod bias;
mod common;
mod downloads;
mod every_scenario;
mod golden_requests;
mod golden_statistics;
mod helm_config;
mod hub_models;
mod judges;
mod kill;
mod merge;
mod opinions;
mod plan;
mod remote;
mod scenario_guide;
mod score;
mod scorers;
mod summaries;
mod synonym;
