//! Blocks against gguf-py's values; damaged files.

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::gguf::parse;
use super::{DType, TensorView};
use crate::error::EngineError;
use crate::kernels::panels::{Panels, RowSource};
use crate::kernels::{AlignedBuffer, Isa};

struct Block {
    dtype: DType,
    bytes: Vec<u8>,
    values: Vec<f32>,
}

fn blocks() -> Vec<Block> {
    let json: Value =
        serde_json::from_str(include_str!("../../tests/fixtures/blocks.json")).unwrap();
    let blocks = json.as_array().unwrap().iter().map(|entry| {
        let bits = hex::decode(entry["bits"].as_str().unwrap()).unwrap();
        Block {
            dtype: DType::from_ggml(entry["type"].as_u64().unwrap() as u32).unwrap(),
            bytes: hex::decode(entry["bytes"].as_str().unwrap()).unwrap(),
            values: bits
                .chunks_exact(4)
                .map(|raw| f32::from_le_bytes(raw.try_into().unwrap()))
                .collect(),
        }
    });
    blocks.collect()
}

#[test]
fn blocks_have_the_values_of_gguf_py() {
    let blocks = blocks();
    assert_eq!(blocks.len(), 10);
    for block in blocks {
        let mut own = vec![0.0; block.values.len()];
        super::dequantise(block.dtype, &block.bytes, &mut own);
        assert_eq!(own, block.values, "{}", block.dtype.name());
    }
}

#[test]
fn half_precision_is_exact() {
    let mut bytes = Vec::new();
    let mut expected = Vec::new();
    for bits in (0..=u16::MAX).filter(|bits| bits & 0x7c00 != 0x7c00) {
        bytes.extend(bits.to_le_bytes());
        expected.push(half::f16::from_bits(bits).to_f32());
    }
    let shape = [1, expected.len()];
    let view = TensorView { dtype: DType::F16, shape: &shape, bytes: &bytes };
    for isa in Isa::supported() {
        let panels = Panels::pack(&[RowSource { view, row: 0 }]);
        let mut scratch = AlignedBuffer::default();
        let block = panels.block(isa, 0, 0, expected.len(), &mut scratch);
        let own: Vec<f32> = block.chunks_exact(32).map(|line| line[0]).collect();
        assert_eq!(own, expected, "{}", isa.name());
    }
}

#[test]
fn packed_panels_hold_the_same_values_on_every_instruction_set() {
    for block in blocks() {
        // Two blocks of the type as one row, 40 rows that differ in their order of blocks.
        let columns = block.dtype.block();
        let count = block.values.len() / columns;
        let shape = [count, columns];
        let view = TensorView { dtype: block.dtype, shape: &shape, bytes: &block.bytes };
        let rows: Vec<RowSource<'_>> =
            (0..40).map(|row| RowSource { view, row: row % count }).collect();
        let panels = Panels::pack(&rows);
        for isa in Isa::supported() {
            let mut scratch = AlignedBuffer::default();
            for panel in 0..panels.count() {
                let unpacked = panels.block(isa, panel, 0, columns, &mut scratch);
                for (lane, row) in (panel * 32..40).take(32).enumerate() {
                    let expected = &block.values[row % count * columns..][..columns];
                    let own = unpacked.chunks_exact(32).map(|line| line[lane]);
                    assert!(
                        own.eq(expected.iter().copied()),
                        "{} {}",
                        block.dtype.name(),
                        isa.name()
                    );
                }
            }
        }
    }
}

/// A small whole file: some metadata of every type and one tensor.
fn small_file() -> Vec<u8> {
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(3_u64.to_le_bytes());
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    text(&mut bytes, "general.architecture");
    bytes.extend(8_u32.to_le_bytes());
    text(&mut bytes, "llama");
    text(&mut bytes, "llama.block_count");
    bytes.extend(4_u32.to_le_bytes());
    bytes.extend(2_u32.to_le_bytes());
    text(&mut bytes, "list");
    bytes.extend(9_u32.to_le_bytes());
    bytes.extend(6_u32.to_le_bytes());
    bytes.extend(2_u64.to_le_bytes());
    bytes.extend([1.5_f32, 2.5].iter().flat_map(|value| value.to_le_bytes()));
    text(&mut bytes, "tensor");
    bytes.extend(2_u32.to_le_bytes());
    bytes.extend(8_u64.to_le_bytes());
    bytes.extend(2_u64.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    bytes.extend((0..16).flat_map(|value| (value as f32).to_le_bytes()));
    bytes
}

#[test]
fn a_whole_file_is_read() {
    let (metadata, tensors) = parse(Path::new("x.gguf"), &small_file()).unwrap();
    assert_eq!(metadata["llama.block_count"].as_usize(), Some(2));
    assert_eq!(metadata["list"].as_list().map(<[_]>::len), Some(2));
    assert_eq!(tensors["tensor"].shape, [2, 8]);
}

#[test]
fn a_file_cut_anywhere_gives_one_clear_error() {
    let whole = small_file();
    for length in 0..whole.len() {
        match parse(Path::new("x.gguf"), &whole[..length]) {
            Err(error @ (EngineError::Corrupt { .. } | EngineError::NotAModel { .. })) => {
                assert!(error.to_string().contains("hint: "), "{error}");
            }
            other => panic!("cut after {length} bytes: {other:?}"),
        }
    }
}

proptest! {
    #[test]
    fn damaged_files_never_panic(changes in prop::collection::vec((0..300_usize, any::<u8>()), 1..12)) {
        let mut bytes = small_file();
        for (at, value) in changes {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        let _ = parse(Path::new("x.gguf"), &bytes);
    }
}
