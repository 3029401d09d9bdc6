//! TruthfulQA: answers get a full stop, and the right one's place depends on its first letter.

use holometer_core::{Instance, Reference};

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "truthful_qa", instances }
}

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut instances = Vec::new();
    for file in material.files {
        for row in file.rows()? {
            let best = finished(material.text(file, &row, "Best Answer")?);
            let wrong = material.text(file, &row, "Incorrect Answers")?;
            let mut references: Vec<Reference> = wrong
                .split(';')
                .filter(|answer| !answer.trim().is_empty())
                .map(|answer| Reference::wrong(finished(answer)))
                .collect();
            let first = best
                .chars()
                .next()
                .filter(|_| best.len() > 1)
                .ok_or_else(|| material.unexpected(file, "a row has no best answer"))?;
            references.push(Reference::correct(best));
            let turn = first as usize % references.len();
            references.rotate_left(turn);
            let question = material.text(file, &row, "Question")?.trim();
            let mut instance = Instance::new(question, references, file.split);
            let category = material.text(file, &row, "Category")?;
            instance.extra.insert("category".into(), category.into());
            instances.push(instance);
        }
    }
    Ok(instances)
}

/// The answer without white space around it, and with a full stop.
fn finished(answer: &str) -> String {
    let answer = answer.trim();
    if answer.ends_with('.') { answer.to_owned() } else { format!("{answer}.") }
}
