//! Tiny checkpoints, whose weights are a function of their names, so that fixtures need not hold them.

use std::path::Path;

use serde_json::{Map, Value, json};

/// The values that `parity/engine/make_tiny.py` gives a tensor.
pub fn fill(name: &str, shape: &[usize]) -> Vec<f32> {
    let seed = name
        .bytes()
        .fold(2_166_136_261_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    let count: usize = shape.iter().product();
    let unit = |index: usize| {
        let mut x = seed ^ (index as u32).wrapping_mul(2_654_435_761);
        x ^= x >> 16;
        x = x.wrapping_mul(0x7FEB_352D);
        x ^= x >> 15;
        x = x.wrapping_mul(0x846C_A68B);
        x ^= x >> 16;
        (x >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let value = |unit: f32| {
        if shape.len() > 1 {
            unit * 0.25
        } else if name.ends_with(".weight") {
            unit * 0.25 + 1.0
        } else {
            unit * 0.125
        }
    };
    (0..count).map(|index| value(unit(index))).collect()
}

/// Writes the checkpoint that a fixture describes: its `config`, the names and shapes of its `tensors`, its `tokenizer` and
/// `tokenizer_config`.
///
/// # Panics
/// The folder can't be written, or the fixture lacks one of these.
pub fn write_checkpoint(folder: &Path, fixture: &Value) {
    std::fs::create_dir_all(folder).expect("a folder");
    let (mut header, mut bytes) = (Map::new(), Vec::new());
    for (name, sizes) in fixture["tensors"].as_object().expect("tensors") {
        let shape: Vec<usize> = serde_json::from_value(sizes.clone()).expect("a shape");
        let start = bytes.len();
        bytes.extend(fill(name, &shape).into_iter().flat_map(f32::to_le_bytes));
        let place = json!({ "dtype": "F32", "shape": sizes, "data_offsets": [start, bytes.len()] });
        header.insert(name.clone(), place);
    }
    let header = Value::Object(header).to_string().into_bytes();
    let weights = [&(header.len() as u64).to_le_bytes()[..], &header, &bytes].concat();
    std::fs::write(folder.join("model.safetensors"), weights).expect("a file");
    for (part, name) in [
        ("config", "config.json"),
        ("tokenizer", "tokenizer.json"),
        ("tokenizer_config", "tokenizer_config.json"),
    ] {
        let text = fixture.get(part).expect(part).to_string();
        std::fs::write(folder.join(name), text).expect("a file");
    }
}
