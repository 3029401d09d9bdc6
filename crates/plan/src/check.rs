//! Checking an entry's arguments against what the scenario documents.

use holometer_core::{ArgValue, Args, Parameter, ScenarioCard, ValueKind};

use crate::nearest::nearest;
use crate::plugin::Plugin;
use crate::skip::{ArgumentProblem, Skip};
use crate::suite::SourcedEntry;

/// The value that stands for every documented one.
const EVERY: &str = "*";

/// So many values are listed in a hint.
const LISTED: usize = 8;

/// An entry's arguments, told apart.
pub(crate) struct Checked<'a> {
    /// The scenario's own, in the order of its card, defaults filled in.
    pub(crate) scenario: Args,
    /// The expanders with their values, in the order in which they were written.
    pub(crate) expanders: Vec<(&'a Plugin, ArgValue)>,
}

/// An entry's arguments, checked. Expanders' values are checked when they are applied.
pub(crate) fn check<'a>(
    entry: &SourcedEntry,
    card: &ScenarioCard,
    plugins: &'a [Plugin],
) -> Result<Checked<'a>, Skip> {
    let mut expanders = Vec::new();
    let mut given = Args::default();
    for (key, value) in &entry.entry.args.0 {
        if let Some(plugin) = find_plugin(plugins, key) {
            expanders.push((plugin, value.clone()));
        } else if let Some(parameter) = find_parameter(card, key) {
            let value = checked_value(parameter, value)
                .ok_or_else(|| bad(entry, key, bad_value(parameter, value)))?;
            given.0.push((key.clone(), value));
        } else {
            return Err(bad(entry, key, unknown(card, plugins, key)));
        }
    }
    let mut scenario = Args::default();
    for parameter in &card.parameters {
        let default = || parameter.default.as_deref().map(|text| default_value(parameter, text));
        let value = given.remove(&parameter.name).or_else(default);
        // What an expander sets can't be given to the scenario, so it can't be missing either.
        if value.is_none() && find_plugin(plugins, &parameter.name).is_none() {
            return Err(missing(entry, parameter));
        }
        scenario.0.extend(value.map(|value| (parameter.name.clone(), value)));
    }
    Ok(Checked { scenario, expanders })
}

/// The entries that an entry with `*` stands for, the last `*` running fastest; without one, the entry itself.
pub(crate) fn multiplied(
    entry: &SourcedEntry,
    card: &ScenarioCard,
    plugins: &[Plugin],
) -> Result<Vec<SourcedEntry>, Skip> {
    let mut entries = vec![entry.clone()];
    for (key, value) in &entry.entry.args.0 {
        if *value != ArgValue::Text(EVERY.to_owned()) {
            continue;
        }
        let Some((values, takes)) = every_value(card, plugins, key) else { continue };
        if values.is_empty() {
            return Err(bad(entry, key, ArgumentProblem::NoList { takes }));
        }
        entries = entries
            .iter()
            .flat_map(|entry| values.iter().map(move |value| with(entry, key, value)))
            .collect();
    }
    Ok(entries)
}

fn with(entry: &SourcedEntry, key: &str, value: &str) -> SourcedEntry {
    let mut entry = entry.clone();
    entry.entry.args.set(key, ArgValue::parse(value));
    entry
}

/// Every documented value of an argument, and what it takes in words; `None` for an unknown argument.
fn every_value(
    card: &ScenarioCard,
    plugins: &[Plugin],
    key: &str,
) -> Option<(Vec<String>, String)> {
    if let Some(plugin) = find_plugin(plugins, key) {
        let values = plugin.card.values.iter().map(ToString::to_string).collect();
        return Some((values, expander_takes(plugin)));
    }
    let parameter = find_parameter(card, key)?;
    let values = match parameter.kind {
        ValueKind::Bool => vec!["False".to_owned(), "True".to_owned()],
        ValueKind::Choice => parameter.values.clone(),
        ValueKind::Text | ValueKind::Int | ValueKind::Float => Vec::new(),
    };
    Some((values, takes(parameter)))
}

fn find_plugin<'a>(plugins: &'a [Plugin], key: &str) -> Option<&'a Plugin> {
    plugins.iter().find(|plugin| plugin.card.name == key)
}

