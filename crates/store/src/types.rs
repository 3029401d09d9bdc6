//! Plain data that goes in and out of the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use holometer_core::{Instance, Outcome, RequestState, RunSpec, Score};
use serde::{Deserialize, Serialize};

/// A run's number in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub i64);

/// A point in time: milliseconds since 1970-01-01 UTC. The store has no clock; callers pass the time in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

/// What determines a run's requests, apart from its spec.
#[derive(Clone, Copy, Debug)]
pub struct RunInputs<'a> {
    /// The model's fingerprint, as on its card.
    pub fingerprint: &'a str,
    /// The hashes of the data that was read, by file or source.
    pub data_hashes: &'a BTreeMap<String, String>,
    /// The evaluated instances in order, perturbed copies included.
    pub instances: &'a [Arc<Instance>],
    /// The requests in order. Instances that occur here only are added behind `instances`.
    pub requests: &'a [RequestState],
}

/// The circumstances of a run, kept for the record; they do not determine anything.
#[derive(Clone, Debug)]
pub struct RunContext {
    /// Now.
    pub at: UnixMillis,
    /// Holometer's version.
    pub version: String,
    /// The machine, in whatever fields the caller has.
    pub host: serde_json::Value,
}

/// How [`Store::begin_run`](crate::Store::begin_run) came by its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// It is the first of its name in the suite.
    New,
    /// The same run was there already, with whatever was answered.
    Found,
    /// A run of the same name had other inputs; it is kept, marked as superseded.
    Revised {
        /// The superseded run.
        previous: RunId,
    },
}

/// A run that is ready to be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The run.
    pub run: RunId,
    /// Whether it is new.
    pub beginning: Beginning,
}

/// A run as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct RunInfo {
    /// Its number in this file.
    pub id: RunId,
    /// Its suite.
    pub suite: String,
    /// Its spec; `spec.name` is unique among a suite's current runs.
    pub spec: RunSpec,
    /// SHA-256 of the spec's JSON, in hex.
    pub spec_hash: String,
    /// 1 for the first run of this name in the suite, and so on.
    pub revision: i64,
    /// Whether a run with other inputs has taken its place.
    pub superseded: bool,
    /// The model's fingerprint.
    pub fingerprint: String,
    /// The hashes of the data.
    pub data_hashes: BTreeMap<String, String>,
    /// How many instances it has.
    pub instances: usize,
    /// How many requests it has.
    pub requests: usize,
    /// Holometer's version when it was begun.
    pub version: String,
    /// The machine on which it was begun.
    pub host: serde_json::Value,
    /// When it was begun.
    pub created: UnixMillis,
    /// When it was last scored completely; `None` until then.
    pub finished: Option<UnixMillis>,
}

/// Names a unit within a run: an instance under one draw of few-shot examples. Ordered as units are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UnitId {
    /// Which draw of few-shot examples.
    pub trial: usize,
    /// The position of the instance within the run.
    pub instance: usize,
}

/// Names a stored outcome: who is asked, and what. Equal requests to one model share a key, in whatever run.
/// Valid within one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutcomeKey {
    pub(crate) model: i64,
    pub(crate) body: i64,
}

/// A request of a run that is still to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its position in the run, from 0.
    pub position: usize,
    /// Where its outcome will be kept.
    pub key: OutcomeKey,
}

/// Which requests with an outcome are asked again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retry {
    /// Failures that may pass by themselves or by a change on the user's side (a wrong key).
    #[default]
    Transient,
    /// Every failure.
    Failures,
}

/// An outcome to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// What was asked.
    pub key: OutcomeKey,
    /// What came back.
    pub outcome: Outcome,
    /// Seconds that it took; `None` for imported results without times.
    pub seconds: Option<f64>,
    /// How many tries came before.
    pub retries: u32,
}

/// How far a run is. `planned` is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// All requests.
    pub planned: usize,
    /// Answered.
    pub answered: usize,
    /// Refused by the provider.
    pub refused: usize,
    /// Failed, for now or for good.
    pub failed: usize,
    /// Not yet asked.
    pub not_run: usize,
}

impl Progress {
    /// Adds another run's numbers.
    pub fn add(&mut self, other: &Self) {
        self.planned += other.planned;
        self.answered += other.answered;
        self.refused += other.refused;
        self.failed += other.failed;
        self.not_run += other.not_run;
    }
}

/// One request of a run with what came back.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAnswer {
    /// Its position in the run, from 0.
    pub position: usize,
    /// Its unit.
    pub unit: UnitId,
    /// The request.
    pub state: RequestState,
    /// What came back; `None` while it has not been asked.
    pub reply: Option<Reply>,
}

/// What came back, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// What came back.
    pub outcome: Outcome,
    /// Seconds that it took; `None` for imported results without times.
    pub seconds: Option<f64>,
    /// How many tries came before.
    pub retries: u32,
    /// When it was recorded.
    pub at: UnixMillis,
}

/// All requests of one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredUnit {
    /// Which unit.
    pub id: UnitId,
    /// Its instance.
    pub instance: Arc<Instance>,
    /// Its requests in order; never empty.
    pub answers: Vec<StoredAnswer>,
}

/// A statistic's name with what a unit adds to its sums, or why the unit is left out.
pub type Component = (String, Result<Vec<f64>, String>);

/// What the metrics say about one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitScores {
    /// Which unit.
    pub unit: UnitId,
    /// Its scores. When read back they are sorted by the metric's name.
    pub scores: Vec<Score>,
    /// What it adds to the sums of each statistic that is not a mean.
    /// When read back they are sorted by name.
    pub components: Vec<Component>,
}
