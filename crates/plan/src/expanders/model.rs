//! `model`: which model answers. The plan has chosen the model by the time this applies.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, with_argument};

const NAME: &str = "model";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Which model answers; a group such as `text` stands for the models given with `-m`.",
            values: crate::models::GROUPS.iter().map(|(name, _)| *name).collect(),
            takes: "a model as with `-m`, a HELM name such as `openai/gpt2`, or a group of models",
        },
        expand,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every expander")]
fn expand(run: &RunSpec, _: &ArgValue, model: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let mut run = with_argument(run, NAME, &model.spec.name);
    run.model = model.spec.clone();
    Ok(vec![run])
}
