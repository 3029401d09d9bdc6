//! Every mistake gets one clear message, a hint, and exit code 2 (or 3).

mod common;

use std::fs;
use std::path::Path;

struct Case<'a> {
    arguments: Vec<&'a str>,
    code: i32,
    says: &'a [&'a str],
}

fn check(home: &Path, case: &Case<'_>) {
    let output = common::run(home, &case.arguments);
    let said = common::stderr(&output);
    assert_eq!(output.status.code(), Some(case.code), "{:?}\n{said}", case.arguments);
    for words in case.says {
        assert!(said.contains(words), "{:?} does not say `{words}`:\n{said}", case.arguments);
    }
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
    assert!(said.lines().count() <= 12, "too many words:\n{said}");
}

#[test]
fn mistakes_are_named_with_a_hint() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("bad.toml"), "suite = \"x\"\n[[entries]]\nscenari = \"bbq\"\n")
        .unwrap();
    fs::write(
        home.path().join("bad.conf"),
        "entries: [ {description: \"mmlu:subject=anatomy\" priority 1} ]",
    )
    .unwrap();
    fs::write(home.path().join("not-a-database"), "hello, I am a text file and no database at all")
        .unwrap();
    fs::write(home.path().join("short.gguf"), b"GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f")
        .unwrap();
    fs::create_dir(home.path().join("empty-folder")).unwrap();
    let entry = "synthetic_reasoning:mode=induction";
    let cases = [
        Case {
            arguments: vec!["plan", "-e", "synthetic_resoning", "-m", "test:echo"],
            code: 2,
            says: &[],
        },
        Case {
            arguments: vec!["run", "-e", "synthetic_resoning", "-m", "test:echo"],
            code: 2,
            says: &["unknown scenario `synthetic_resoning`", "synthetic_reasoning", "hint: "],
        },
        Case {
            arguments: vec!["run", "-e", "synthetic_reasoning:mode=inducton", "-m", "test:echo"],
            code: 2,
            says: &["inducton", "induction", "hint: "],
        },
        Case {
            arguments: vec!["run", "-e", "synthetic_reasoning:moode=induction", "-m", "test:echo"],
            code: 2,
            says: &["moode", "`mode`", "hint: "],
        },
        Case {
            arguments: vec!["run", "-e", "mmlu:subject=", "-m", "test:echo"],
            code: 2,
            says: &["hint: "],
        },
        Case { arguments: vec!["run", "-e", entry], code: 2, says: &["no model", "hint: "] },
        Case {
            arguments: vec!["run", "-m", "test:echo"],
            code: 4,
            says: &["nothing is selected", "hint: "],
        },
        Case {
            arguments: vec!["run", "-c", "missing.toml", "-m", "test:echo"],
            code: 2,
            says: &["missing.toml", "hint: "],
        },
        Case {
            arguments: vec!["run", "-c", "bad.toml", "-m", "test:echo"],
            code: 2,
            says: &["bad.toml:3:1", "scenari", "scenario"],
        },
        Case {
            arguments: vec!["run", "-c", "bad.conf", "-m", "test:echo"],
            code: 2,
            says: &["bad.conf:1:"],
        },
        Case {
            arguments: vec!["run", "-e", entry, "-m", "short.gguf"],
            code: 2,
            says: &["short.gguf", "hint: "],
        },
        Case {
            arguments: vec!["run", "-e", entry, "-m", "./no-such-model"],
            code: 2,
            says: &["no-such-model", "hint: "],
        },
        Case {
            arguments: vec!["run", "-e", entry, "-m", "path:empty-folder"],
            code: 2,
            says: &["empty-folder", "hint: "],
        },
        Case {
            arguments: vec!["run", "-e", entry, "-m", "http://127.0.0.1:9/v1#m"],
            code: 2,
            says: &["127.0.0.1:9", "hint: "],
        },
        Case {
            arguments: vec!["run", "-e", entry, "-m", "opnai:gpt-4o"],
            code: 2,
            says: &["opnai", "openai", "hint: "],
        },
        Case {
            arguments: vec!["run", "-e", entry, "-m", "openai:gpt-4o"],
            code: 2,
            says: &["OPENAI_API_KEY", "hint: "],
        },
        Case {
            arguments: vec!["run", "-e", entry, "-m", "test:echo", "--db", "not-a-database"],
            code: 2,
            says: &["not-a-database", "hint: "],
        },
        Case {
            arguments: vec!["run", "-e", entry, "-m", "test:echo", "--db", "/proc/nowhere/x.db"],
            code: 2,
            says: &["/proc/nowhere", "hint: "],
        },
        Case {
            arguments: vec!["report", "--db", "none.db"],
            code: 2,
            says: &["none.db", "hint: "],
        },
        Case {
            arguments: vec!["run", "-e", entry, "-m", "test:echo", "--data-dir", "nowhere"],
            code: 2,
            says: &["nowhere", "hint: "],
        },
        Case {
            arguments: vec!["run", "-e", entry, "-m", "test:echo", "--max-cache", "lots"],
            code: 2,
            says: &["lots", "hint: "],
        },
        Case {
            arguments: vec!["run", "-e", "bbq:subject=Age", "-m", "test:echo", "--offline"],
            code: 2,
            says: &["hint: "],
        },
        Case {
            arguments: vec!["show", "scenario", "bbbq"],
            code: 2,
            says: &["bbbq", "`bbq`", "hint: "],
        },
        Case { arguments: vec!["check", "missing.toml"], code: 2, says: &["missing.toml"] },
        Case { arguments: vec!["perturb", "tpyos:prob=0.1"], code: 2, says: &["tpyos", "hint: "] },
    ];
    for case in &cases {
        check(home.path(), case);
    }
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
