//! Run specs: everything that determines a run.

use serde::{Deserialize, Serialize};

use crate::adapter::AdapterSpec;
use crate::entry::Args;
use crate::ids::{ModelName, RunName, ScenarioName};

/// A scenario with its arguments resolved (defaults filled in, values checked).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScenarioSpec {
    /// The scenario.
    pub name: ScenarioName,
    /// Its arguments.
    pub args: Args,
}

/// A metric with its arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricSpec {
    /// The metric plug-in's name, for instance `basic_generation`.
    pub name: String,
    /// Its arguments as JSON, `{}` if it has none.
    #[serde(default)]
    pub args: serde_json::Value,
}

impl MetricSpec {
    /// A metric without arguments.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), args: serde_json::json!({}) }
    }
}

/// A perturbation with its arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PerturbationSpec {
    /// The perturbation plug-in's name, for instance `dialect`.
    pub name: String,
    /// Its arguments as JSON.
    #[serde(default)]
    pub args: serde_json::Value,
}

/// Which perturbed copies are made. HELM's `DataAugmenterSpec`.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each with a name")]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentationSpec {
    /// The perturbations, in order.
    pub perturbations: Vec<PerturbationSpec>,
    /// Perturb the few-shot examples.
    pub augment_train: bool,
    /// Keep the original examples as well.
    pub include_original_train: bool,
    /// Drop perturbed examples that did not change.
    pub skip_unchanged_train: bool,
    /// Perturb the evaluated instances.
    pub augment_eval: bool,
    /// Keep the original instances as well.
    pub include_original_eval: bool,
    /// Drop perturbed instances that did not change.
    pub skip_unchanged_eval: bool,
    /// How many perturbed copies per perturbation; at least 1 (0 is read as 1).
    pub seeds_per_instance: u64,
}

/// The model of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModelSpec {
    /// How the user named it, and how it is shown.
    pub name: ModelName,
    /// The name of the deployment, HELM's `model_deployment`; the same as `name` unless several servers offer
    /// one model.
    pub deployment: String,
}

/// Everything that determines a run, apart from the data's and the model's own bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// HELM's name of the run, unique within a suite.
    pub name: RunName,
    /// The scenario.
    pub scenario: ScenarioSpec,
    /// How instances become requests.
    pub adapter: AdapterSpec,
    /// What is measured.
    pub metrics: Vec<MetricSpec>,
    /// What is perturbed.
    #[serde(default)]
    pub augmentation: AugmentationSpec,
    /// HELM's run groups, for tables.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The model.
    pub model: ModelSpec,
}
