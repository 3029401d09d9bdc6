//! `eval_split`: evaluate the test or the validation split alone.

use holometer_core::{ArgValue, RunSpec, Split};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, name_of, with_argument};

const NAME: &str = "eval_split";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Evaluates one split; the default is test and validation together.",
            values: vec!["test", "valid"],
            takes: "",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let split = match name_of(value) {
        "test" => Split::Test,
        "valid" => Split::Valid,
        _ => return Err(ExpandError::Value),
    };
    let mut run = with_argument(run, NAME, value);
    run.adapter.few_shot.eval_splits = Some(vec![split]);
    Ok(vec![run])
}
