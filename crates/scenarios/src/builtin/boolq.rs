//! BoolQ: passages with yes/no questions, some of which have contrast sets in a second file.

use std::collections::HashMap;

use holometer_core::{Input, Instance, Reference, Split};
use serde_json::Value;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::files::OpenFile;
use crate::material::Material;
use crate::python_methods::capitalized;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "boolq", instances }
}

/// Changed forms of a question whose answer is the opposite.
struct ContrastSet {
    original_answer: &'static str,
    questions: Vec<String>,
    answers: Vec<&'static str>,
}

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut contrast = HashMap::new();
    for file in material.role("contrast") {
        contrast.extend(contrast_sets(material, file)?);
    }
    let only_contrast = material.argument("only_contrast") == "True";
    let mut instances = Vec::new();
    for file in material.role("questions") {
        let is_valid = file.split == Split::Valid;
        for row in file.rows()? {
            let question = material.text(file, &row, "question")?;
            let set = contrast.get(question).filter(|_| is_valid);
            if set.is_some() || !(only_contrast && is_valid) {
                instances.push(instance(material, file, &row, set)?);
            }
        }
    }
    Ok(instances)
}

fn instance(
    material: &Material<'_>,
    file: &OpenFile,
    row: &Value,
    set: Option<&ContrastSet>,
) -> Result<Instance, ScenarioError> {
    let passage = material.text(file, row, "passage")?;
    let question = material.text(file, row, "question")?;
    let answer = row["answer"]
        .as_bool()
        .ok_or_else(|| material.unexpected(file, "a row has no true or false `answer`"))?;
    let answer = yes_or_no(answer);
    let references = vec![Reference::correct(answer)];
    let mut instance = Instance::new(prompt(passage, question), references, file.split);
    instance.cluster = Some(passage.to_owned());
    if let Some(set) = set {
        if set.original_answer != answer {
            return Err(material
                .unexpected(file, format!("the contrast set of `{question}` has another answer")));
        }
        instance.contrast_inputs =
            set.questions.iter().map(|changed| Input::text(prompt(passage, changed))).collect();
        instance.contrast_references =
            set.answers.iter().map(|answer| vec![Reference::correct(*answer)]).collect();
    }
    Ok(instance)
}

fn prompt(passage: &str, question: &str) -> String {
    format!("{passage}\nQuestion: {}?", capitalized(question.trim()))
}

/// The contrast sets by original question. The file's first entry describes the file.
fn contrast_sets(
    material: &Material<'_>,
    file: &OpenFile,
) -> Result<HashMap<String, ContrastSet>, ScenarioError> {
    let mut sets = HashMap::new();
    for row in file.rows()?.iter().skip(1) {
        let question = material.text(file, row, "question")?.to_owned();
        let original_answer = yes_or_no(row["answer"] == "TRUE");
        let mut set = ContrastSet { original_answer, questions: Vec::new(), answers: Vec::new() };
        for changed in row["perturbed_questions"].as_array().into_iter().flatten() {
            let text = changed["perturbed_q"].as_str().unwrap_or_default();
            let answer = yes_or_no(changed["answer"] == "TRUE");
            if !text.is_empty() && answer != original_answer {
                set.questions.push(text.to_owned());
                set.answers.push(answer);
            }
        }
        if !set.questions.is_empty() {
            sets.insert(question, set);
        }
    }
    Ok(sets)
}

fn yes_or_no(answer: bool) -> &'static str {
    if answer { "Yes" } else { "No" }
}
