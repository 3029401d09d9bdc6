//! `process_output`: cuts something out of every completion before it is scored. The run keeps its name.

use holometer_core::{ArgValue, MetricSpec, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, name_of};

const NAME: &str = "process_output";

/// HELM names a processor by its place in HELM's source.
const HELM_MODULE: &str = "helm.benchmark.metrics.output_processors.";

const REMOVE_THINKING: &str = "remove_deepseek_r1_thinking";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Scores the completions after a clean-up, such as the removal of thinking blocks; the run keeps its name.",
            values: vec![REMOVE_THINKING],
            takes: "",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let name = name_of(value);
    let processor = name.strip_prefix(HELM_MODULE).unwrap_or(name);
    if processor != REMOVE_THINKING {
        return Err(ExpandError::Value);
    }
    let mut run = run.clone();
    let args = serde_json::json!({ "processor": processor, "metric_specs": run.metrics });
    run.metrics = vec![MetricSpec { name: "output_processing".to_owned(), args }];
    Ok(vec![run])
}
