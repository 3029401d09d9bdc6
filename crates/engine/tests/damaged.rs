//! Every kind of bad model gives one clear error with a hint.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::path::Path;

use common::{real_model, tiny};
use holometer_engine::{LoadOptions, LocalModel, load_tokenizer_and_window};
use serde_json::{Value, json};

fn message(path: &Path) -> String {
    match LocalModel::load(path, &LoadOptions::default()) {
        Ok(_) => panic!("a bad model was loaded"),
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains("\nhint: "), "{text}");
            text
        }
    }
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    tiny::write(folder.path(), false);
    folder
}

fn change_config(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("config.json");
    let mut config: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut config);
    std::fs::write(path, config.to_string()).unwrap();
}

#[test]
fn missing_things_are_named() {
    let empty = tempfile::tempdir().unwrap();
    assert!(message(empty.path()).contains("neither `config.json` nor a `.gguf` file"));
    assert!(message(&empty.path().join("absent")).contains("no such file or folder"));
    let no_tokenizer = folder();
    std::fs::remove_file(no_tokenizer.path().join("tokenizer.json")).unwrap();
    assert!(message(no_tokenizer.path()).contains("tokenizer.json"));
}

#[test]
fn pickles_are_refused_with_the_way_out() {
    let folder = folder();
    std::fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    std::fs::write(folder.path().join("pytorch_model.bin"), "x").unwrap();
    let text = message(folder.path());
    assert!(text.contains("pytorch_model.bin") && text.contains("safe_serialization"), "{text}");
}

#[test]
fn shards_come_from_the_index_and_nowhere_else() {
    let folder = folder();
    let index = |name: &str| json!({ "weight_map": { "lm_head.weight": name } }).to_string();
    let path = folder.path().join("model.safetensors.index.json");
    std::fs::write(&path, index("model-00001-of-00002.safetensors")).unwrap();
    assert!(message(folder.path()).contains("`model-00001-of-00002.safetensors`"));
    std::fs::write(&path, index("../model.safetensors")).unwrap();
    assert!(message(folder.path()).contains("is not the name of a file"));
    std::fs::write(&path, index("model.safetensors")).unwrap();
    assert!(LocalModel::load(folder.path(), &LoadOptions::default()).is_ok());
}

#[test]
fn configurations_that_are_not_understood_are_errors() {
    let cases: [(&str, Value, &str); 7] = [
        ("model_type", "lama".into(), "llama"),
        ("hidden_act", "mish".into(), "`mish`"),
        ("hidden_size", (-4).into(), "hidden_size"),
        ("num_key_value_heads", 3.into(), "4 query heads"),
        ("intermediate_size", 52.into(), "52"),
        ("rope_parameters", json!({ "rope_type": "spiral", "rope_theta": 1e4 }), "`spiral`"),
        ("quantization_config", json!({ "quant_method": "gptq" }), "GGUF"),
    ];
    for (field, value, expected) in cases {
        let folder = folder();
        change_config(folder.path(), |config| config[field] = value);
        let text = message(folder.path());
        assert!(text.contains(expected), "{field}: {text}");
    }
}

#[test]
fn a_missing_tensor_is_named() {
    let folder = folder();
    change_config(folder.path(), |config| config["num_hidden_layers"] = 3.into());
    assert!(message(folder.path()).contains("model.layers.2."));
}

#[test]
fn safetensors_cut_short_are_damaged() {
    let folder = folder();
    let path = folder.path().join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    for length in [0, 5, 100, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        message(folder.path());
    }
    std::fs::write(folder.path().join("config.json"), "{").unwrap();
    assert!(message(folder.path()).contains("not valid JSON"));
}

#[test]
fn a_real_file_cut_short_is_damaged() {
    let Some(path) = real_model() else { return };
    let bytes = std::fs::read(path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.gguf");
    for length in [10, 5_000, 3_000_000, bytes.len() - 1] {
        std::fs::write(&cut, &bytes[..length]).unwrap();
        assert!(message(&cut).contains("is damaged"));
    }
    std::fs::write(&cut, b"not a model").unwrap();
    assert!(message(&cut).contains("does not begin with `GGUF`"));
}

#[test]
fn the_tokenizer_in_gguf_metadata_is_the_models_own() {
    let Some(path) = real_model() else { return };
    let known = load_tokenizer_and_window(&path, &LoadOptions::default()).unwrap();
    let json: Value = serde_json::from_str(include_str!("fixtures/texts.json")).unwrap();
    for case in json["texts"].as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        let expected: Vec<u32> = serde_json::from_value(case["tokens"].clone()).unwrap();
        assert_eq!(known.tokenizer.encode(text), expected, "{text:?}");
        assert_eq!(known.tokenizer.decode(&expected), text);
    }
    for case in json["pieces"].as_array().unwrap() {
        let tokens: Vec<u32> = serde_json::from_value(case["tokens"].clone()).unwrap();
        let expected: Vec<String> = serde_json::from_value(case["pieces"].clone()).unwrap();
        assert_eq!(known.tokenizer.pieces(&tokens), expected);
    }
    assert_eq!(known.window.max_sequence_length, 8192);
    assert_eq!(known.window.prefix_token, "<|im_start|>");
    assert_eq!(known.window.end_of_text_token, "<|im_end|>");
    assert!(known.window.chat);
}
