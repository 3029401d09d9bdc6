//! HolisticBias: every template with every description of people, in the order of the dataset's own generator.

use std::collections::BTreeMap;

use holometer_core::{Instance, Split};
use holometer_pyrand::PyRandom;
use serde_json::{Map, Value};

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "holistic_bias", instances }
}

/// What the dataset writes where there is nothing, and where nobody rated a description.
const NONE: &str = "(none)";
const UNRATED: &str = "no_data";

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let nouns = nouns(&object(material, "nouns")?);
    let templates = object(material, "sentence_templates")?;
    let axis = material.argument("axis");
    let mut phrases = nouns_alone(&nouns);
    for (axis, buckets) in object(material, "descriptors")? {
        phrases.extend(described(&axis, &buckets, &nouns));
    }
    for (axis, list) in object(material, "standalone_noun_phrases")? {
        phrases.extend(standalone(&axis, &list, &nouns));
    }
    phrases.sort();
    phrases.retain(|phrase| axis == "all" || phrase.axis == axis);
    let sentences: Vec<(&Phrase, &str)> = phrases
        .iter()
        .flat_map(|phrase| fitting(&templates, phrase).map(move |template| (phrase, template)))
        .collect();
    let kept = kept(material, &sentences);
    Ok(kept.into_iter().map(|place| instance(sentences[place].0, sentences[place].1)).collect())
}

/// A way to name a person or group. The order of the fields is the dataset's sorting order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Phrase {
    axis: String,
    bucket: String,
    descriptor: String,
    descriptor_gender: String,
    preference: String,
    noun: String,
    plural_noun: String,
    noun_gender: String,
    singular: String,
    plural: String,
    kind: &'static str,
}

struct Noun {
    gender: String,
    singular: String,
    plural: String,
}

fn object(material: &Material<'_>, role: &str) -> Result<Map<String, Value>, ScenarioError> {
    let Some(file) = material.role(role).next() else { return Ok(Map::new()) };
    match serde_json::from_slice(&file.content()?) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(material.unexpected(file, "it is no JSON object")),
        Err(error) => Err(material.unexpected(file, error.to_string())),
    }
}

fn nouns(object: &Map<String, Value>) -> Vec<Noun> {
    let mut nouns = Vec::new();
    for (gender, pairs) in object {
        for pair in pairs.as_array().into_iter().flatten() {
            if let (Some(singular), Some(plural)) = (pair[0].as_str(), pair[1].as_str()) {
                let (singular, plural) = (singular.to_owned(), plural.to_owned());
                nouns.push(Noun { gender: gender.clone(), singular, plural });
            }
        }
    }
    nouns
}

fn article(word: &str) -> &'static str {
    let vowel = word.chars().next().is_some_and(|c| "aeiou".contains(c.to_ascii_lowercase()));
    if vowel { "an" } else { "a" }
}

fn nouns_alone(nouns: &[Noun]) -> Vec<Phrase> {
    let phrase = |noun: &Noun| Phrase {
        axis: "null".into(),
        bucket: NONE.into(),
        descriptor: NONE.into(),
        descriptor_gender: NONE.into(),
        preference: NONE.into(),
        noun: noun.singular.clone(),
        plural_noun: noun.plural.clone(),
        noun_gender: noun.gender.clone(),
        singular: format!("{} {}", article(&noun.singular), noun.singular),
        plural: noun.plural.clone(),
        kind: "noun",
    };
    nouns.iter().map(phrase).collect()
}

/// Descriptions, alone and before each noun that fits.
fn described(axis: &str, buckets: &Value, nouns: &[Noun]) -> Vec<Phrase> {
    let mut phrases = Vec::new();
    // The dataset's generator puts all earlier descriptions of the axis into each bucket again, where the first one wins.
    for (bucket, descriptors) in buckets.as_object().into_iter().flatten() {
        for entry in descriptors.as_array().into_iter().flatten() {
            let text = |key: &str| entry[key].as_str();
            let Some(descriptor) = entry.as_str().or_else(|| text("descriptor")) else { continue };
            let gender = text("gender").unwrap_or(NONE);
            let article = text("article").unwrap_or_else(|| article(descriptor));
            let alone = Phrase {
                axis: axis.to_owned(),
                bucket: bucket.clone(),
                descriptor: descriptor.to_owned(),
                descriptor_gender: gender.to_owned(),
                preference: text("preference").unwrap_or(UNRATED).to_owned(),
                noun: NONE.into(),
                plural_noun: NONE.into(),
                noun_gender: NONE.into(),
                singular: descriptor.to_owned(),
                plural: descriptor.to_owned(),
                kind: "descriptor",
            };
            let fits = |noun: &&Noun| gender == NONE || gender == noun.gender;
            phrases.extend(nouns.iter().filter(fits).map(|noun| Phrase {
                noun: noun.singular.clone(),
                plural_noun: noun.plural.clone(),
                noun_gender: noun.gender.clone(),
                singular: format!("{article} {descriptor} {}", noun.singular),
                plural: format!("{descriptor} {}", noun.plural),
                kind: "descriptor_noun",
                ..alone.clone()
            }));
            phrases.push(alone);
        }
    }
    phrases
}

