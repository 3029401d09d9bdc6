//! SHA-256 of files.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// SHA-256 in lower-case hex and size of a file, or of the files of a folder one after the other in the order of their
/// names.
pub(crate) fn sha256_of_path(path: &Path) -> io::Result<(String, u64)> {
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        files = fs::read_dir(path)?
            .map(|item| item.map(|item| item.path()))
            .collect::<io::Result<Vec<PathBuf>>>()?;
        files.sort();
    }
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0u8; 1 << 18];
    for file in files {
        let mut reader = File::open(file)?;
        loop {
            let read = reader.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            bytes += read as u64;
        }
    }
    Ok((hex::encode(hasher.finalize()), bytes))
}

/// The first 128 bits of the SHA-256 of a text, in hex: a name for it that is short enough for every file system.
pub(crate) fn short_hash(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..16])
}
