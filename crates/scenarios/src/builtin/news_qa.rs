//! NewsQA: one question about each story, and what the crowd found in it.

use holometer_core::{Instance, Reference, Split};
use holometer_pyrand::PyRandom;
use serde_json::Value;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "news_qa", instances }
}

const NO_ANSWER: &str = "No Answer";

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut random = PyRandom::from_int(0);
    let mut instances = Vec::new();
    for file in material.files {
        for story in file.rows()? {
            let questions: Vec<&Value> = story["questions"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|q| is_valid(q))
                .collect();
            let Some(drawn) = random.sample_range(questions.len(), 1) else { continue };
            let Some(question) = drawn.first().map(|place| questions[*place]) else { continue };
            let made = instance(&story, question)
                .ok_or_else(|| material.unexpected(file, "an entry is no NewsQA story"))?;
            instances.push(made);
        }
    }
    Ok(instances)
}

/// Whether the crowd found that the question makes sense.
fn is_valid(question: &Value) -> bool {
    let is_bad = question["isQuestionBad"].as_f64().is_some_and(|share| share != 0.0);
    !is_bad && question["consensus"]["badQuestion"] != true
}

fn instance(story: &Value, question: &Value) -> Option<Instance> {
    let text: Vec<char> = story["text"].as_str()?.chars().collect();
    let part = |range: &Value| {
        let place = |name: &str| usize::try_from(range[name].as_u64()?).ok();
        let (start, end) = (place("s")?.min(text.len()), place("e")?.min(text.len()));
        Some(text.get(start..end).unwrap_or_default().iter().collect::<String>())
    };
    let consensus = &question["consensus"];
    let mut answers =
        vec![if consensus["noAnswer"] == true { NO_ANSWER.to_owned() } else { part(consensus)? }];
    for answer in question["answers"].as_array()? {
        let first = answer["sourcerAnswers"].get(0)?;
        let given =
            if first.get("noAnswer").is_some() { NO_ANSWER.to_owned() } else { part(first)? };
        if !answers.contains(&given) {
            answers.push(given);
        }
    }
    let split = if story["type"] == "train" { Split::Train } else { Split::Valid };
    let passage = story["text"].as_str()?;
    let input = format!("{passage}\n\nQuestion: {}", question["q"].as_str()?);
    Some(Instance::new(input, answers.into_iter().map(Reference::correct).collect(), split))
}