fn find_parameter<'a>(card: &'a ScenarioCard, key: &str) -> Option<&'a Parameter> {
    card.parameters.iter().find(|parameter| parameter.name == key)
}

/// The value as the scenario documents it: an alias replaced, truth values as HELM writes them, `True` and `False`.
fn checked_value(parameter: &Parameter, value: &ArgValue) -> Option<ArgValue> {
    let text = value.to_string();
    let alias = parameter.aliases.iter().find(|(spelling, _)| *spelling == text);
    let text = alias.map_or(text, |(_, meant)| meant.clone());
    match parameter.kind {
        ValueKind::Choice => parameter.values.contains(&text).then(|| ArgValue::parse(&text)),
        ValueKind::Text => Some(ArgValue::parse(&text)),
        ValueKind::Int => match ArgValue::parse(&text) {
            ArgValue::Int(number) => Some(ArgValue::Int(number)),
            ArgValue::Float(_) | ArgValue::Text(_) => None,
        },
        ValueKind::Float => {
            let number = ArgValue::parse(&text);
            number.as_f64().is_some().then_some(number)
        }
        ValueKind::Bool => {
            let truth = text.to_lowercase();
            match truth.as_str() {
                "true" => Some(ArgValue::Text("True".to_owned())),
                "false" => Some(ArgValue::Text("False".to_owned())),
                _ => None,
            }
        }
    }
}

fn bad(entry: &SourcedEntry, key: &str, problem: ArgumentProblem) -> Skip {
    let position = entry.argument_position(key).clone();
    Skip::BadArgument { position, key: key.to_owned(), problem: Box::new(problem) }
}

fn missing(entry: &SourcedEntry, parameter: &Parameter) -> Skip {
    Skip::BadArgument {
        position: entry.position.clone(),
        key: parameter.name.clone(),
        problem: Box::new(ArgumentProblem::Missing { takes: takes(parameter) }),
    }
}

fn bad_value(parameter: &Parameter, value: &ArgValue) -> ArgumentProblem {
    let value = value.to_string();
    let nearest = nearest(&value, parameter.values.iter().map(String::as_str));
    ArgumentProblem::Value { value, nearest, takes: takes(parameter) }
}

fn unknown(card: &ScenarioCard, plugins: &[Plugin], key: &str) -> ArgumentProblem {
    let own = card.parameters.iter().map(|parameter| parameter.name.as_str());
    let names: Vec<&str> = own.clone().chain(plugins.iter().map(|p| p.card.name)).collect();
    let own: Vec<&str> = own.collect();
    let takes = if own.is_empty() {
        "it takes no arguments of its own".to_owned()
    } else {
        format!("it takes {}", own.join(", "))
    };
    ArgumentProblem::Unknown {
        scenario: card.name.to_string(),
        nearest: nearest(key, names),
        takes,
    }
}

/// What a parameter takes, in words.
fn takes(parameter: &Parameter) -> String {
    match parameter.kind {
        ValueKind::Choice => alternatives(parameter.values.iter().map(String::as_str)),
        ValueKind::Text => "any text".to_owned(),
        ValueKind::Int => "a whole number".to_owned(),
        ValueKind::Float => "a number".to_owned(),
        ValueKind::Bool => "`true` or `false`".to_owned(),
    }
}

/// What an expander takes, in words.
pub(crate) fn expander_takes(plugin: &Plugin) -> String {
    let card = &plugin.card;
    match (card.values.is_empty(), card.takes) {
        (true, takes) => takes.to_owned(),
        (false, "") => alternatives(card.values.iter().copied()),
        (false, takes) => format!("{}; or {takes}", alternatives(card.values.iter().copied())),
    }
}

fn alternatives<'a>(values: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = values.len().saturating_sub(LISTED);
    let listed: Vec<String> = values.take(LISTED).map(|value| format!("`{value}`")).collect();
    match more {
        0 => listed.join(", "),
        _ => format!("{} and {more} more", listed.join(", ")),
    }
}

/// A documented default, in the form of a given value.
fn default_value(parameter: &Parameter, text: &str) -> ArgValue {
    let value = ArgValue::parse(text);
    checked_value(parameter, &value).unwrap_or(value)
}
