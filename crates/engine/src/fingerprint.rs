//! What identifies a model in cache keys.
//!
//! SHA-256 over the small files in full and, of each file with weights, its size, its first MiB (the header, and for
//! GGUF files all metadata) and 256 blocks of 4 KiB spread evenly over the rest. Reading gigabytes at
//! every start would cost more than the answer is worth; two checkpoints that agree in all of this are in practice
//! the same.

use sha2::{Digest, Sha256};

use crate::format::MappedFile;

/// Raised whenever the engine's arithmetic gives other bits than before.
const NUMERICS: &str = "holometer-engine numerics 1";

const HEAD: usize = 1 << 20;
const BLOCK: usize = 4096;
const BLOCKS: usize = 256;

/// The fingerprint over small contents and files with weights.
pub(crate) fn fingerprint(small: &[Vec<u8>], weights: &[MappedFile]) -> String {
    let mut hash = Sha256::new();
    hash.update(NUMERICS);
    for content in small {
        hash.update((content.len() as u64).to_le_bytes());
        hash.update(content);
    }
    for file in weights {
        let bytes = file.bytes();
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes[..bytes.len().min(HEAD)]);
        if bytes.len() > HEAD {
            let span = bytes.len() - HEAD;
            for index in 0..BLOCKS {
                let start = HEAD + span / BLOCKS * index;
                hash.update(&bytes[start..(start + BLOCK).min(bytes.len())]);
            }
        }
    }
    hex::encode(hash.finalize())
}
