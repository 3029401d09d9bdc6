//! Checking a run entry's arguments against what the scenario documents, and filling in defaults.

use holometer_core::card::{Parameter, ScenarioCard, ValueKind};
use holometer_core::{ArgValue, Args};

use crate::error::ArgError;

/// The arguments as the scenario wants them: in the order of its parameters, every one present, aliases and letter case
/// replaced by the documented spelling, booleans as Python prints them.
///
/// # Errors
/// When an argument is unknown, missing, or has a value that the card does not list.
pub fn resolve_args(card: &ScenarioCard, args: &Args) -> Result<Args, ArgError> {
    let scenario = card.name.as_str();
    for (name, _) in &args.0 {
        if !card.parameters.iter().any(|parameter| parameter.name == *name) {
            return Err(ArgError::UnknownParameter {
                scenario: scenario.to_owned(),
                name: name.clone(),
                hint: parameters_hint(card, name),
            });
        }
    }
    let mut resolved = Args::default();
    for parameter in &card.parameters {
        let given = args.get(&parameter.name).cloned();
        let value = match (given, &parameter.default) {
            (Some(value), _) => checked(scenario, parameter, &value)?,
            (None, Some(default)) => checked(scenario, parameter, &ArgValue::parse(default))?,
            (None, None) => {
                return Err(ArgError::Missing {
                    scenario: scenario.to_owned(),
                    name: parameter.name.clone(),
                    hint: format!("add `{}=...`: {}", parameter.name, values_in_words(parameter)),
                });
            }
        };
        resolved.set(&parameter.name, value);
    }
    Ok(resolved)
}

fn checked(scenario: &str, parameter: &Parameter, value: &ArgValue) -> Result<ArgValue, ArgError> {
    let text = value.to_string();
    let found = match parameter.kind {
        ValueKind::Choice => spelled(parameter, &text).map(|value| ArgValue::parse(&value)),
        ValueKind::Text => Some(value.clone()),
        ValueKind::Int => match value {
            ArgValue::Int(_) => Some(value.clone()),
            // HELM writes an absent number as `None`.
            ArgValue::Text(none) if none == "None" => Some(value.clone()),
            _ => None,
        },
        ValueKind::Float => value.as_f64().map(|_| value.clone()),
        ValueKind::Bool => match text.to_lowercase().as_str() {
            "true" => Some(ArgValue::Text("True".into())),
            "false" => Some(ArgValue::Text("False".into())),
            _ => None,
        },
    };
    found.ok_or_else(|| ArgError::UnknownValue {
        scenario: scenario.to_owned(),
        name: parameter.name.clone(),
        hint: value_hint(parameter, &text),
        value: text,
    })
}

/// The documented spelling of a choice.
fn spelled(parameter: &Parameter, text: &str) -> Option<String> {
    if parameter.values.iter().any(|value| value == text) {
        return Some(text.to_owned());
    }
    if let Some((_, value)) = parameter.aliases.iter().find(|(alias, _)| alias == text) {
        return Some(value.clone());
    }
    let mut same = parameter.values.iter().filter(|value| value.eq_ignore_ascii_case(text));
    match (same.next(), same.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => None,
    }
}

fn parameters_hint(card: &ScenarioCard, name: &str) -> String {
    let names: Vec<&str> = card.parameters.iter().map(|p| p.name.as_str()).collect();
    if names.is_empty() {
        return "it has no parameters".to_owned();
    }
    match nearest(name, names.iter().copied()).first() {
        Some(near) => {
            format!("did you mean `{near}`? Its parameters are {}", names.join(", "))
        }
        None => format!("its parameters are {}", names.join(", ")),
    }
}

fn value_hint(parameter: &Parameter, text: &str) -> String {
    let near = nearest(text, parameter.values.iter().map(String::as_str));
    if near.is_empty() {
        return format!("it can be {}", values_in_words(parameter));
    }
    format!(
        "did you mean {}?",
        near.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" or ")
    )
}

fn values_in_words(parameter: &Parameter) -> String {
    match parameter.kind {
        ValueKind::Choice if parameter.values.len() > 12 => format!(
            "one of {}, ... ({} values; `holometer show scenario` lists them)",
            parameter.values[..6].join(", "),
            parameter.values.len()
        ),
        ValueKind::Choice => parameter.values.join(", "),
        ValueKind::Text => "any text".to_owned(),
        ValueKind::Int => "a whole number".to_owned(),
        ValueKind::Float => "a number".to_owned(),
        ValueKind::Bool => "True or False".to_owned(),
    }
}

/// The at most three names nearest to a wrong one, best first; none when nothing is near.
pub(crate) fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wrong = wrong.to_lowercase();
    let mut scored: Vec<(f64, &str)> = names
        .map(|name| (strsim::jaro_winkler(&wrong, &name.to_lowercase()), name))
        .filter(|(score, _)| *score > 0.8)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}
