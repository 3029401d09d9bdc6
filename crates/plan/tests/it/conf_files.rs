//! HELM's own configuration files, against pyhocon (`parity/plan/conf_digests.py` records what it reads).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use holometer_plan::{SourcedEntry, read_conf};
use holometer_testkit::shared_path;
use serde_json::Value;
use sha2::{Digest, Sha256};

fn digest(entries: &[SourcedEntry], text: &str) -> Value {
    let mut lines = String::new();
    let mut priorities: BTreeMap<String, usize> = BTreeMap::new();
    let file: Vec<&str> = text.lines().collect();
    for entry in entries {
        let priority = entry.priority.map(|p| p.to_string()).unwrap_or_default();
        // The text at the entry's position, up to the closing quote: proves the position, too.
        let line = file[entry.position.line - 1];
        let at = line.char_indices().nth(entry.position.column - 1).unwrap().0;
        let description = line[at..].split('"').next().unwrap();
        let _ = writeln!(lines, "{description}\t{priority}\t{}", entry.groups.join(","));
        *priorities.entry(priority).or_default() += 1;
    }
    serde_json::json!({
        "entries": entries.len(),
        "priorities": priorities,
        "sha256": hex::encode(Sha256::digest(lines.as_bytes())),
    })
}

#[test]
fn all_of_helms_files_read_as_pyhocon_reads_them() {
    let Some(folder) = shared_path("helm/conf") else { return };
    let expected: Value =
        serde_json::from_str(include_str!("../fixtures/conf_digests.json")).unwrap();
    let expected = expected.as_object().unwrap();
    assert_eq!(expected.len(), 28);
    for (name, expected) in expected {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let file = read_conf(name, &text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(&digest(&file.entries, &text), expected, "{name}");
        assert_eq!(file.notes, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn entries_print_as_they_are_written() {
    let Some(folder) = shared_path("helm/conf") else { return };
    let mut rewritten = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "conf") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for entry in read_conf("x.conf", &text).unwrap().entries {
            let shown = entry.entry.to_string();
            if !text.contains(&format!("\"{shown}\"")) {
                rewritten.push(shown);
            }
        }
    }
    // The file says `stop=none` twice.
    assert_eq!(rewritten, ["gsm:model=text_code,stop=none"]);
}
