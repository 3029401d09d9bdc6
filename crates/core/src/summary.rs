//! Summaries: a metric over a set of instances, with its uncertainty.

use serde::{Deserialize, Serialize};

use crate::ids::{MetricName, PerturbationName};
use crate::instance::Split;
use crate::score::CellStatus;

/// Which instances a summary is over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slice {
    /// The split; `None`: valid and test pooled.
    pub split: Option<Split>,
    /// HELM's sub-split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_split: Option<String>,
    /// The perturbation; `None`: the original instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perturbation: Option<PerturbationName>,
    /// `perturbed`, `original` or `worst`, where there is a perturbation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computed_on: Option<String>,
}

/// A confidence interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The level, for instance 0.95.
    pub level: f64,
    /// How it was computed, for instance `wilson` or `cluster bootstrap, 2000 draws`.
    pub method: String,
}

/// A number with its uncertainty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// How many units it is over.
    pub n: usize,
    /// How many independent clusters they form.
    pub clusters: usize,
    /// How many units were left out, each with a reason in `unscored_reasons` of the cell.
    pub unscored: usize,
    /// The interval, where one can be computed.
    pub interval: Option<Interval>,
}

/// One cell of a report: a metric over a slice of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The metric.
    pub metric: MetricName,
    /// Which instances.
    pub slice: Slice,
    /// Whether there is a number, or why not.
    pub status: CellStatus,
    /// The number; present exactly when the status is `ok`.
    pub estimate: Option<Estimate>,
    /// Why units were left out, with counts, most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unscored_reasons: Vec<(String, usize)>,
    /// The scorer that the number comes from, as `name@hash`, for metrics that need one. Numbers of different scorers are not
    /// comparable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scorer: Option<String>,
}
