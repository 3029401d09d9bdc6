//! Natural Questions: answers are byte ranges in a page's HTML.

use holometer_core::{Instance, Reference, Split};
use holometer_data::read;
use holometer_pyrand::PyRandom;
use serde_json::Value;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::html::unescape;
use crate::material::Material;
use crate::python_methods::capitalized;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "natural_qa", instances }
}

/// A question with its answers; every short answer goes with the long answer that holds it.
struct Question {
    text: String,
    title: String,
    document: String,
    answers: Vec<(String, String)>,
}

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mode = material.argument("mode");
    let mut random = PyRandom::from_int(0);
    let mut instances = Vec::new();
    for file in material.files {
        let mut index = 0;
        // One row at a time: a row holds a whole page.
        for row in read::jsonl_rows(&file.path)? {
            let row = row?;
            if !has_short_answer(&row) {
                continue;
            }
            let question = question(&row, &mode).ok_or_else(|| {
                material.unexpected(file, format!("entry {} is no question", index + 1))
            })?;
            // HELM divides the public development set by position.
            let split = if index % 2 == 0 { Split::Train } else { Split::Valid };
            instances.push(instance(&mut random, &question, &mode, split));
            index += 1;
        }
    }
    Ok(instances)
}

fn annotations(row: &Value) -> impl Iterator<Item = &Value> {
    row["annotations"].as_array().into_iter().flatten()
}

fn has_short_answer(row: &Value) -> bool {
    annotations(row)
        .any(|one| one["short_answers"].as_array().is_some_and(|answers| !answers.is_empty()))
}

fn question(row: &Value, mode: &str) -> Option<Question> {
    let page = row["document_html"].as_str()?.as_bytes();
    let mut answers = Vec::new();
    for one in annotations(row) {
        for short in one["short_answers"].as_array()? {
            answers.push((part(page, short)?, part(page, &one["long_answer"])?));
        }
    }
    let document = if mode == "openbook_wiki" {
        let tokens: Option<Vec<String>> =
            row["document_tokens"].as_array()?.iter().map(token).collect();
        tokens?.join(" ")
    } else {
        String::new()
    };
    Some(Question {
        text: row["question_text"].as_str()?.to_owned(),
        title: row["document_title"].as_str()?.to_owned(),
        document,
        answers,
    })
}

fn token(token: &Value) -> Option<String> {
    Some(without_tags(&unescape(&token["token"].as_str()?.replace(' ', "_"))))
}

/// The text of a byte range of the page. No-break spaces become spaces.
fn part(page: &[u8], range: &Value) -> Option<String> {
    let place = |name: &str| range[name].as_i64();
    let (start, end) = (place("start_byte")?, place("end_byte")?);
    // Where there is no long answer, both are -1.
    let (start, end) = (usize::try_from(start).unwrap_or(0), usize::try_from(end).unwrap_or(0));
    let text = std::str::from_utf8(page.get(start..end)?).ok()?.replace('\u{a0}', " ");
    Some(without_tags(&unescape(&text)))
}

/// Drops everything from a `<` to the next `>`.
fn without_tags(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        result.push_str(before);
        let Some((_, after)) = tag.split_once('>') else {
            result.push('<');
            rest = tag;
            continue;
        };
        rest = after;
    }
    result.push_str(rest);
    result
}

fn instance(random: &mut PyRandom, question: &Question, mode: &str, split: Split) -> Instance {
    let mut asked = capitalized(&question.text);
    if !asked.ends_with('?') {
        asked.push('?');
    }
    let last = question.answers.len() as i64 - 1;
    let drawn = random.randint(0, last).unwrap_or(0) as usize;
    let input = match mode {
        "openbook_wiki" => format!(
            "Title: {}\n\nPassage: {}\n\nQuestion: {asked}",
            question.title, question.document
        ),
        "openbook_longans" => {
            format!("Passage: {}\n\nQuestion: {asked}", question.answers[drawn].1)
        }
        _ => asked,
    };
    let mut answers: Vec<&str> = Vec::new();
    if split == Split::Train {
        answers.push(&question.answers[drawn].0);
    } else {
        for (short, _) in &question.answers {
            if !answers.contains(&short.as_str()) {
                answers.push(short);
            }
        }
    }
    Instance::new(input, answers.into_iter().map(Reference::correct).collect(), split)
}
