//! Every mistake gets one clear message, a hint, and exit code 2 (or 3).

use std::fs;
use std::path::Path;

use crate::common;

/// A command line (words separated by spaces), its exit code, and what it says on standard error.
type Case = (&'static str, i32, &'static [&'static str]);

const ENTRIES: &[Case] = &[
    ("plan -e synthetic_resoning -m test:echo", 2, &[]),
    (
        "run -e synthetic_resoning -m test:echo",
        2,
        &["unknown scenario `synthetic_resoning`", "`synthetic_reasoning`", "hint: "],
    ),
    // The entry's mistake is told first: no model is loaded for it.
    (
        "run -e synthetic_resoning -m ./no-such-model",
        2,
        &["unknown scenario `synthetic_resoning`", "`synthetic_reasoning`", "hint: "],
    ),
    (
        "run -e synthetic_reasoning:mode=inducton -m test:echo",
        2,
        &["inducton", "`induction`", "hint: "],
    ),
    ("run -e synthetic_reasoning:moode=induction -m test:echo", 2, &["moode", "`mode`", "hint: "]),
    ("run -e mmlu:subject= -m test:echo", 2, &["hint: "]),
    ("run -e synthetic_reasoning:mode=induction", 2, &["no model", "hint: "]),
    ("run -m test:echo", 4, &["nothing is selected", "hint: "]),
    ("run -c missing.toml -m test:echo", 2, &["missing.toml", "hint: "]),
    ("run -c bad.toml -m test:echo", 2, &["bad.toml:3:1", "`scenari`", "hint: "]),
    ("run -c bad.conf -m test:echo", 2, &["bad.conf:1:"]),
    ("show scenario bbbq", 2, &["bbbq", "`bbq`", "hint: "]),
    ("check missing.toml", 2, &["missing.toml"]),
    ("perturb tpyos:prob=0.1", 2, &["tpyos", "`typos`", "hint: "]),
];

const PLACES: &[Case] = &[
    ("run -e synthetic_reasoning:mode=induction -m short.gguf", 2, &["short.gguf", "hint: "]),
    (
        "run -e synthetic_reasoning:mode=induction -m ./no-such-model",
        2,
        &["no-such-model", "hint: "],
    ),
    (
        "run -e synthetic_reasoning:mode=induction -m path:empty-folder",
        2,
        &["empty-folder", "hint: "],
    ),
    (
        "run -e synthetic_reasoning:mode=induction -m http://127.0.0.1:9/v1#m",
        2,
        &["127.0.0.1:9", "hint: "],
    ),
    (
        "run -e synthetic_reasoning:mode=induction -m opnai:gpt-4o",
        2,
        &["opnai", "`openai`", "hint: "],
    ),
    (
        "run -e synthetic_reasoning:mode=induction -m openai:gpt-4o",
        2,
        &["OPENAI_API_KEY", "hint: "],
    ),
    (
        "run -e synthetic_reasoning:mode=induction -m test:echo --db not-a-database",
        2,
        &["not-a-database", "hint: "],
    ),
    (
        "run -e synthetic_reasoning:mode=induction -m test:echo --db /proc/nowhere/x.db",
        2,
        &["/proc/nowhere", "hint: "],
    ),
    ("report --db none.db", 2, &["none.db", "hint: "]),
    (
        "run -e synthetic_reasoning:mode=induction -m test:echo --data-dir nowhere",
        2,
        &["nowhere", "hint: "],
    ),
    (
        "run -e synthetic_reasoning:mode=induction -m test:echo --max-cache lots",
        2,
        &["lots", "hint: "],
    ),
    ("run -e bbq:subject=Age -m test:echo --offline", 2, &["hint: "]),
];

#[test]
fn mistakes_are_named_with_a_hint() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| fs::write(home.path().join(name), content).unwrap();
    write("bad.toml", b"suite = \"x\"\n[[entries]]\nscenari = \"bbq\"\n");
    write("bad.conf", b"entries: [ {description: \"mmlu:subject=anatomy\" priority 1} ]");
    write("not-a-database", b"hello, I am a text file and no database at all");
    write("short.gguf", b"GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f");
    fs::create_dir(home.path().join("empty-folder")).unwrap();
    for case in ENTRIES.iter().chain(PLACES) {
        check(home.path(), case);
    }
}

fn check(home: &Path, (line, code, says): &Case) {
    let arguments: Vec<&str> = line.split(' ').collect();
    let output = common::run(home, &arguments);
    let said = common::stderr(&output);
    assert_eq!(output.status.code(), Some(*code), "{line}\n{said}");
    for words in *says {
        assert!(said.contains(words), "`{line}` does not say `{words}`:\n{said}");
    }
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
    assert!(said.lines().count() <= 12, "too many words:\n{said}");
}

#[test]
fn nothing_is_written_over_and_a_broken_database_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("data.jsonl"), "{\"question\": \"1+1?\", \"answer\": \"2\"}\n")
        .unwrap();
    let first = common::run(home.path(), &["init", "scenario", "data.jsonl"]);
    assert!(first.status.success(), "{}", common::stderr(&first));
    let again = common::run(home.path(), &["init", "scenario", "data.jsonl"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(common::stderr(&again).contains("nothing is ever overwritten"));

    let made = common::run(
        home.path(),
        &["run", "-e", "synthetic_reasoning:mode=induction", "-m", "test:echo", "-n", "5"],
    );
    assert!(made.status.success(), "{}", common::stderr(&made));
    let path = home.path().join("holometer-results/holometer.db");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes.truncate(middle);
    fs::write(&path, &bytes).unwrap();
    for name in ["holometer.db-wal", "holometer.db-shm"] {
        let _ = fs::remove_file(path.with_file_name(name));
    }
    let broken = common::run(home.path(), &["report"]);
    assert_eq!(broken.status.code(), Some(2), "{}", common::stderr(&broken));
    assert!(common::stderr(&broken).contains("hint: "), "{}", common::stderr(&broken));
    assert_eq!(fs::read(&path).unwrap(), bytes, "a broken file is not touched");
}
