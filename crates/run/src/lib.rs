//! Execution: asks models what is still to be asked and records what comes back.
//!
//! [`execute()`] is the whole of it. One thread, the caller's, owns the database: it hands out work, commits outcomes
//! in small batches and reports events. Each model answers on a thread of its own:
//!
//! ```text
//!            work (a slice of requests)          outcomes (one by one)
//! database ------------------------------> model ----------------------> database
//!            never more than two slices           a commit every 200 ms
//! ```
//!
//! * Killing the process loses what was in flight and at most the last 200 ms; the next call goes on from there.
//! * Equal requests, in whatever run, are asked once per model.
//! * Memory does not grow with the texts: a few thousand requests are held at a time, and a few dozen bytes for each request asked.
//! * A model that panics, repeats itself or forgets a request costs that request, not the run.
//!
//! This crate does not know what a request means or how an answer is scored. Rate limits and retries within one
//! request belong to the model.

mod clock;
mod desk;
mod events;
mod execute;
mod ledger;
mod worker;

pub use events::{Event, OutcomeKind, Tallied, WarningTally};
pub use execute::{Broken, Job, Options, Place, Report, RunError, RunReport, execute};
