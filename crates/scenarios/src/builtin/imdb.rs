//! IMDb: one file per review inside an archive, and contrast sets in two pairs of files.

use std::collections::HashMap;

use holometer_core::{Input, Instance, Reference, Split};
use holometer_data::read;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::files::OpenFile;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "imdb", instances }
}

/// Folder in the archive, split, and HELM's name of the split in the published order.
const HALVES: [(&str, Split); 2] = [("train", Split::Train), ("test", Split::Valid)];
const CLASSES: [(&str, &str); 2] = [("pos", "Positive"), ("neg", "Negative")];

/// By split, then class: the files in the order in which HELM's published runs read them.
type Order = HashMap<String, HashMap<String, Vec<String>>>;

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let contrast = contrast_sets(material)?;
    let only_contrast = material.argument("only_contrast") == "True";
    let order: Order = match material.role("order").next() {
        Some(file) => serde_json::from_slice(&file.content()?)
            .map_err(|error| material.unexpected(file, error.to_string()))?,
        None => Order::new(),
    };
    let mut instances = Vec::new();
    for file in material.role("reviews") {
        for (folder, split) in HALVES {
            for (class, label) in CLASSES {
                for text in reviews(material, file, &order, (folder, split, class))? {
                    let review = text.trim();
                    let set = contrast.get(review);
                    if set.is_none() && only_contrast && split == Split::Valid {
                        continue;
                    }
                    let split = if set.is_some() { Split::Valid } else { split };
                    let references = vec![Reference::correct(label)];
                    let mut instance = Instance::new(review, references, split);
                    if let Some((changed, answer)) = set {
                        instance.contrast_inputs = vec![Input::text(changed)];
                        instance.contrast_references = vec![vec![Reference::correct(answer)]];
                    }
                    instances.push(instance);
                }
            }
        }
    }
    Ok(instances)
}

/// The reviews of one folder, in the published order, else by name.
fn reviews(
    material: &Material<'_>,
    file: &OpenFile,
    order: &Order,
    (folder, split, class): (&str, Split, &str),
) -> Result<Vec<String>, ScenarioError> {
    let prefix = format!("aclImdb/{folder}/{class}/");
    let mut texts: HashMap<String, String> = HashMap::new();
    for (name, content) in read::archive_members(&file.path, &prefix)? {
        let text = read::text_of(content, &file.path)?;
        texts.insert(name[prefix.len()..].to_owned(), text);
    }
    let published = order.get(split.as_str()).and_then(|classes| classes.get(class)).cloned();
    let names = published.unwrap_or_else(|| {
        let mut names: Vec<String> = texts.keys().cloned().collect();
        names.sort();
        names
    });
    names
        .iter()
        .map(|name| {
            texts
                .remove(name)
                .ok_or_else(|| material.unexpected(file, format!("it lacks the review `{name}`")))
        })
        .collect()
}

/// The changed review and its class, by original review. The n-th lines of the two files belong together; the first
/// line names the columns.
fn contrast_sets(
    material: &Material<'_>,
) -> Result<HashMap<String, (String, String)>, ScenarioError> {
    let mut sets = HashMap::new();
    for (original, changed) in material.role("original").zip(material.role("changed")) {
        let (before, after) = (original.text()?, changed.text()?);
        for (before, after) in before.lines().zip(after.lines()).skip(1) {
            let (Some((_, review)), Some((class, text))) =
                (before.trim().split_once('\t'), after.trim().split_once('\t'))
            else {
                return Err(material.unexpected(changed, "a line has no class and review"));
            };
            sets.insert(review.to_owned(), (text.to_owned(), class.to_owned()));
        }
    }
    Ok(sets)
}
