//! `newline`: something visible before each line end of the prompt.

use holometer_core::{ArgValue, RunSpec, Substitution};

use crate::plugin::{ExpandError, ExpanderCard, Plugin, SelectedModel, name_of, with_comma};

const NAME: &str = "newline";

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: ExpanderCard {
            name: NAME,
            summary: "Writes something visible before each line end of the finished prompt.",
            values: vec!["semicolon", "br"],
            takes: "",
        },
        expand,
    }
}

fn expand(run: &RunSpec, value: &ArgValue, _: &SelectedModel) -> Result<Vec<RunSpec>, ExpandError> {
    let target = match name_of(value) {
        "semicolon" => ";\n",
        "br" => "<br>\n",
        _ => return Err(ExpandError::Value),
    };
    let mut run = with_comma(run, NAME, value);
    run.adapter.template.substitutions =
        vec![Substitution { source: "\n".to_owned(), target: target.to_owned() }];
    Ok(vec![run])
}
