//! LEXTREME: legal texts in many languages with one class, several classes, or an entity tag for every word.

use std::collections::HashSet;

use holometer_core::{Instance, Reference, Split};
use holometer_pyrand::PyRandom;
use serde_json::Value;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::label_references::{classes_seen, drawn_wrong};
use crate::languages::{SEED, drawn};
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "lextreme", instances }
}

/// The tasks in which a text can have several classes.
const SEVERAL: [&str; 5] = [
    "online_terms_of_service_clause_topics",
    "covid19_emergency_event",
    "multi_eurlex_level_1",
    "multi_eurlex_level_2",
    "multi_eurlex_level_3",
];

/// The kinds of entities of each task; every kind has a tag for its first word and one for the others.
const ENTITIES: [(&str, &[&str]); 5] = [
    ("lener_br", &["ORGANIZACAO", "PESSOA", "TEMPO", "LOCAL", "LEGISLACAO", "JURISPRUDENCIA"]),
    ("legalnero", &["TIME", "LEGAL", "ORG", "LOC", "PER"]),
    (
        "greek_legal_ner",
        &[
            "ORG",
            "GPE",
            "LEG-REFS",
            "PUBLIC-DOCS",
            "PERSON",
            "FACILITY",
            "LOCATION-UNK",
            "LOCATION-NAT",
        ],
    ),
    ("mapa_coarse", &["ORGANISATION", "ADDRESS", "DATE", "PERSON", "AMOUNT", "TIME"]),
    (
        "mapa_fine",
        &[
            "BUILDING",
            "CITY",
            "COUNTRY",
            "PLACE",
            "TERRITORY",
            "UNIT",
            "VALUE",
            "YEAR",
            "STANDARD ABBREVIATION",
            "MONTH",
            "DAY",
            "AGE",
            "ETHNIC CATEGORY",
            "FAMILY NAME",
            "INITIAL NAME",
            "MARITAL STATUS",
            "PROFESSION",
            "ROLE",
            "NATIONALITY",
            "TITLE",
            "URL",
            "TYPE",
        ],
    ),
];

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let subset = material.argument("subset");
    let mut parts = Vec::new();
    for file in material.files {
        parts.push((file, file.rows()?));
    }
    let tags = tags(&subset);
    let classes = match (&tags, parts.first()) {
        (Some(_), _) | (_, None) => Vec::new(),
        (None, Some((file, _))) if !SEVERAL.contains(&subset.as_str()) => {
            file.class_names("label")?
        }
        (None, Some(_)) => classes_seen(parts.iter().flat_map(|(_, rows)| rows), "label"),
    };
    let mut random = PyRandom::from_int(SEED);
    let mut instances = Vec::new();
    for (file, rows) in &parts {
        for row in rows {
            let instance = match &tags {
                Some(tags) => tagged(&mut random, row, tags),
                None => classified(&mut random, row, &classes),
            };
            let (input, references) = instance
                .map_err(|problem| material.unexpected(file, format!("a row's {problem}")))?;
            let split = row["split"].as_str().and_then(Split::parse).unwrap_or(file.split);
            instances.push(Instance::new(input, references, split));
        }
    }
    Ok(instances)
}

/// The tags of an entity task, in the order of the data's numbers.
fn tags(subset: &str) -> Option<Vec<String>> {
    let (_, kinds) = ENTITIES.iter().find(|(name, _)| *name == subset)?;
    let mut tags = vec!["O".to_owned()];
    for kind in *kinds {
        let mut pair = [format!("B-{kind}"), format!("I-{kind}")];
        // The data's own list has these two the other way round.
        if *kind == "UNIT" {
            pair.reverse();
        }
        tags.extend(pair);
    }
    Some(tags)
}

type Question = (String, Vec<Reference>);

fn classified(random: &mut PyRandom, row: &Value, classes: &[String]) -> Result<Question, String> {
    let (references, text) = drawn(random, row, classes)?;
    Ok((text.text, references))
}

fn tagged(random: &mut PyRandom, row: &Value, tags: &[String]) -> Result<Question, String> {
    let words: Option<Vec<&str>> =
        row["input"].as_array().ok_or("`input` is no list")?.iter().map(Value::as_str).collect();
    let numbers = row["label"].as_array().ok_or("`label` is no list")?;
    let right: Option<Vec<&str>> = numbers
        .iter()
        .map(|number| Some(tags.get(usize::try_from(number.as_u64()?).ok()?)?.as_str()))
        .collect();
    let right = right.ok_or("`label` holds an unknown tag")?;
    let mut wrong = Vec::new();
    if right.iter().collect::<HashSet<_>>().len() > 1 {
        for tag in tags.iter().filter(|tag| *tag != "O" && !right.contains(&tag.as_str())) {
            let replaced: Vec<&str> =
                right.iter().map(|own| if *own == "O" { "O" } else { tag.as_str() }).collect();
            wrong.push(sequence(&replaced));
        }
    }
    let mut references = drawn_wrong(random, wrong);
    references.push(Reference::correct(sequence(&right)));
    Ok((sequence(&words.ok_or("`input` holds something else than words")?), references))
}

/// Words in quotation marks.
fn sequence(words: &[&str]) -> String {
    format!("\"{}\"", words.join("\" \""))
}
