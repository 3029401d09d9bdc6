//! Reading the reference runs, and comparing JSON by value.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Every reference run folder; empty, with a line that says so, when the reference data is absent.
pub(crate) fn golden_runs() -> Vec<PathBuf> {
    let Some(root) = holometer_testkit::shared_path("golden/helm-0.5.16") else {
        return Vec::new();
    };
    let found = holometer_report::helm::find_runs(&root).expect("the reference runs are found");
    assert!(found.len() > 40, "{} reference runs", found.len());
    found.into_iter().map(|run| run.folder).collect()
}

/// A JSON file, plain or gzipped.
pub(crate) fn json(folder: &Path, name: &str) -> Value {
    let plain = folder.join(name);
    if plain.exists() {
        let bytes = fs::read(plain).expect("the file can be read");
        return serde_json::from_slice(&bytes).expect("the file is JSON");
    }
    let mut bytes = Vec::new();
    let file = File::open(folder.join(format!("{name}.gz"))).expect("the file exists");
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).expect("the file is gzip");
    serde_json::from_slice(&bytes).expect("the file is JSON")
}

/// The places where two values differ; numbers are compared by value, fields in any order. Counts the leaves it compared.
pub(crate) fn differences(
    ours: &Value,
    theirs: &Value,
    place: &str,
    leaves: &mut usize,
) -> Vec<String> {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let mut found = Vec::new();
            for (key, theirs) in b {
                match a.get(key) {
                    Some(ours) => {
                        found.extend(differences(ours, theirs, &format!("{place}.{key}"), leaves));
                    }
                    None => found.push(format!("{place}.{key} is missing")),
                }
            }
            found.extend(
                a.keys()
                    .filter(|key| !b.contains_key(*key))
                    .map(|key| format!("{place}.{key} is new")),
            );
            found
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate();
            pairs
                .flat_map(|(at, (a, b))| differences(a, b, &format!("{place}[{at}]"), leaves))
                .collect()
        }
        _ => {
            *leaves += 1;
            let same = match (ours.as_f64(), theirs.as_f64()) {
                (Some(a), Some(b)) => a == b,
                _ => ours == theirs,
            };
            if same { Vec::new() } else { vec![format!("{place}: {ours} instead of {theirs}")] }
        }
    }
}
