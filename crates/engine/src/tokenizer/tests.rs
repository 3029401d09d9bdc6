//! Tokenizers from GGUF metadata against the models' own, on parts of real vocabularies (`parity/engine/make_vocabularies.py`).

use std::io::Read as _;
use std::path::{Path, PathBuf};

use holometer_core::Tokenizer as _;
use serde_json::Value;

use super::TextTokenizer;
use crate::format::GgufFile;

fn vocabularies() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vocabularies");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    assert!(paths.len() >= 8, "the fixtures are there");
    paths
}

fn tokenizer(path: &Path) -> TextTokenizer {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vocabulary.gguf");
    let packed = std::fs::File::open(path.with_extension("gguf.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    std::fs::write(&file, bytes).unwrap();
    TextTokenizer::from_gguf(&GgufFile::open(&file).unwrap()).unwrap()
}

#[test]
fn real_vocabularies_split_difficult_texts_as_the_models_own_tokenizers_do() {
    let mut wrong = Vec::new();
    for path in vocabularies() {
        let own = tokenizer(&path);
        let cases: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        for case in cases.as_array().unwrap() {
            let text = case["text"].as_str().unwrap();
            let expected: Vec<u32> = serde_json::from_value(case["tokens"].clone()).unwrap();
            let tokens = own.encode(text);
            if tokens != expected {
                wrong.push(format!("{name}: {text:?} gives {tokens:?} instead of {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
