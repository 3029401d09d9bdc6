//! What a HELM run folder holds, in the domain's types.

use std::sync::Arc;

use holometer_core::{Instance, Outcome, RequestState, RunSpec};

use super::stat::{Stat, UnitStats};

/// A run: the input of an export, and what an import reads.
#[derive(Clone, Debug, PartialEq)]
pub struct HelmRun {
    /// What determined it. Classes that have no name of ours are kept under HELM's.
    pub spec: RunSpec,
    /// What the scenario says about itself.
    pub scenario: ScenarioText,
    /// Its requests in order.
    pub requests: Vec<HelmRequest>,
}

/// `scenario.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScenarioText {
    /// The scenario's name.
    pub name: String,
    /// What it measures.
    pub description: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Where its source is; empty where that is unknown.
    pub definition_path: String,
}

/// A request with what came back.
#[derive(Clone, Debug, PartialEq)]
pub struct HelmRequest {
    /// The request.
    pub state: RequestState,
    /// What came back; `None` in a dry run.
    pub outcome: Option<Outcome>,
    /// Seconds that it took.
    pub seconds: Option<f64>,
    /// When it was sent: seconds since 1970-01-01 UTC.
    pub sent_at: Option<i64>,
    /// Whether HELM took the answer from its cache.
    pub cached: bool,
}

/// A run as read from HELM's files.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedRun {
    /// The run.
    pub run: HelmRun,
    /// The instances of its requests, in order of first appearance, perturbed copies apart.
    pub instances: Vec<Arc<Instance>>,
    /// HELM's own `stats.json`, for comparison.
    pub stats: Vec<Stat>,
    /// HELM's own `per_instance_stats.json`, for comparison.
    pub unit_stats: Vec<UnitStats>,
    /// What could not be read, and what is worth knowing about what was; one sentence each.
    pub notes: Vec<String>,
}
