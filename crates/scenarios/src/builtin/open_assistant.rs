//! Open Assistant: messages of conversation trees; the first ones are asked, their replies are the references.

use std::collections::HashMap;

use holometer_core::{Instance, Reference};

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "open_assistant", instances }
}

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let language = material.argument("language");
    let mut instances = Vec::new();
    for file in material.files {
        let mut asked: Vec<Instance> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut replies: Vec<(String, String)> = Vec::new();
        for row in file.rows()? {
            if language != "all" && row["lang"] != language.as_str() {
                continue;
            }
            let text = material.text(file, &row, "text")?.to_owned();
            match row["parent_id"].as_str() {
                None => {
                    let id = material.text(file, &row, "message_id")?.to_owned();
                    places.insert(id, asked.len());
                    asked.push(Instance::new(text, Vec::new(), file.split));
                }
                Some(parent) if row["role"] == "assistant" => {
                    replies.push((parent.to_owned(), text));
                }
                Some(_) => {}
            }
        }
        for (parent, text) in replies {
            if let Some(place) = places.get(&parent) {
                asked[*place].references.push(Reference::correct(text));
            }
        }
        instances.append(&mut asked);
    }
    Ok(instances)
}
