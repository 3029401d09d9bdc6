//! GPQA: the choices of every question are shuffled by one random stream.

use holometer_core::{Instance, Reference, Split};
use holometer_pyrand::PyRandom;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "gpqa", instances }
}

const WRONG: [&str; 3] = ["Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"];

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut random = PyRandom::from_int(42);
    let mut instances = Vec::new();
    for file in material.files {
        let examples = file
            .scope
            .get("table")
            .and_then(|table| table.get_attr("subset").ok())
            .and_then(|row| row.get_attr("train").ok())
            .and_then(|rows| rows.try_iter().ok())
            .map(|rows| rows.filter_map(|row| usize::try_from(row).ok()).collect::<Vec<_>>())
            .unwrap_or_default();
        for (index, row) in file.rows()?.iter().enumerate() {
            let text = |column: &str| material.text(file, row, column).map(str::trim);
            let mut references = vec![Reference::correct(text("Correct Answer")?)];
            for column in WRONG {
                references.push(Reference::wrong(text(column)?));
            }
            random.shuffle(&mut references);
            let is_example = examples.contains(&index);
            let split = if is_example { Split::Train } else { file.split };
            let mut instance = Instance::new(text("Question")?, references, split);
            if is_example {
                let reasoning = material.text(file, row, "Explanation")?;
                instance.extra.insert("chain_of_thought".into(), reasoning.into());
            }
            instances.push(instance);
        }
    }
    Ok(instances)
}
