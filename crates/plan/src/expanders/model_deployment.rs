//! `model_deployment`: which server of a model answers.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, with_argument};

const NAME: &str = "model_deployment";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Which of a model's servers answers.",
            values: vec![],
            takes: "a deployment's name, such as `together/llama-3-8b`",
        },
        expand,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every expander")]
fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let mut run = with_argument(run, NAME, value);
    run.model.deployment = value.to_string();
    Ok(vec![run])
}
