//! QuAC: one question of each conversation, after the conversation before it.

use std::fmt::Write as _;

use holometer_core::{Instance, Reference};
use holometer_pyrand::PyRandom;
use serde_json::Value;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "quac", instances }
}

/// What the data says instead of an answer, and HELM's further ways to say it.
const UNANSWERABLE: [&str; 4] =
    ["CANNOTANSWER", "Not enough information", "Cannot answer", "Do not know"];

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut random = PyRandom::from_int(0);
    let mut instances = Vec::new();
    for file in material.files {
        for row in file.rows()? {
            let (prompt, answers) = question(&mut random, &row)
                .ok_or_else(|| material.unexpected(file, "an entry is no QuAC conversation"))?;
            let references = answers.into_iter().map(Reference::correct).collect();
            instances.push(Instance::new(prompt, references, file.split));
        }
    }
    Ok(instances)
}

fn question(random: &mut PyRandom, row: &Value) -> Option<(String, Vec<String>)> {
    let dialogue = row["paragraphs"].get(0)?;
    let passage = dialogue["context"].as_str()?.strip_suffix(" CANNOTANSWER")?;
    let turns = dialogue["qas"].as_array()?;
    let asked = random.randint(3, turns.len() as i64)? as usize - 1;
    let mut prompt = format!(
        "Title: {}\n\nBackground: {}\n\nSection: {}\nPassage: {passage}\n\n",
        row["title"].as_str()?,
        row["background"].as_str()?,
        row["section_title"].as_str()?
    );
    // HELM leaves out the turn just before the asked one.
    for turn in &turns[..asked - 1] {
        let answer = turn["orig_answer"]["text"].as_str()?;
        let _ = write!(prompt, "Question: {}\nAnswer: {answer}\n\n", turn["question"].as_str()?);
    }
    let _ = write!(prompt, "Question: {}", turns[asked]["question"].as_str()?);
    let mut answers: Vec<String> = Vec::new();
    for answer in turns[asked]["answers"].as_array()? {
        let text = answer["text"].as_str()?;
        if !answers.iter().any(|known| known == text) {
            answers.push(text.to_owned());
        }
    }
    if answers == UNANSWERABLE[..1] {
        answers = UNANSWERABLE.map(str::to_owned).to_vec();
    }
    Some((prompt, answers))
}
