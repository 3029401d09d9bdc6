//! Real datasets read as CPython reads them (`parity/data/python_rows.py`), with the row counts of their manifest.

use std::path::Path;

use holometer_data::{DataError, read};
use holometer_testkit::shared_path;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// One line of the fingerprints: file, kind, rows, SHA-256 of all values.
fn fingerprints() -> Vec<[String; 4]> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/python_rows.tsv");
    let options = read::CsvOptions::tab().headless();
    let rows = read::csv(&path, &options).unwrap();
    rows.into_iter().map(|row| row.try_into().unwrap()).collect()
}

fn feed(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Null => digest.update(b"n"),
        Value::Bool(true) => digest.update(b"t"),
        Value::Bool(false) => digest.update(b"f"),
        Value::Number(number) if number.is_f64() => {
            digest.update(b"d");
            digest.update(number.as_f64().unwrap().to_be_bytes());
        }
        Value::Number(number) => digest.update(format!("i{number}\x1f")),
        Value::String(text) => {
            digest.update(b"s");
            digest.update(text);
            digest.update(b"\x1f");
        }
        Value::Array(items) => {
            digest.update(b"[");
            for item in items {
                feed(digest, item);
            }
            digest.update(b"]");
        }
        Value::Object(entries) => {
            digest.update(b"{");
            for (key, item) in entries {
                feed(digest, &Value::from(key.as_str()));
                feed(digest, item);
            }
            digest.update(b"}");
        }
    }
}

fn rows_of(path: &Path, kind: &str) -> Result<Vec<Value>, DataError> {
    let texts = |rows: Vec<Vec<String>>| rows.into_iter().map(Value::from).collect();
    match kind {
        "rows" if path.extension().is_some_and(|extension| extension == "tsv") => {
            read::csv(path, &read::CsvOptions::tab().headless()).map(texts)
        }
        "rows" => read::csv(path, &read::CsvOptions::comma().headless()).map(texts),
        "jsonl" => read::jsonl(path),
        "json" => read::json(path).map(|document| vec![document]),
        "zip" => {
            let members = read::archive_members(path, "")?;
            let member = |(name, content): (String, Vec<u8>)| {
                vec![name, hex::encode(Sha256::digest(content))]
            };
            Ok(texts(members.into_iter().map(member).collect()))
        }
        _ => panic!("unknown kind {kind}"),
    }
}

#[test]
fn every_file_is_read_as_python_reads_it() {
    let Some(data) = shared_path("data") else { return };
    let fingerprints = fingerprints();
    assert!(fingerprints.len() > 380);
    let mut compared = 0;
    for [file, kind, count, fingerprint] in fingerprints {
        let path = data.join(&file);
        if !path.exists() {
            continue;
        }
        let rows = rows_of(&path, &kind).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(rows.len().to_string(), count, "{file}");
        let mut digest = Sha256::new();
        for row in &rows {
            feed(&mut digest, row);
        }
        assert_eq!(hex::encode(digest.finalize()), fingerprint, "{file}");
        compared += 1;
    }
    assert!(compared > 380, "only {compared} files were there");
}

/// What the manifest may call rows. For CSV it counts rows without the header, rows with it, or lines, which differ
/// where cells hold line ends.
fn manifest_rows(path: &Path) -> Option<Vec<usize>> {
    let (_, extensions) = path.file_name()?.to_str()?.split_once('.')?;
    if matches!(extensions, "jsonl" | "jsonl.gz") {
        return Some(vec![read::jsonl(path).unwrap().len()]);
    }
    if extensions == "csv" {
        let rows = read::csv(path, &read::CsvOptions::comma().headless()).unwrap().len();
        return Some(vec![rows, rows - 1, read::lines(path).unwrap().len()]);
    }
    None
}

#[test]
fn row_counts_are_the_manifests() {
    let Some(manifest) = shared_path("data/MANIFEST.tsv") else { return };
    let records = read::csv_records(&manifest, &read::CsvOptions::tab()).unwrap();
    let (mut same, mut other) = (0, Vec::new());
    for record in records {
        let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        let path = manifest.parent().unwrap().join(text("dataset")).join(text("file"));
        let Ok(expected) = text("rows").parse::<usize>() else { continue };
        let Some(rows) = path.exists().then(|| manifest_rows(&path)).flatten() else { continue };
        if rows.contains(&expected) {
            same += 1;
        } else {
            other.push(format!("{}: {rows:?}, not {expected}", text("file")));
        }
    }
    assert!(other.is_empty(), "{other:#?}");
    assert!(same > 200, "{same}");
}
