//! Counts and times for AIR-Bench: HELM's `AIRBench2024BasicGenerationMetric`.

use holometer_core::{Metric, MetricOptions};

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::plugins::safety_basic_generation::RequestStatistics;
use crate::request_statistics;

const NAME: &str = "air_bench_2024_basic_generation";

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards: request_statistics::cards }
}

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    Ok(Box::new(RequestStatistics { options }))
}
