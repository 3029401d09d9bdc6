//! `follow_format_instructions`: tells a model that answers like an assistant to continue the examples instead. The
//! run keeps its name.

use holometer_core::{ArgValue, Method, RunSpec};

use crate::format_texts::{EXAMPLES_PREFIX, EXAMPLES_SUFFIX};
use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, Tuning, name_of};

const NAME: &str = "follow_format_instructions";
pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Asks for the examples' format around the prompt, for all models or for those that follow instructions; the run keeps its name.",
            values: vec!["all", "instruct"],
            takes: "",
        },
        expand,
    }
}

fn expand(
    run: &RunSpec,
    value: &ArgValue,
    model: &SelectedModel,
) -> Result<Vec<RunSpec>, ExpandError> {
    let applies = match name_of(value) {
        "all" => true,
        "instruct" => model.tuning == Tuning::Instruct,
        _ => return Err(ExpandError::Value),
    };
    if run.adapter.method != Method::Generation {
        return Err(ExpandError::Run(format!(
            "it needs the method `generation`, and this run's is `{}`",
            run.adapter.method.as_str()
        )));
    }
    let mut run = run.clone();
    if applies {
        let template = &mut run.adapter.template;
        template.global_prefix = format!("{EXAMPLES_PREFIX}\n\n");
        template.global_suffix =
            format!("\n\n{EXAMPLES_SUFFIX}\n{}", template.output_prefix.trim());
    }
    Ok(vec![run])
}
