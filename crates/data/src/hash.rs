//! SHA-256 of files.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// SHA-256 in lower-case hex and size of a file, or of the files of a folder in the order of their names (see
/// [`combine`]).
pub(crate) fn sha256_of_path(path: &Path) -> io::Result<(String, u64)> {
    if !path.is_dir() {
        return sha256_of_file(path);
    }
    let listing = fs::read_dir(path)?.map(|item| item.map(|item| item.path()));
    let mut files = listing.collect::<io::Result<Vec<PathBuf>>>()?;
    files.sort();
    let hashed = files.iter().map(|file| sha256_of_file(file));
    let (hashes, sizes): (Vec<_>, Vec<_>) =
        hashed.collect::<io::Result<Vec<_>>>()?.into_iter().unzip();
    Ok((combine(hashes), sizes.iter().sum()))
}

/// One hash for several files: that of a single file itself, else the SHA-256 of their hashes in hex one after the other.
/// It can be told from a listing that states the files' hashes.
pub(crate) fn combine(mut hashes: Vec<String>) -> String {
    if hashes.len() == 1 {
        return hashes.remove(0);
    }
    hex::encode(Sha256::digest(hashes.concat().as_bytes()))
}

fn sha256_of_file(path: &Path) -> io::Result<(String, u64)> {
    let mut reader = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0u8; 1 << 18];
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok((hex::encode(hasher.finalize()), bytes));
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
}

/// The first 128 bits of the SHA-256 of a text, in hex: a name for it that is short enough for every file system.
pub(crate) fn short_hash(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..16])
}
