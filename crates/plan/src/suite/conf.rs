//! HELM's configuration files: `entries: [{description: "...", priority: 1, groups: [...]}]` in HOCON.

use crate::error::PlanError;
use crate::hocon::{self, Field, Kind, Value};
use crate::nearest::{did_you_mean, nearest};
use crate::position::Source;
use crate::suite::{SourcedEntry, SuiteFile};

const ENTRY_KEYS: [&str; 3] = ["description", "priority", "groups"];

/// Reads a HELM configuration file as it is. Keys that HELM ignores are ignored too, with a note.
///
/// # Errors
/// The first problem, with its place and a hint.
pub fn read_conf(name: &str, text: &str) -> Result<SuiteFile, PlanError> {
    let source = Source::new(name, text);
    let root = hocon::parse(text).map_err(|problem| PlanError::Syntax {
        position: source.position(problem.offset),
        message: problem.message,
        hint: problem.hint.to_owned(),
    })?;
    let missing = || PlanError::Missing {
        position: source.position(root.offset),
        key: "entries",
        hint: "write `entries: [{description: \"mmlu:subject=anatomy\", priority: 1}]`".to_owned(),
    };
    let Kind::Object(fields) = &root.kind else { return Err(missing()) };
    let entries = find(fields, "entries").ok_or_else(missing)?;
    let Kind::Array(elements) = &entries.kind else {
        return Err(wrong_kind(&source, "entries", entries, "a list, as in `entries: [ ... ]`"));
    };
    let mut file = SuiteFile::default();
    note_unknown(&source, fields, &["entries"], &mut file.notes);
    for element in elements {
        let entry = read_entry(&source, element, &mut file.notes)?;
        file.entries.push(entry);
    }
    Ok(file)
}

fn read_entry(
    source: &Source<'_>,
    element: &Value,
    notes: &mut Vec<String>,
) -> Result<SourcedEntry, PlanError> {
    let Kind::Object(fields) = &element.kind else {
        return Err(wrong_kind(
            source,
            "entries",
            element,
            "objects, as in `{description: \"gsm\", priority: 1}`",
        ));
    };
    note_unknown(source, fields, &ENTRY_KEYS, notes);
    let description = find(fields, "description").ok_or_else(|| PlanError::Missing {
        position: source.position(element.offset),
        key: "description",
        hint: "write `description: \"name:key=value\"`".to_owned(),
    })?;
    let Kind::Text(text) = &description.kind else {
        return Err(wrong_kind(source, "description", description, "text in quotes"));
    };
    let start = source.position(text.verbatim_at.unwrap_or(description.offset));
    let mut entry = SourcedEntry::from_text(&text.text, &start)?;
    if let Some(value) = find(fields, "priority") {
        entry.priority = priority(source, value)?;
    }
    if let Some(value) = find(fields, "groups") {
        entry.groups = groups(source, value)?;
    }
    Ok(entry)
}

fn priority(source: &Source<'_>, value: &Value) -> Result<Option<u32>, PlanError> {
    let number = match &value.kind {
        Kind::Null => return Ok(None),
        Kind::Number(number) => number.parse().ok(),
        _ => None,
    };
    match number {
        Some(number) => Ok(Some(number)),
        None => {
            Err(wrong_kind(source, "priority", value, "a whole number from 1, the most important"))
        }
    }
}

fn groups(source: &Source<'_>, value: &Value) -> Result<Vec<String>, PlanError> {
    let expected = "a list of names, as in `groups: [\"robustness\"]`";
    let elements = match &value.kind {
        Kind::Null => return Ok(Vec::new()),
        Kind::Array(elements) => elements,
        _ => return Err(wrong_kind(source, "groups", value, expected)),
    };
    elements
        .iter()
        .map(|element| match &element.kind {
            Kind::Text(text) => Ok(text.text.clone()),
            _ => Err(wrong_kind(source, "groups", element, expected)),
        })
        .collect()
}

fn find<'a>(fields: &'a [Field], key: &str) -> Option<&'a Value> {
    fields.iter().find(|field| field.key == key).map(|field| &field.value)
}

fn wrong_kind(source: &Source<'_>, key: &str, value: &Value, expected: &'static str) -> PlanError {
    let found = match &value.kind {
        Kind::Number(number) => format!("the number `{number}`"),
        _ => value.kind_name().to_owned(),
    };
    PlanError::WrongKind {
        position: source.position(value.offset),
        key: key.to_owned(),
        expected,
        found,
    }
}

fn note_unknown(source: &Source<'_>, fields: &[Field], known: &[&str], notes: &mut Vec<String>) {
    for field in fields.iter().filter(|field| !known.contains(&field.key.as_str())) {
        let otherwise = format!("HELM reads {}", known.join(", "));
        let hint = did_you_mean(&nearest(&field.key, known.iter().copied()), &otherwise);
        let position = source.position(field.key_offset);
        notes.push(format!("{position}: `{}` is ignored\nhint: {hint}", field.key));
    }
}
