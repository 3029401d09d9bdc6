//! The Pile: the test documents of one subset, of which HELM scores a published sample.

use holometer_core::Instance;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "the_pile", instances }
}

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let subset = material.argument("subset");
    let mut documents = Vec::new();
    for file in material.role("documents") {
        for row in file.rows()? {
            if row["meta"]["pile_set_name"] == subset.as_str() {
                let text = material.text(file, &row, "text")?.to_owned();
                documents.push(Instance::new(text, Vec::new(), file.split));
            }
        }
    }
    let Some(file) = material.role("sample").next() else { return Ok(documents) };
    let mut indices: Vec<usize> = serde_json::from_slice(&file.content()?)
        .map_err(|error| material.unexpected(file, error.to_string()))?;
    indices.sort_unstable();
    indices.dedup();
    if indices.last().is_some_and(|last| *last >= documents.len()) {
        let message = format!("it names a document beyond the {} of `{subset}`", documents.len());
        return Err(material.unexpected(file, message));
    }
    Ok(indices.into_iter().map(|index| documents[index].clone()).collect())
}
