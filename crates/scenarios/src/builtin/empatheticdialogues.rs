//! EmpatheticDialogues: a situation, and the conversations that people had about it.

use std::collections::BTreeMap;

use holometer_core::{Instance, Reference};
use holometer_data::read::{self, CsvOptions, Quoting};

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "empatheticdialogues", instances }
}

/// Who tells, and who listens.
const NAMES: [&str; 2] = ["Bob", "Jen"];

struct Utterance {
    number: i64,
    speaker: String,
    text: String,
}

/// Conversations by id and rating, in the order of these texts, as pandas groups them.
type Conversations = BTreeMap<(String, String), Vec<Utterance>>;

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut instances = Vec::new();
    for file in material.files {
        let options = CsvOptions { quoting: Quoting::Literal, ..CsvOptions::comma().headless() };
        let rows = read::csv_rows_of(file.text()?.into_bytes(), &file.path, &options)?;
        let mut situations: BTreeMap<(String, String), Conversations> = BTreeMap::new();
        for row in rows.iter().skip(1) {
            let [id, number, emotion, situation, speaker, text, rating, ..] = &row[..] else {
                continue;
            };
            let number = number
                .parse()
                .map_err(|_| material.unexpected(file, format!("`{number}` is no number")))?;
            let written = |text: &str| text.replace("_comma_", ",").trim().to_owned();
            situations
                .entry((written(situation), emotion.clone()))
                .or_default()
                .entry((id.clone(), rating.clone()))
                .or_default()
                .push(Utterance { number, speaker: speaker.clone(), text: written(text) });
        }
        for ((situation, emotion), conversations) in situations {
            let references =
                conversations.into_values().filter_map(conversation).map(Reference::correct);
            let mut instance = Instance::new(situation, references.collect(), file.split);
            instance.sub_split = Some(emotion);
            instances.push(instance);
        }
    }
    Ok(instances)
}

/// A conversation of at least two utterances, line by line.
fn conversation(mut utterances: Vec<Utterance>) -> Option<String> {
    utterances.sort_by_key(|utterance| utterance.number);
    let teller = utterances.first()?.speaker.clone();
    utterances.get(1)?;
    let lines = utterances.iter().map(|utterance| {
        let name = if utterance.speaker == teller { NAMES[0] } else { NAMES[1] };
        format!("{name}: {}\n", utterance.text)
    });
    Some(lines.collect())
}
