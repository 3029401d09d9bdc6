//! `perturb`: a perturbation applied to standard input.

use std::io::Read;

use holometer_core::{PerturbationDescription, PerturbationSpec};
use holometer_perturb::{EDITS, perturb_alone};
use holometer_plan::{augmentation_sets, parse_entry};
use serde_json::{Map, Value, json};

use crate::args::PerturbArgs;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{Environment, perturbation_resources};
use crate::progress::Talk;

/// Prints the text of standard input, perturbed as it would be for an instance with the given id. The name is a perturbation
/// with its arguments (`typos:prob=0.1`) or a named set (`canonical`), whose perturbations are then shown one after another.
pub(crate) fn perturb(args: &PerturbArgs, talk: &Talk) -> Result<Exit, Failure> {
    let environment = Environment::new(&args.environment, &[])?;
    let specs = specs(&args.name)?;
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| {
        Failure::usage(format!("standard input can't be read: {error}"))
            .hint("it must be UTF-8 text")
    })?;
    let resources = perturbation_resources(&environment.library, talk);
    for spec in &specs {
        let perturbed =
            perturb_alone(spec, &text, &args.seed_id, &resources).map_err(Failure::usage)?;
        if let Some(description) = &perturbed.perturbation {
            if specs.len() > 1 {
                talk.say(&format!("{}:", title(description)));
            }
            if let Some(edits) = description.parameters.get(EDITS) {
                talk.say(&format!("{edits} words changed"));
            }
        }
        output::print(perturbed.input.text)?;
    }
    Ok(Exit::Done)
}

/// A perturbation's name with its groups, where it has any.
pub(crate) fn title(description: &PerturbationDescription) -> String {
    let of = |key: &str| description.parameters.get(key).and_then(Value::as_str);
    match (of("source"), of("target"), of("placebo_for")) {
        (Some(source), Some(target), _) => format!("{} {source} to {target}", description.name),
        (_, _, Some(matched)) => format!("{} for {matched}", description.name),
        _ => description.name.to_string(),
    }
}

pub(crate) fn specs(name: &str) -> Result<Vec<PerturbationSpec>, Failure> {
    let sets = augmentation_sets();
    if let Some(set) = sets.iter().find(|set| set.name == name) {
        return Ok(set.runs.iter().flat_map(|(_, perturbations)| perturbations.clone()).collect());
    }
    let parsed = parse_entry(name).map_err(|error| Failure::usage(error.problem))?;
    let args: Map<String, Value> =
        parsed.entry.args.0.iter().map(|(key, value)| (key.clone(), argument(value))).collect();
    Ok(vec![PerturbationSpec { name: parsed.entry.name, args: Value::Object(args) }])
}

/// An argument as JSON: numbers and truth values as such, `race=white_american;gender=male` as a table.
fn argument(value: &holometer_core::ArgValue) -> Value {
    match value {
        holometer_core::ArgValue::Int(int) => json!(int),
        holometer_core::ArgValue::Float(float) => json!(float),
        holometer_core::ArgValue::Text(text) => match text.to_ascii_lowercase().as_str() {
            "true" => json!(true),
            "false" => json!(false),
            _ if text.contains('=') => {
                let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
                Value::Object(pairs.map(|(key, value)| (key.to_owned(), json!(value))).collect())
            }
            _ => json!(text),
        },
    }
}
