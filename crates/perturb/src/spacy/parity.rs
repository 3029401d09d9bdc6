//! Against spaCy and HELM themselves: tokens, tags, relations and parts of speech of hundreds of texts, and what HELM makes of them
//! (`parity/perturb/synonym.py`).

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use holometer_core::PerturbationSpec;
use holometer_pyrand::PyRandom;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Tagger;
use super::ruler::Analysis;
use crate::{Resource, build};

/// A text of the fixture: its own, or one of the reference data.
fn text(row: &Value, shared: &Path) -> String {
    if let Some(text) = row["text"].as_str() {
        return text.to_owned();
    }
    let file = shared.join("data").join(row["file"].as_str().unwrap());
    let content = fs::read_to_string(file).unwrap();
    let line = content.split('\n').nth(row["line"].as_u64().unwrap().try_into().unwrap()).unwrap();
    let Some(place) = row["place"].as_str() else { return line.to_owned() };
    let line: Value = serde_json::from_str(line).unwrap();
    line.pointer(&format!("/{place}")).unwrap().as_str().unwrap().to_owned()
}

/// What differs in a text, one line a token.
fn differences(tagger: &Tagger, fixture: &Value, row: &Value, text: &str) -> Vec<String> {
    let list = |of: &Value, key: &str| of[key].as_array().unwrap().clone();
    let names = |row: &Value, key: &str| {
        let table = list(fixture, key);
        let name = |at: &Value| table[usize::try_from(at.as_u64().unwrap()).unwrap()].clone();
        list(row, key).iter().map(name).collect::<Vec<_>>()
    };
    let (tags, relations, parts) =
        (names(row, "tags"), names(row, "relations"), names(row, "parts"));
    let tokens = tagger.tokenizer.tokens(text);
    let mut end = 0;
    let mut ends = Vec::new();
    for token in &tokens {
        end += token.text.chars().count();
        ends.push(Value::from(end));
        end += usize::from(token.is_spaced);
    }
    if ends != list(row, "ends") {
        let texts: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
        return vec![format!("the tokens of {text:?}: {texts:?}")];
    }
    let (our_tags, our_relations) = tagger.tags_and_relations(&tokens);
    let analysis = Analysis { tokens: &tokens, tags: &our_tags, relations: &our_relations };
    let our_parts = tagger.ruler.parts_of_speech(analysis);
    let mut differ = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        // The ruler, whose relations are not needed, gives white space the relation `dep`.
        let is_space = our_parts[at] == "SPACE";
        let relation = if is_space { "dep" } else { our_relations[at] };
        let ours = [our_tags[at], relation, our_parts[at]];
        if [&tags[at], &relations[at], &parts[at]].map(|name| name.as_str().unwrap()) != ours {
            let theirs = (&tags[at], &relations[at], &parts[at]);
            differ.push(format!("`{}`: {ours:?}, but {theirs:?}", token.text));
        }
    }
    differ
}

/// The user's copies, the reference data and the fixture; `None` where one is not here.
fn material() -> Option<(PathBuf, PathBuf, Value)> {
    let variable = "HOLOMETER_SYNONYM_DATA";
    let data = holometer_testkit::named_folder(variable, "parity/perturb/synonym.py")?;
    let shared = holometer_testkit::shared()?;
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/synonym.json.gz");
    let fixture = GzDecoder::new(File::open(fixture).unwrap());
    Some((data.join("perturbations/synonym"), shared, serde_json::from_reader(fixture).unwrap()))
}

fn resource(data: &Path, resource: &Resource) -> Result<Vec<u8>, String> {
    let path = match resource {
        Resource::SpacyModel(path) => data.join("en_core_web_sm-3.8.0").join(path),
        Resource::WordNet(name) => data.join("corpora/wordnet").join(name),
        other => return Err(format!("{other:?} is not needed")),
    };
    fs::read(path).map_err(|error| error.to_string())
}

#[test]
fn tokens_are_as_spacy_has_them() {
    let Some((data, shared, fixture)) = material() else { return };
    let tagger =
        Tagger::read(&|path| resource(&data, &Resource::SpacyModel(path.to_owned()))).unwrap();
    let (mut count, mut differ) = (0, Vec::new());
    for row in fixture["rows"].as_array().unwrap() {
        count += row["tags"].as_array().unwrap().len();
        differ.extend(differences(&tagger, &fixture, row, &text(row, &shared)));
    }
    println!("{count} tokens compared, {} differ", differ.len());
    assert!(count > 20_000, "too few were compared: {count}");
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn texts_are_as_helm_rewrites_them() {
    let Some((data, shared, fixture)) = material() else { return };
    let rows = fixture["rows"].as_array().unwrap();
    let mut differ = Vec::new();
    for (at, prob) in [0.5, 1.0].into_iter().enumerate() {
        let spec = PerturbationSpec { name: "synonym".into(), args: json!({"prob": prob}) };
        let perturbation = build(&spec, &|wanted| resource(&data, wanted)).unwrap();
        for row in rows {
            let text = text(row, &shared);
            let ours = perturbation.perturb(&text, &mut PyRandom::from_str("id7"));
            let hash = hex::encode(Sha256::digest(&ours));
            let shown = if row["text"].is_null() { &hash } else { &ours };
            if row["perturbed"][at] != shown.as_str() {
                differ.push(format!("{prob}: {text:?}\n  {ours:?}\n  {}", row["perturbed"][at]));
            }
        }
    }
    println!("{} texts compared twice, {} differ", rows.len(), differ.len());
    assert!(rows.len() > 400, "too few were compared: {}", rows.len());
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn what_is_no_model_is_an_error() {
    let garbage = |_: &str| Ok(b"\x81\xa1a\xc0".to_vec());
    let error = Tagger::read(&garbage).err().unwrap();
    assert_eq!(error, "the model's `vocab/lookups.bin` can't be used: it has no `lexeme_norm`");
}
