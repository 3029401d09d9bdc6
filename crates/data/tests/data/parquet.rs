//! Parquet against what pyarrow reads from the same files, which `parity/data/parquet_fixture.py` wrote.

use std::path::PathBuf;

use holometer_data::{DataError, read};
use serde_json::{Value, json};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn expected() -> Vec<Value> {
    read::jsonl(&fixture("nested.jsonl")).unwrap()
}

#[test]
fn every_value_is_as_pyarrow_reads_it_for_every_codec() {
    let expected = expected();
    assert_eq!(expected.len(), 120);
    for codec in ["none", "snappy", "gzip", "zstd", "lz4"] {
        let rows = read::parquet(&fixture(&format!("nested-{codec}.parquet")), &[]).unwrap();
        assert_eq!(rows.len(), expected.len(), "{codec}");
        for (row, expected) in rows.iter().zip(&expected) {
            assert_eq!(row, expected, "{codec}");
        }
    }
}

#[test]
fn only_the_columns_asked_for_are_read_in_the_files_order() {
    let columns = ["answers", "id", "choices"];
    let rows = read::parquet(&fixture("nested-snappy.parquet"), &columns).unwrap();
    for (row, expected) in rows.iter().zip(&expected()) {
        let names: Vec<&String> = row.as_object().unwrap().keys().collect();
        assert_eq!(names, ["id", "choices", "answers"]);
        for column in columns {
            assert_eq!(row[column], expected[column]);
        }
    }
    let error = read::parquet(&fixture("nested-snappy.parquet"), &["idd"]).unwrap_err();
    assert!(matches!(&error, DataError::NoColumn { columns, .. }
        if columns.starts_with("the nearest of its 18 names: `id`")));
}

#[test]
fn a_folder_of_shards_is_read_in_the_order_of_names() {
    let folder = tempfile::tempdir().unwrap();
    for (shard, codec) in [("0001.parquet", "zstd"), ("0000.parquet", "gzip")] {
        let from = fixture(&format!("nested-{codec}.parquet"));
        std::fs::copy(from, folder.path().join(shard)).unwrap();
    }
    std::fs::write(folder.path().join("README.md"), "not a shard").unwrap();
    let rows = read::parquet(folder.path(), &["id"]).unwrap();
    assert_eq!(rows.len(), 240);
    assert_eq!(rows[120], json!({"id": 0}));

    let empty = tempfile::tempdir().unwrap();
    let error = read::parquet(empty.path(), &[]).unwrap_err();
    assert!(matches!(error, DataError::Damaged { .. }), "{error}");
}

#[test]
fn a_file_of_another_format_is_an_error() {
    let error = read::parquet(&fixture("nested.jsonl"), &[]).unwrap_err();
    assert!(matches!(error, DataError::Damaged { .. }), "{error}");
    let error = read::parquet(&fixture("absent.parquet"), &[]).unwrap_err();
    assert!(matches!(error, DataError::Read { .. }), "{error}");
}

#[test]
fn more_rows_than_memory_could_hold_are_refused_however_small_the_file() {
    let error = read::parquet(&fixture("many.parquet"), &[]).unwrap_err();
    assert!(matches!(error, DataError::Bomb { .. }), "{error}");
}
