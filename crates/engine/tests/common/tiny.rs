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

/// Writes a tiny Llama as a GGUF file with quantised matrices: `Q4_0`, `Q5_1`, `Q8_0` or `F16`. It has no tokenizer.
pub(crate) fn write_gguf(path: &Path, stored: &str) {
    let (hidden, middle, kv) = (64, 96, 32);
    let mut metadata: Vec<(&str, u32)> = vec![
        ("llama.embedding_length", hidden),
        ("llama.block_count", 2),
        ("llama.feed_forward_length", middle),
        ("llama.attention.head_count", 4),
        ("llama.attention.head_count_kv", 2),
        ("llama.context_length", 200),
    ];
    metadata.push(("tokenizer.ggml.bos_token_id", 1));
    metadata.push(("tokenizer.ggml.eos_token_id", 2));
    let mut tensors = vec![
        ("token_embd.weight".to_owned(), vec![hidden, WORDS as u32]),
        ("output.weight".to_owned(), vec![hidden, WORDS as u32]),
        ("output_norm.weight".to_owned(), vec![hidden]),
    ];
    for layer in 0..2 {
        for (name, shape) in [
            ("attn_norm", vec![hidden]),
            ("ffn_norm", vec![hidden]),
            ("attn_q", vec![hidden, hidden]),
            ("attn_k", vec![hidden, kv]),
            ("attn_v", vec![hidden, kv]),
            ("attn_output", vec![hidden, hidden]),
            ("ffn_gate", vec![hidden, middle]),
            ("ffn_up", vec![hidden, middle]),
            ("ffn_down", vec![middle, hidden]),
        ] {
            tensors.push((format!("blk.{layer}.{name}.weight"), shape));
        }
    }
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    let mut bytes = b"GGUF\x03\x00\x00\x00".to_vec();
    bytes.extend((tensors.len() as u64).to_le_bytes());
    bytes.extend((metadata.len() as u64 + 1).to_le_bytes());
    text(&mut bytes, "general.architecture");
    bytes.extend(8_u32.to_le_bytes());
    text(&mut bytes, "llama");
    for (key, number) in metadata {
        text(&mut bytes, key);
        bytes.extend(4_u32.to_le_bytes());
        bytes.extend(number.to_le_bytes());
    }
    let mut data: Vec<u8> = Vec::new();
    for (salt, (name, shape)) in tensors.iter().enumerate() {
        text(&mut bytes, name);
        bytes.extend((shape.len() as u32).to_le_bytes());
        bytes.extend(shape.iter().flat_map(|size| u64::from(*size).to_le_bytes()));
        let count: u32 = shape.iter().product();
        data.resize(data.len().next_multiple_of(32), 0);
        let start = data.len() as u64;
        let number =
            store(&mut data, if shape.len() > 1 { stored } else { "F32" }, count as usize, salt);
        bytes.extend(number.to_le_bytes());
        bytes.extend(start.to_le_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    bytes.extend(data);
    std::fs::write(path, bytes).unwrap();
}

/// Appends a tensor with random contents and gives its type's number in GGUF files.
fn store(data: &mut Vec<u8>, stored: &str, count: usize, salt: usize) -> u32 {
    // Bytes of scales, whether there is an offset among them, and bytes of codes, per block of 32 weights.
    let (number, scales, codes) = match stored {
        "Q4_0" => (2, 1, 16),
        "Q5_1" => (7, 2, 20),
        "Q8_0" => (8, 1, 32),
        "F16" => {
            let all = (0..count).map(|i| half::f16::from_f32(value(i, salt, 2)));
            data.extend(all.flat_map(half::f16::to_le_bytes));
            return 1;
        }
        _ => {
            data.extend((0..count).flat_map(|i| value(i, salt, 1).to_le_bytes()));
            return 0;
        }
    };
    for block in 0..count / 32 {
        for scale in 0..scales {
            let size = if stored == "Q8_0" { 0.003 } else { 0.05 };
            let own = value(block * 2 + scale, salt, 2) * size;
            data.extend(half::f16::from_f32(own).to_le_bytes());
        }
        let random = |i: usize| value(block * 64 + i, salt + 100, 2).to_bits() >> 7;
        data.extend((0..codes).map(|i| random(i) as u8));
    }
    number
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
