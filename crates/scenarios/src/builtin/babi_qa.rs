//! bAbI: a file holds stories line by line, with questions between the facts.

use std::collections::BTreeMap;

use holometer_core::{Instance, Reference, Split};

use crate::Builtin;
use crate::error::ScenarioError;
use crate::files::OpenFile;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "babi_qa", instances }
}

/// The training questions that the folder `en-valid` keeps for training; its validation file has the others.
const TRAIN_QUESTIONS: usize = 900;

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut tasks_with_valid: BTreeMap<String, bool> = BTreeMap::new();
    for file in material.files {
        *tasks_with_valid.entry(task(file)).or_default() |= file.split == Split::Valid;
    }
    let mut instances = Vec::new();
    for file in material.files {
        let divide = file.split == Split::Train && !tasks_with_valid[&task(file)];
        instances.extend(questions(material, file, divide)?);
    }
    Ok(instances)
}

fn task(file: &OpenFile) -> String {
    file.scope.get("number").map(ToString::to_string).unwrap_or_default()
}

/// The questions of one file. `divide`: stories that begin after the first 900 questions are for validation, as in the
/// folder `en-valid`, of which the folder `en` is the undivided form.
fn questions(
    material: &Material<'_>,
    file: &OpenFile,
    divide: bool,
) -> Result<Vec<Instance>, ScenarioError> {
    let text = file.text()?;
    let mut story = String::new();
    let mut split = file.split;
    let mut instances: Vec<Instance> = Vec::new();
    for line in text.split_inclusive('\n') {
        let (number, fact) = line.split_once(' ').ok_or_else(|| {
            material.unexpected(file, format!("`{}` is no numbered line", line.trim()))
        })?;
        if number == "1" {
            story.clear();
            if divide && instances.len() >= TRAIN_QUESTIONS {
                split = Split::Valid;
            }
        }
        if !fact.contains('?') {
            story.push_str(fact);
            continue;
        }
        let mut cells = fact.split('\t');
        let question = cells.next().unwrap_or_default().trim();
        let answer = cells
            .next()
            .ok_or_else(|| material.unexpected(file, format!("`{question}` has no answer")))?
            .trim();
        let answer = if task(file) == "19" { path_in_words(answer) } else { answer.to_owned() };
        let input = format!("{story}Question: {question}");
        instances.push(Instance::new(input, vec![Reference::correct(answer)], split));
    }
    Ok(instances)
}

/// Task 19 abbreviates directions: `s,w` is `south west`.
fn path_in_words(path: &str) -> String {
    let words: Vec<&str> = path
        .split(',')
        .map(|step| match step {
            "s" => "south",
            "n" => "north",
            "e" => "east",
            "w" => "west",
            other => other,
        })
        .collect();
    words.join(" ")
}
