//! How many instances were evaluated: HELM's `InstancesPerSplitMetric`.

use holometer_core::{Metric, MetricCard, MetricOptions, Score, TotalsMetric, Unit, Value};

use crate::Plugin;
use crate::args;
use crate::error::MetricError;

const NAME: &str = "instances_per_split";
const DOCS: &str = include_str!("../docs/instances_per_split.md");

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

fn build(args: &serde_json::Value, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    Ok(Box::new(InstancesPerSplit))
}

fn cards() -> Vec<MetricCard> {
    vec![MetricCard {
        name: "num_instances",
        summary: "How many instances were evaluated",
        docs: DOCS,
        higher_is_better: None,
        range: (0.0, f64::INFINITY),
    }]
}

struct InstancesPerSplit;

impl Metric for InstancesPerSplit {
    fn cards(&self) -> Vec<MetricCard> {
        Vec::new()
    }

    fn score(&self, _: &Unit<'_>) -> Vec<Score> {
        Vec::new()
    }

    fn totals(&self) -> Vec<Box<dyn TotalsMetric>> {
        vec![Box::new(InstanceCount)]
    }
}

struct InstanceCount;

impl TotalsMetric for InstanceCount {
    fn cards(&self) -> Vec<MetricCard> {
        cards()
    }

    /// An instance is a unit in every trial and counts once.
    fn components(&self, unit: &Unit<'_>) -> Result<Vec<f64>, String> {
        Ok(vec![1.0 / unit.spec.adapter.few_shot.num_train_trials.max(1) as f64])
    }

    fn combine(&self, sums: &[f64]) -> Vec<Score> {
        // Thirds of an instance add up to whole ones only after rounding.
        let count = sums.first().copied().unwrap_or_default();
        vec![Score::new("num_instances", Value::number((count * 1e6).round() / 1e6))]
    }
}
