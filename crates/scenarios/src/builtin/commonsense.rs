//! HellaSwag, OpenBookQA, CommonsenseQA, PIQA and SocialIQA: five layouts of multiple-choice questions.

use holometer_core::{Instance, Reference};
use serde_json::Value;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::files::OpenFile;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "commonsense", instances }
}

/// A question, its choices, and the right one's place.
type Item = (String, Vec<String>, usize);

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let dataset = material.argument("dataset");
    let mut instances = Vec::new();
    for file in material.role("rows") {
        let rows = file.rows()?;
        let labels = labels(material, file, rows.len())?;
        for (index, row) in rows.iter().enumerate() {
            let label = labels.as_ref().map(|labels| labels[index]);
            let item = item(&dataset, row, label);
            let (question, choices, right) =
                item.filter(|(_, choices, right)| *right < choices.len()).ok_or_else(|| {
                    material.unexpected(file, format!("row {} is no {dataset} question", index + 1))
                })?;
            let references = choices
                .iter()
                .map(|choice| {
                    // As in HELM, a choice is right when its text is the right choice's.
                    if *choice == choices[right] {
                        Reference::correct(choice)
                    } else {
                        Reference::wrong(choice)
                    }
                })
                .collect();
            instances.push(Instance::new(question, references, file.split));
        }
    }
    Ok(instances)
}

/// The numbers in the label file that belongs to a file of rows, where the dataset has one.
fn labels(
    material: &Material<'_>,
    file: &OpenFile,
    rows: usize,
) -> Result<Option<Vec<usize>>, ScenarioError> {
    let Some(labels) = material.role("labels").find(|labels| labels.split == file.split) else {
        return Ok(None);
    };
    let numbers: Result<Vec<usize>, _> =
        labels.text()?.lines().map(|line| line.trim().parse::<usize>()).collect();
    let numbers = numbers.map_err(|_| material.unexpected(labels, "a line is no number"))?;
    if numbers.len() != rows {
        let message = format!("it has {} labels for {rows} questions", numbers.len());
        return Err(material.unexpected(labels, message));
    }
    Ok(Some(numbers))
}

fn item(dataset: &str, row: &Value, label: Option<usize>) -> Option<Item> {
    let text = |key: &str| row[key].as_str().map(str::to_owned);
    match dataset {
        "hellaswag" => {
            let mut ending = text("ctx_b")?;
            if let Some(first) = ending.chars().next() {
                ending.replace_range(..first.len_utf8(), &first.to_uppercase().to_string());
            }
            let question = format!("{}: {} {ending}", text("activity_label")?, text("ctx_a")?);
            Some((question, texts(&row["endings"])?, number(&row["label"])?))
        }
        "piqa" => Some((text("goal")?, vec![text("sol1")?, text("sol2")?], label?)),
        "siqa" => {
            let question = format!("{} {}", text("context")?, text("question")?);
            if let (Some(first), Some(label)) = (text("answerA"), label) {
                let choices = vec![first, text("answerB")?, text("answerC")?];
                return Some((question, choices, label.checked_sub(1)?));
            }
            // Without a label file: the form that holds its answer.
            let choices = texts(&row["options"])?;
            let answer = text("answer")?;
            let right = choices.iter().position(|choice| *choice == answer)?;
            Some((question, choices, right))
        }
        _ => {
            let choices = row["question"]["choices"].as_array()?;
            let key = row["answerKey"].as_str()?;
            let right = choices.iter().position(|choice| choice["label"] == key)?;
            let choices: Option<Vec<String>> =
                choices.iter().map(|choice| choice["text"].as_str().map(str::to_owned)).collect();
            Some((row["question"]["stem"].as_str()?.to_owned(), choices?, right))
        }
    }
}

fn texts(list: &Value) -> Option<Vec<String>> {
    list.as_array()?.iter().map(|entry| entry.as_str().map(str::to_owned)).collect()
}

fn number(value: &Value) -> Option<usize> {
    value.as_u64().map(|number| number as usize).or_else(|| value.as_str()?.parse().ok())
}
