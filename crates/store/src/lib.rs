//! The results database: one SQLite file that holds suites, runs, instances, requests, outcomes, scores and cells.
//!
//! Only this crate writes results. It knows nothing of models, metrics or reports: it keeps the domain's types and
//! gives them back as they were.
//!
//! * **Nothing is lost.** WAL mode with `synchronous = FULL`: when a call that writes has returned, what it wrote
//!   survives a killed process and, as far as the disk keeps its promises, a power cut. A call that fails has
//!   written nothing.
//! * **Nothing is kept twice.** Texts are stored once under their SHA-256, compressed with zstd against a text that
//!   resembles them: a few-shot prompt costs little more than its own question (module `texts`). Equal requests of all runs are
//!   one row, and outcomes are kept by (model fingerprint, request): that is the response cache.
//! * **Nothing is trusted.** A file may be damaged or made by someone else: reading it gives errors, never panics.
//!   Frames carry checksums; [`Store::check`] compares every text with its hash.
//!
//! A second process may read at any time, and write in turns: a writer waits five seconds for another, then says that
//! the file is locked. WAL mode needs a file system with shared memory; on a network file system let each machine
//! write a file of its own.

mod bodies;
mod browse;
mod check;
mod codec;
mod error;
mod mapping;
mod merge;
mod not_run;
mod outcomes;
mod pairs;
mod prepare;
mod ratings;
mod read;
mod runs;
mod schema;
mod scores;
mod store;
mod tally;
mod texts;
mod types;

pub use browse::{
    Copies, Direction, Ending, Filter, Found, Looked, Place, ScoreRange, TextFilter, Walk,
};
pub use error::StoreError;
pub use merge::Absorbed;
pub use pairs::Pair;
pub use ratings::Rating;
pub use runs::inquiry_suite;
pub use store::Store;
pub use tally::{Pulse, Tally};
pub use types::{
    Beginning, Begun, Component, OutcomeKey, Pending, Progress, Recorded, Reply, Retry, RunContext,
    RunId, RunInfo, RunInputs, StoredAnswer, StoredUnit, UnitId, UnitScores, UnixMillis,
};
