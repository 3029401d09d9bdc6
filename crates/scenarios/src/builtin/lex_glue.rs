//! LexGLUE: English legal texts with one class, several classes, or five holdings to choose from.

use holometer_core::{Instance, Reference};
use holometer_pyrand::PyRandom;
use serde_json::Value;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::files::OpenFile;
use crate::label_references::{classes_seen, drawn_wrong, wrong_classes};
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "lex_glue", instances }
}

/// The tasks in which a text can have several classes.
const SEVERAL: [&str; 4] = ["ecthr_a", "ecthr_b", "eurlex", "unfair_tos"];

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let subset = material.argument("subset");
    let mut parts = Vec::new();
    for file in material.files {
        parts.push((file, file.rows()?));
    }
    let classes = match parts.first() {
        Some((file, _)) if !SEVERAL.contains(&subset.as_str()) => file.class_names("label")?,
        _ => classes_seen(parts.iter().flat_map(|(_, rows)| rows), "labels"),
    };
    let mut random = PyRandom::from_int(42);
    let mut instances = Vec::new();
    for (file, rows) in &parts {
        for row in rows {
            let right = right_classes(material, file, row)?;
            let mut references = drawn_wrong(&mut random, wrong_classes(&classes, &right));
            references.extend(right.into_iter().map(Reference::correct));
            let input = input(material, file, row, &subset)?;
            instances.push(Instance::new(input, references, file.split));
        }
    }
    Ok(instances)
}

fn right_classes(
    material: &Material<'_>,
    file: &OpenFile,
    row: &Value,
) -> Result<Vec<String>, ScenarioError> {
    if let Some(numbers) = row["labels"].as_array() {
        return Ok(numbers.iter().map(ToString::to_string).collect());
    }
    Ok(vec![material.text(file, row, "label")?.to_owned()])
}

fn input(
    material: &Material<'_>,
    file: &OpenFile,
    row: &Value,
    subset: &str,
) -> Result<String, ScenarioError> {
    if subset == "case_hold" {
        let context = material.text(file, row, "context")?;
        let holdings: Vec<String> = texts(&row["endings"])
            .enumerate()
            .map(|(index, holding)| format!("{index}: {holding}"))
            .collect();
        return Ok(format!("{context} Holdings: {}", holdings.join(" ")));
    }
    if row["text"].is_array() {
        return Ok(texts(&row["text"]).collect::<Vec<_>>().join(" "));
    }
    Ok(material.text(file, row, "text")?.to_owned())
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}
