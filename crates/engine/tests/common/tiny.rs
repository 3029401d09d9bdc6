//! A tiny Llama with random weights and a tokenizer of words, written to a folder.

use std::fmt::Write as _;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

const WORDS: usize = 61;

/// Writes the model; `w0` to `w60` are its words, `w1` begins and `w2` ends a text. `prefix` says whether the tokenizer puts `w1`
/// before every text.
pub(crate) fn write(folder: &Path, prefix: bool) {
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/tiny/llama.json")).unwrap();
    let mut config = fixture["config"].clone();
    config["max_position_embeddings"] = 200.into();
    config["bos_token_id"] = 1.into();
    config["eos_token_id"] = 2.into();
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let vocabulary: serde_json::Map<String, Value> =
        (0..WORDS).map(|id| (format!("w{id}"), id.into())).collect();
    let post = json!({
        "type": "TemplateProcessing", "pair": [], "single": [{ "SpecialToken": { "id": "w1", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }],
        "special_tokens": { "w1": { "id": "w1", "ids": [1], "tokens": ["w1"] } },
    });
    let tokenizer = json!({
        "version": "1.0", "added_tokens": [], "normalizer": null,
        "pre_tokenizer": { "type": "WhitespaceSplit" },
        "post_processor": if prefix { post } else { Value::Null },
        "decoder": null,
        "model": { "type": "WordLevel", "vocab": vocabulary, "unk_token": "w0" },
    });
    std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = fixture["tensors"]
        .as_object()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(salt, (name, shape))| {
            let shape: Vec<usize> = serde_json::from_value(shape.clone()).unwrap();
            let count: usize = shape.iter().product();
            let bytes =
                (0..count).flat_map(|i| value(i, salt, shape.len()).to_le_bytes()).collect();
            (name.clone(), shape, bytes)
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    std::fs::write(folder.join("model.safetensors"), bytes).unwrap();
}

fn value(index: usize, salt: usize, dimensions: usize) -> f32 {
    let mut x =
        (index as u32).wrapping_mul(2_654_435_761) ^ (salt as u32).wrapping_mul(0x9E37_79B9);
    x = (x ^ x >> 16).wrapping_mul(0x7FEB_352D);
    x = (x ^ x >> 15).wrapping_mul(0x846C_A68B);
    let unit = (x >> 8) as f32 / (1 << 23) as f32 - 1.0;
    if dimensions > 1 { unit * 0.5 } else { 1.0 + unit * 0.25 }
}

/// Words from numbers.
pub(crate) fn words(numbers: &[usize]) -> String {
    let mut text = String::new();
    for number in numbers {
        let space = if text.is_empty() { "" } else { " " };
        write!(text, "{space}w{}", number % WORDS).unwrap();
    }
    text
}
