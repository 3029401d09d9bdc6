//! OpinionsQA: survey questions, alone or after a description of a person.

use holometer_core::{Instance, Reference, Split};
use holometer_data::read::{self, CsvOptions};

use crate::Builtin;
use crate::error::ScenarioError;
use crate::files::OpenFile;
use crate::material::Material;
use crate::python_literal;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "opinions_qa", instances }
}

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut people = Vec::new();
    for file in material.role("people") {
        people.extend(rows(file, &["question"])?.into_iter().map(|mut row| row.remove(0)));
    }
    let mut instances = Vec::new();
    for file in material.role("answered") {
        for row in rows(file, &["question", "options", "correct"])? {
            let [question, options, correct] = &row[..] else { continue };
            let references = options_of(material, file, options)?
                .into_iter()
                .map(|option| {
                    if option == *correct {
                        Reference::correct(option)
                    } else {
                        Reference::wrong(option)
                    }
                })
                .collect();
            instances.push(Instance::new(question, references, Split::Train));
        }
    }
    for file in material.role("questions") {
        for row in rows(file, &["question", "options"])? {
            let [question, options] = &row[..] else { continue };
            let references: Vec<Reference> =
                options_of(material, file, options)?.into_iter().map(Reference::wrong).collect();
            let mut inputs: Vec<String> =
                people.iter().map(|who| format!("{who}\nQuestion: {question}\n")).collect();
            if inputs.is_empty() {
                inputs.push(question.clone());
            }
            instances.extend(
                inputs
                    .into_iter()
                    .map(|input| Instance::new(input, references.clone(), Split::Test)),
            );
        }
    }
    Ok(instances)
}

/// Columns of a tab-separated file.
fn rows(file: &OpenFile, columns: &[&str]) -> Result<Vec<Vec<String>>, ScenarioError> {
    let records = read::csv_records(&file.path, &CsvOptions::tab())?;
    let cell = |row: &serde_json::Value, column: &str| {
        row[column].as_str().map(str::to_owned).unwrap_or_default()
    };
    Ok(records.iter().map(|row| columns.iter().map(|name| cell(row, name)).collect()).collect())
}

/// The options, written as a Python list.
fn options_of(
    material: &Material<'_>,
    file: &OpenFile,
    text: &str,
) -> Result<Vec<String>, ScenarioError> {
    let list = python_literal::parse(text).map_err(|problem| material.unexpected(file, problem))?;
    let options = list.as_array().into_iter().flatten();
    Ok(options
        .map(|option| option.as_str().map_or_else(|| option.to_string(), str::to_owned))
        .collect())
}
