//! From requests to batches: shared prefixes are computed once, ragged batches are packed under a memory budget,
//! generating sequences join and leave a running batch.

mod active;
mod job;
mod result;
mod sample;
mod scheduler;
mod tree;

pub(crate) use job::{Job, Work};
pub(crate) use scheduler::{Limits, Scheduler, Shared};
