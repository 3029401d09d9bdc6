//! `tokenizer`: whose tokens count in `synthetic_efficiency`.

use holometer_core::{ArgValue, RunSpec};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, name_of, with_argument};

const NAME: &str = "tokenizer";

/// The models for which HELM's table names a tokenizer. For others HELM makes no run at all; here `default` stays, and the
/// model is asked.
const OWN: &[(&str, &str)] = &[
    ("together/yalm", "yandex/yalm"),
    ("together/bloom", "bigscience/bloom"),
    ("together/t0pp", "bigscience/t0pp"),
    ("together/t5-11b", "google/t5"),
    ("together/ul2", "google/ul2"),
    ("together/glm", "tsinghua/glm"),
    ("AlephAlpha/luminous-base", "AlephAlpha/luminous-base"),
    ("AlephAlpha/luminous-extended", "AlephAlpha/luminous-extended"),
    ("AlephAlpha/luminous-supreme", "AlephAlpha/luminous-supreme"),
    ("AlephAlpha/luminous-world", "AlephAlpha/luminous-world"),
    ("huggingface/santacoder", "bigcode/santacoder"),
    ("huggingface/starcoder", "bigcode/starcoder"),
];

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Whose tokens count in the efficiency scenario; `default` is the model's own tokenizer.",
            values: vec!["default"],
            takes: "a tokenizer's name",
        },
        expand,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every expander")]
fn expand(
    run: &RunSpec,
    value: &ArgValue,
    model: &SelectedModel,
) -> Result<Vec<RunSpec>, ExpandError> {
    let default = OWN.iter().find(|(model_name, _)| *model_name == model.spec.deployment);
    let tokenizer = match (name_of(value), default) {
        ("default", Some((_, tokenizer))) => ArgValue::Text((*tokenizer).to_owned()),
        _ => value.clone(),
    };
    let mut run = with_argument(run, NAME, &tokenizer);
    run.scenario.args.set(NAME, tokenizer);
    Ok(vec![run])
}