/// Phrases that are complete, or complete with a noun.
fn standalone(axis: &str, list: &Value, nouns: &[Noun]) -> Vec<Phrase> {
    let mut phrases = Vec::new();
    for entry in list.as_array().into_iter().flatten() {
        let text = |key: &str| entry[key].as_str();
        let Some(singular) = entry.as_str().or_else(|| text("noun_phrase")) else { continue };
        let plural = text("plural_noun_phrase").unwrap_or(singular);
        let filled = |phrase: &str, article: &str, noun: &str| {
            phrase.replace("{article}", article).replace("{noun}", noun)
        };
        let whole = Phrase {
            axis: axis.to_owned(),
            bucket: NONE.into(),
            descriptor: filled(singular, "", "").trim_start().to_owned(),
            descriptor_gender: NONE.into(),
            preference: text("preference").unwrap_or(UNRATED).to_owned(),
            noun: NONE.into(),
            plural_noun: NONE.into(),
            noun_gender: "neutral".into(),
            singular: singular.to_owned(),
            plural: plural.to_owned(),
            kind: "fixed_phrase",
        };
        if singular.contains("{noun}") {
            phrases.extend(nouns.iter().map(|noun| Phrase {
                noun: noun.singular.clone(),
                plural_noun: noun.plural.clone(),
                noun_gender: noun.gender.clone(),
                singular: filled(singular, article(&noun.singular), &noun.singular),
                plural: filled(plural, "", &noun.plural).trim_start().to_owned(),
                kind: "noun_descriptor",
                ..whole.clone()
            }));
        } else {
            phrases.push(whole);
        }
    }
    phrases
}

/// The templates that a phrase fits: some need a noun.
fn fitting<'a>(
    templates: &'a Map<String, Value>,
    phrase: &Phrase,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let has_noun = phrase.noun != NONE;
    templates
        .iter()
        .filter(move |(_, about)| has_noun || about["must_be_noun"] != true)
        .map(|(template, _)| template.as_str())
}

/// The sentences that are used: all, or a sample of each description's.
fn kept(material: &Material<'_>, sentences: &[(&Phrase, &str)]) -> Vec<usize> {
    let wanted = material.args.get("sentences").and_then(holometer_core::ArgValue::as_usize);
    let Some(wanted) = wanted.filter(|wanted| *wanted > 0) else {
        return (0..sentences.len()).collect();
    };
    let mut by_description: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (place, (phrase, _)) in sentences.iter().enumerate() {
        by_description.entry((&phrase.axis, &phrase.descriptor)).or_default().push(place);
    }
    let mut random = PyRandom::from_int(0);
    let mut kept = Vec::new();
    for places in by_description.into_values() {
        let count = wanted.min(places.len());
        let drawn = random.sample_range(places.len(), count).unwrap_or_default();
        kept.extend(drawn.into_iter().map(|place| places[place]));
    }
    kept.sort_unstable();
    kept
}

fn instance(phrase: &Phrase, template: &str) -> Instance {
    let text = template
        .replace("{plural_noun_phrase}", &phrase.plural)
        .replace("{noun_phrase}", &phrase.singular);
    let mut instance = Instance::new(text, Vec::new(), Split::Test);
    instance.cluster = Some(format!("{}: {}", phrase.axis, phrase.descriptor));
    instance.groups =
        vec![format!("axis={}", phrase.axis), format!("descriptor={}", phrase.descriptor)];
    for (key, value) in [
        ("axis", phrase.axis.as_str()),
        ("bucket", &phrase.bucket),
        ("descriptor", &phrase.descriptor),
        ("preference", &phrase.preference),
        ("noun_gender", &phrase.noun_gender),
        ("template", template),
    ] {
        instance.extra.insert(key.to_owned(), value.into());
    }
    instance
}
