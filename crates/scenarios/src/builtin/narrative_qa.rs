//! NarrativeQA: one question, drawn at random, for each story.

use std::collections::HashMap;

use holometer_core::{Instance, Reference, Split};
use holometer_pyrand::PyRandom;
use serde_json::Value;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "narrative_qa", instances }
}

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut summaries = HashMap::new();
    for file in material.role("summaries") {
        for row in file.rows()? {
            let key = (
                material.text(file, &row, "set")?.to_owned(),
                material.text(file, &row, "document_id")?.to_owned(),
            );
            summaries.insert(key, material.text(file, &row, "summary")?.trim().to_owned());
        }
    }
    let mut random = PyRandom::from_int(0);
    let mut instances = Vec::new();
    for file in material.role("questions") {
        let rows = file.rows()?;
        for split in [Split::Train, Split::Valid, Split::Test] {
            for (document, questions) in by_document(&rows, split) {
                let row = random.choice(&questions).copied().unwrap_or(&Value::Null);
                let key = (split.as_str().to_owned(), document.to_owned());
                let summary = summaries.get(&key).ok_or_else(|| {
                    material.unexpected(file, format!("the document `{document}` has no summary"))
                })?;
                let question = material.text(file, row, "question")?.trim();
                let mark = if question.ends_with('?') { "" } else { "?" };
                let references = vec![
                    Reference::correct(material.text(file, row, "answer1")?),
                    Reference::correct(material.text(file, row, "answer2")?),
                ];
                let input = format!("{summary}\nQuestion: {question}{mark}");
                instances.push(Instance::new(input, references, split));
            }
        }
    }
    Ok(instances)
}

/// The questions of a split by document, in the order in which the documents first occur.
fn by_document(rows: &[Value], split: Split) -> Vec<(&str, Vec<&Value>)> {
    let mut documents: Vec<(&str, Vec<&Value>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for row in rows.iter().filter(|row| row["set"] == split.as_str()) {
        let document = row["document_id"].as_str().unwrap_or_default();
        let place = *places.entry(document).or_insert_with(|| {
            documents.push((document, Vec::new()));
            documents.len() - 1
        });
        documents[place].1.push(row);
    }
    documents
}
