//! Workers with a share each, and their results in one database.

use std::path::Path;

use crate::common::{run, stderr, stdout};

const ENTRIES: [&str; 3] = [
    "synthetic_reasoning:mode=pattern_match",
    "synthetic_reasoning:mode=variable_substitution",
    "dyck_language:num_parenthesis_pairs=2",
];

fn evaluate(home: &Path, extra: &[&str]) -> std::process::Output {
    let mut arguments = vec!["run", "-m", "test:random", "-n", "4", "--suite", "made"];
    for entry in ENTRIES {
        arguments.extend(["-e", entry]);
    }
    arguments.extend(extra);
    run(home, &arguments)
}

/// The numbers of a database's report.
fn numbers(home: &Path, database: &str) -> Vec<String> {
    let output = run(
        home,
        &["report", "--db", database, "--suite", "made", "--format", "csv", "--metrics", "all"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let mut lines: Vec<String> = stdout(&output)
        .lines()
        .filter(|line| !["inference", "runtime", "seconds"].iter().any(|word| line.contains(word)))
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

#[test]
fn shares_of_workers_make_the_whole() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let whole = evaluate(home, &["--db", "whole.db"]);
    assert!(whole.status.success(), "{}", stderr(&whole));
    for share in ["1", "2"] {
        let output = evaluate(
            home,
            &["--shard", &format!("{share}/2"), "--db", &format!("part-{share}.db")],
        );
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let merged = run(home, &["merge", "part-1.db", "part-2.db", "--db", "all.db"]);
    assert!(merged.status.success(), "{}", stderr(&merged));
    assert!(stderr(&merged).contains("2 runs are new"), "{}", stderr(&merged));
    assert_eq!(numbers(home, "all.db"), numbers(home, "whole.db"));
    assert!(numbers(home, "part-1.db").len() < numbers(home, "whole.db").len());

    let again = run(home, &["merge", "part-1.db", "--db", "all.db"]);
    assert!(
        stderr(&again).contains("0 runs are new, 2 were there; 0 answers"),
        "{}",
        stderr(&again)
    );
    // What is merged is not asked again.
    let resumed = evaluate(home, &["--db", "all.db"]);
    assert!(resumed.status.success(), "{}", stderr(&resumed));
    assert_eq!(numbers(home, "all.db"), numbers(home, "whole.db"));
}

#[test]
fn mistakes_have_one_clear_message() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    std::fs::write(home.join("notes.txt"), "these are no results at all, only some text").unwrap();
    let made = evaluate(home, &["--db", "a.db"]);
    assert!(made.status.success(), "{}", stderr(&made));
    for (arguments, message) in [
        (
            vec!["merge", "absent.db", "--db", "all.db"],
            "there is no results database at `absent.db`",
        ),
        (vec!["merge", "notes.txt", "--db", "all.db"], "notes.txt"),
        (vec!["merge", "a.db", "--db", "a.db"], "can't be joined with itself"),
        (
            vec!["merge", "a.db", "--db", "all.db", "--suite", "other"],
            "no runs of the suite `other`",
        ),
        (vec!["plan", "-e", ENTRIES[0], "-m", "test:random", "--shard", "3/2"], "K/N"),
        (
            vec!["plan", "-e", ENTRIES[0], "-m", "test:random", "--shard", "2/2"],
            "this share is empty",
        ),
    ] {
        let output = run(home, &arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
        assert!(!home.join("all.db").exists(), "{arguments:?} left a file");
    }
}
