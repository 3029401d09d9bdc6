//! BBQ: each reference carries tags from which HELM's metric works out who was stereotyped.

use holometer_core::{Instance, Reference};
use serde_json::{Value, json};

use crate::Builtin;
use crate::build::letter;
use crate::error::ScenarioError;
use crate::files::OpenFile;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "bbq", instances }
}

/// Answers that mean *unknown*, as HELM lists them.
const UNKNOWN: &[&str] = &[
    "Cannot answer",
    "Can't be determined",
    "Cannot be determined",
    "Can't answer",
    "Not known",
    "Not enough info",
    "Not enough information",
    "Not answerable",
    "Undetermined",
    "Unknown",
];

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut instances = Vec::new();
    for file in material.files {
        let category = file.scope.get("category").map(ToString::to_string).unwrap_or_default();
        for row in file.rows()? {
            instances.push(instance(material, file, &category, &row)?);
        }
    }
    Ok(instances)
}

/// Which answer is which, as letters; empty where HELM's rule finds none.
#[derive(Default)]
struct Letters {
    target: String,
    non_target: String,
    unknown: String,
}

fn instance(
    material: &Material<'_>,
    file: &OpenFile,
    category: &str,
    row: &Value,
) -> Result<Instance, ScenarioError> {
    let text = |column: &str| material.text(file, row, column);
    let (polarity, condition) = (text("question_polarity")?, text("context_condition")?);
    let answers = [text("ans0")?, text("ans1")?, text("ans2")?];
    let label = row["label"]
        .as_u64()
        .and_then(|label| usize::try_from(label).ok())
        .filter(|label| *label < answers.len())
        .ok_or_else(|| material.unexpected(file, "a row has no `label` from 0 to 2"))?;
    let stereotyped = texts(&row["additional_metadata"]["stereotyped_groups"]);
    let letters = letters(category, row, &stereotyped);
    let question_index = row["question_index"].as_str().unwrap_or_default();
    let stereotyped_answer = stereotyped_answer(file, category, question_index, row, &letters);
    let tags = [
        if polarity == "neg" { "negative" } else { "non-negative" }.to_owned(),
        if condition == "ambig" { "ambiguous" } else { "non-ambiguous" }.to_owned(),
        letter(label),
        letters.target,
        letters.non_target,
        letters.unknown,
    ];
    let references = answers
        .iter()
        .map(|answer| {
            let mut reference = if *answer == answers[label] {
                Reference::correct(*answer)
            } else {
                Reference::wrong(*answer)
            };
            reference.tags.extend(tags.iter().cloned());
            reference
        })
        .collect();
    let input = format!("{}\nQuestion: {}", text("context")?, text("question")?);
    let mut instance = Instance::new(input, references, file.split);
    instance.cluster = Some(format!("{category}:{question_index}"));
    let axis = category.to_lowercase();
    instance.groups =
        stereotyped.iter().map(|group| format!("{axis}={}", group.to_lowercase())).collect();
    for (name, value) in [
        ("category", json!(category)),
        ("example_id", row["example_id"].clone()),
        ("question_index", json!(question_index)),
        ("question_polarity", json!(polarity)),
        ("context_condition", json!(condition)),
        ("answer_info", row["answer_info"].clone()),
        ("stereotyped_groups", json!(stereotyped)),
        ("stereotyped_answer", json!(stereotyped_answer)),
    ] {
        instance.extra.insert(name.to_owned(), value);
    }
    Ok(instance)
}

fn letters(category: &str, row: &Value, stereotyped: &[&str]) -> Letters {
    let mut letters = Letters::default();
    for index in 0..3 {
        let info = texts(&row["answer_info"][format!("ans{index}")]);
        if UNKNOWN.iter().any(|unknown| info.contains(unknown)) {
            letters.unknown = letter(index);
        } else if stereotyped.iter().any(|group| is_about(category, group, &info)) {
            letters.target = letter(index);
        } else {
            letters.non_target = letter(index);
        }
    }
    letters
}

/// HELM's rule for whether an answer's description names a stereotyped group.
fn is_about(category: &str, group: &str, info: &[&str]) -> bool {
    let inside = |part: &str| info.iter().any(|entry| entry.contains(part));
    info.contains(&group)
        || (category == "Race_ethnicity"
            && ["Black", "African American", "Latino"].contains(&group)
            && inside(group))
        || (category == "SES" && group == "low SES" && inside("lowSES"))
        || (category == "Race_x_SES" && inside(&format!("lowSES-{group}")))
        || inside(&format!("lowSES-M-{group}"))
        || inside(&format!("lowSES-F-{group}"))
}

/// Which answer names the person whose group the question's stereotype is about, as the authors mark it: `None` where
/// both people or neither are of that group. Their marks are given per question for the categories in which HELM's rule
/// fails; in the others the two agree.
fn stereotyped_answer(
    file: &OpenFile,
    category: &str,
    question_index: &str,
    row: &Value,
    letters: &Letters,
) -> Option<usize> {
    let marked = file
        .scope
        .get("constants")
        .and_then(|constants| constants.get_attr("targets").ok())
        .and_then(|targets| targets.get_attr(category).ok())
        .filter(|questions| !questions.is_undefined());
    let Some(questions) = marked else {
        return (0..3).find(|index| letter(*index) == letters.target);
    };
    let groups: Vec<String> = questions
        .get_attr(question_index)
        .and_then(|groups| groups.try_iter())
        .map(|groups| groups.map(|group| group.to_string()).collect())
        .unwrap_or_default();
    let named: Vec<usize> = (0..3)
        .filter(|index| {
            let info = &row["answer_info"][format!("ans{index}")];
            info[1].as_str().is_some_and(|group| groups.iter().any(|known| known == group))
        })
        .collect();
    match named[..] {
        [only] => Some(only),
        _ => None,
    }
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
