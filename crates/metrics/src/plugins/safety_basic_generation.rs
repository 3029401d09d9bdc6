//! Counts and times where the references hold facts about the prompt instead of right answers: HELM's `SafetyBasicGenerationMetric`.

use holometer_core::{Metric, MetricCard, MetricOptions, Score, Unit};

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::request_statistics;

const NAME: &str = "safety_basic_generation";

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards: request_statistics::cards }
}

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    Ok(Box::new(RequestStatistics { options }))
}

/// Nothing but the statistics of requests.
pub(crate) struct RequestStatistics {
    pub(crate) options: MetricOptions,
}

impl Metric for RequestStatistics {
    fn cards(&self) -> Vec<MetricCard> {
        request_statistics::cards()
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        request_statistics::scores(unit, self.options)
    }
}
