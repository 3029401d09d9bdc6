//! Every architecture against states and logits that transformers computed (`parity/engine/make_encoders.py`).

use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

use super::forward::{self, Tokens};
use super::{Encoder, TextPair};
use holometer_core::Cancel;
use holometer_testkit::tiny::fill;

/// Largest difference of a state or a logit.
const TOLERANCE: f32 = 1e-4;

fn fixtures() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/encoders/tiny.json")).unwrap()
}

/// Writes a checkpoint; its words are `w0` to `w60`, with `w3` before and `w2` after each text.
fn write(folder: &Path, fixture: &Value) {
    std::fs::write(folder.join("config.json"), fixture["config"].to_string()).unwrap();
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = fixture["tensors"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, shape)| {
            let shape: Vec<usize> = serde_json::from_value(shape.clone()).unwrap();
            let bytes = fill(name, &shape).iter().flat_map(|value| value.to_le_bytes()).collect();
            (name.clone(), shape, bytes)
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    std::fs::write(folder.join("model.safetensors"), bytes).unwrap();
    let vocabulary: serde_json::Map<String, Value> =
        (0..61).map(|id| (format!("w{id}"), id.into())).collect();
    let special = |name: &str, id: u32| json!({ "id": name, "ids": [id], "tokens": [name] });
    let token = |name: &str, kind: u32| json!({ "SpecialToken": { "id": name, "type_id": kind } });
    let text = |name: &str, kind: u32| json!({ "Sequence": { "id": name, "type_id": kind } });
    let tokenizer = json!({
        "version": "1.0", "added_tokens": [], "normalizer": null, "decoder": null,
        "pre_tokenizer": { "type": "WhitespaceSplit" },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [token("w3", 0), text("A", 0), token("w2", 0)],
            "pair": [token("w3", 0), text("A", 0), token("w2", 0), text("B", 1), token("w2", 1)],
            "special_tokens": { "w3": special("w3", 3), "w2": special("w2", 2) },
        },
        "model": { "type": "WordLevel", "vocab": vocabulary, "unk_token": "w0" },
    });
    std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
}

fn load(fixture: &Value) -> Encoder {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), fixture);
    Encoder::load(folder.path(), Some(2)).unwrap()
}

fn numbers<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap()
}

fn assert_near(ours: &[f32], expected: &[f32], what: &str) {
    assert_eq!(ours.len(), expected.len(), "{what}");
    let worst = ours.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < TOLERANCE, "{what}: off by {worst}");
}

#[test]
fn states_and_logits_are_those_of_transformers() {
    let fixtures = fixtures();
    for (name, fixture) in fixtures.as_object().unwrap() {
        let encoder = load(fixture);
        let texts = fixture["texts"].as_array().unwrap();
        let tokens: Vec<Tokens> = texts
            .iter()
            .map(|text| Tokens { ids: numbers(&text["ids"]), types: numbers(&text["types"]) })
            .collect();
        let both: Vec<&Tokens> = tokens.iter().collect();
        let layers = encoder.layers();
        // With several layers in a group, transformers records the states between them.
        let whole = encoder.config.group_layers == 1;
        let compared = [(1, "first_layer"), (layers, "last_layer")];
        for (layer, field) in compared.into_iter().filter(|(layer, _)| whole || *layer > 1) {
            let states = encoder.each(&both, layer, &Cancel::new(), &<[f32]>::to_vec);
            for (states, text) in states.iter().zip(texts) {
                assert_near(states, &numbers::<f32>(&text[field]), &format!("{name} {field}"));
            }
        }
        let head = encoder.weights.head.as_ref().unwrap();
        let width = encoder.config.hidden;
        let logits = |states: &[f32]| forward::logits(&encoder.config, head, &states[..width]);
        let logits = encoder.each(&both, layers, &Cancel::new(), &logits);
        for (logits, text) in logits.iter().zip(texts) {
            assert_near(logits, &numbers::<f32>(&text["logits"]), &format!("{name} logits"));
        }
    }
}

#[test]
fn a_text_has_the_same_bits_alone_and_among_others() {
    let fixtures = fixtures();
    for name in ["bert", "deberta-v2"] {
        let encoder = load(&fixtures[name]);
        let texts: Vec<String> = (0..40).map(|n| format!("w{} w{} w9", n % 50, n + 4)).collect();
        let pairs: Vec<TextPair<'_>> =
            texts.iter().map(|text| TextPair { first: text, second: Some("w7 w8") }).collect();
        let together = encoder.classify(&pairs, &Cancel::new()).unwrap();
        for (pair, expected) in pairs.iter().zip(&together) {
            let alone = encoder.classify(&[*pair], &Cancel::new()).unwrap();
            assert_eq!(&alone[0], expected);
            assert!((expected.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}

#[test]
fn bert_score_is_one_for_equal_texts_and_zero_for_empty_ones() {
    let encoder = load(&fixtures()["bert"]);
    let pairs = [("w5 w9 w11", "w5 w9 w11"), ("w5 w9", "w30 w31 w32 w33"), ("", "w5")];
    let scores = encoder.bert_score(&pairs, 2, &Cancel::new()).unwrap();
    assert!((scores[0].f1 - 1.0).abs() < 1e-5, "{:?}", scores[0]);
    assert!(scores[1].f1 < 0.999 && scores[1].precision != scores[1].recall, "{:?}", scores[1]);
    assert!(scores[2].f1.abs() < 1e-12, "{:?}", scores[2]);
    assert!(encoder.bert_score(&pairs, 9, &Cancel::new()).is_err());
}

#[test]
fn what_is_no_encoder_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let problem =
        |folder: &Path| Encoder::load(folder, Some(1)).map(|_| ()).unwrap_err().to_string();
    assert!(problem(folder.path()).contains("config.json"));
    let fixtures = fixtures();
    write(folder.path(), &fixtures["bert"]);
    let mut config = fixtures["bert"]["config"].clone();
    config["model_type"] = "llama".into();
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    assert!(problem(folder.path()).contains("no encoder known here"));
    let mut config = fixtures["bert"]["config"].clone();
    config["intermediate_size"] = 47.into();
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    assert!(problem(folder.path()).contains("unexpected shape"));
}
