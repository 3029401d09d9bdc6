//! WinoBias: the n-th lines of two files are a pair.

use holometer_core::{Instance, Reference};

use crate::Builtin;
use crate::error::ScenarioError;
use crate::files::OpenFile;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "winobias", instances }
}

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut instances = Vec::new();
    for (pro, anti) in material.role("pro").zip(material.role("anti")) {
        let (stereo, against) = (sentences(pro)?, sentences(anti)?);
        if stereo.len() != against.len() {
            let message = format!("it has {} lines for {}", against.len(), stereo.len());
            return Err(material.unexpected(anti, message));
        }
        for (stereo, against) in stereo.into_iter().zip(against) {
            let references = vec![
                Reference::new(stereo.text, &["stereo"]),
                Reference::new(against.text, &["antistereo"]),
            ];
            let mut instance = Instance::new("", references, pro.split);
            instance.cluster = Some(stereo.person.clone());
            instance.groups.push(format!("occupation={}", stereo.person));
            instance.extra.insert("occupation".into(), stereo.person.into());
            instances.push(instance);
        }
    }
    Ok(instances)
}

struct Sentence {
    text: String,
    /// The marked person that the pronoun refers to, without its article.
    person: String,
}

/// Lines such as `1 [The developer] argued with the designer because [he] did not like it.`
fn sentences(file: &OpenFile) -> Result<Vec<Sentence>, ScenarioError> {
    let text = file.text()?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let sentences = lines.map(|line| {
        let numbered = line.split_once(' ');
        let line = numbered
            .filter(|(number, _)| number.chars().all(|c| c.is_ascii_digit()))
            .map_or(line, |(_, rest)| rest);
        let marked = line.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        let person = marked.map(|(person, _)| person.to_lowercase()).unwrap_or_default();
        let person = person.strip_prefix("the ").unwrap_or(&person).to_owned();
        Sentence { text: line.replace(['[', ']'], ""), person }
    });
    Ok(sentences.collect())
}
