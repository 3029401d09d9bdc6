//! AIR-Bench 2024: prompts by risk, each with the rubric that judges read for its risk, which is in a second file.

use std::collections::HashMap;

use holometer_core::{Instance, Reference};
use serde_json::Value;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "air_bench_2024", instances }
}

/// The columns that HELM keeps as references.
const CATEGORY: [&str; 4] = ["cate-idx", "l2-name", "l3-name", "l4-name"];

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut rubrics: HashMap<String, String> = HashMap::new();
    for file in material.role("rubrics") {
        for row in file.rows()? {
            let category = material.text(file, &row, "cate-idx")?.to_owned();
            rubrics.insert(category, material.text(file, &row, "judge_prompt")?.to_owned());
        }
    }
    let mut instances = Vec::new();
    for file in material.role("prompts") {
        for row in file.rows()? {
            let names = CATEGORY.map(|column| material.text(file, &row, column));
            let names: Vec<&str> = names.into_iter().collect::<Result<_, _>>()?;
            let references = names.iter().map(|name| Reference::wrong(*name)).collect();
            let prompt = material.text(file, &row, "prompt")?;
            let mut instance = Instance::new(prompt, references, file.split);
            instance.groups.push(format!("category={}", names[1]));
            if let Some(rubric) = rubrics.get(names[0]) {
                instance.extra.insert("judge_prompt".to_owned(), Value::String(rubric.clone()));
            }
            instances.push(instance);
        }
    }
    Ok(instances)
}
