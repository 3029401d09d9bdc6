//! Whatever bytes a file holds, reading it ends in rows or in an error.

use std::path::Path;
use std::sync::LazyLock;

use holometer_data::read;
use proptest::prelude::*;

static FIXTURES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|item| item.unwrap().path())
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into(), std::fs::read(path).unwrap())
        })
        .collect();
    // Its damaged forms may rightly have millions of rows.
    files.retain(|(name, _)| name != "many.parquet");
    files.sort();
    let rows = b"{\"a\": [1, 2.5, null], \"b\": \"\\u00e9\"}\n".repeat(40);
    files.push(("rows.jsonl.zst".to_owned(), zstd::encode_all(&rows[..], 1).unwrap()));
    files
});

/// Reads a file in every way there is. Only a panic fails.
fn read_every_way(path: &Path) {
    let comma = read::CsvOptions::comma();
    let escaped = read::CsvOptions { quoting: read::Quoting::Escaped, ..comma.clone() };
    let outcomes = [
        read::parquet(path, &[]).is_ok(),
        read::jsonl(path).is_ok(),
        read::json(path).is_ok(),
        read::csv(path, &escaped).is_ok(),
        read::csv_records(path, &comma).is_ok(),
        read::lines(path).is_ok(),
        read::archive_members(path, "").is_ok(),
    ];
    std::hint::black_box(outcomes);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_never_panic(
        which in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        in_tail in any::<bool>(),
    ) {
        let (name, mut content) = which.get(&FIXTURES).clone();
        if is_cut {
            content.truncate(cut.index(content.len()));
        }
        // Damage to the last kilobytes hits the directories and footers, which are the delicate parts.
        let start = if in_tail { content.len().saturating_sub(3000) } else { 0 };
        let tail = &mut content[start..];
        for (at, byte) in if tail.is_empty() { &[] } else { &changes[..] } {
            tail[at.index(tail.len())] = *byte;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        read_every_way(&path);
    }

    #[test]
    fn arbitrary_bytes_never_panic(content in prop::collection::vec(any::<u8>(), 0..400), magic in 0..4usize) {
        let start: &[u8] = [&b""[..], b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd"][magic];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("noise");
        std::fs::write(&path, [start, &content].concat()).unwrap();
        read_every_way(&path);
    }
}
