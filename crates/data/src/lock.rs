//! A lock file: the SHA-256 of every data file that was used, so that a later run, elsewhere, notices what changed at its source.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::DataError;

/// A lock file in use. What it names has to be the same again; what it lacks is added.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    known: Mutex<BTreeMap<String, String>>,
}

/// The file's content.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    /// Where each file came from, in words, and its SHA-256 in lower-case hex.
    sha256: BTreeMap<String, String>,
}

const VERSION: u32 = 1;

impl Lock {
    /// Reads a lock file; one that does not exist is empty.
    ///
    /// # Errors
    /// The file can't be read, or is no lock file.
    pub fn open(path: &Path) -> Result<Lock, DataError> {
        let bad = |reason: String| DataError::BadLock { path: path.to_owned(), reason };
        let known = match fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(bad(error.to_string())),
            Ok(text) => {
                let content: Content =
                    serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
                if content.version != VERSION {
                    return Err(bad(format!("its version is {}, not {VERSION}", content.version)));
                }
                content.sha256
            }
        };
        Ok(Lock { path: path.to_owned(), known: Mutex::new(known) })
    }

    /// Compares a file's hash with the one that is known, or notes it where none is.
    pub(crate) fn hold(&self, from: &str, sha256: &str) -> Result<(), DataError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(from) {
            Some(expected) if expected.eq_ignore_ascii_case(sha256) => Ok(()),
            Some(expected) => Err(DataError::Changed {
                what: from.to_owned(),
                lock: self.path.clone(),
                expected: expected.clone(),
                actual: sha256.to_owned(),
            }),
            None => {
                known.insert(from.to_owned(), sha256.to_ascii_lowercase());
                self.write(&known)
            }
        }
    }

    /// Writes the whole file aside and puts it in place.
    fn write(&self, known: &BTreeMap<String, String>) -> Result<(), DataError> {
        let content = Content { version: VERSION, sha256: known.clone() };
        let text = serde_json::to_string_pretty(&content).expect("a lock has only texts");
        let mut aside = self.path.as_os_str().to_owned();
        aside.push(".new");
        let aside = PathBuf::from(aside);
        fs::write(&aside, text + "\n").map_err(DataError::cache("write", &aside))?;
        fs::rename(&aside, &self.path).map_err(DataError::cache("write", &self.path))
    }
}
