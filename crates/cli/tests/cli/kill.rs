//! Nothing is lost: a run that is killed again and again ends with the scores of one that was not.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::common;

const RUN: [&str; 12] = [
    "run",
    "-e",
    "synthetic_reasoning:mode=induction",
    "-e",
    "synthetic_reasoning:mode=pattern_match",
    "-e",
    "dyck_language:num_parenthesis_pairs=3",
    "-m",
    "test:random",
    "-n",
    "400",
    "--quiet",
];

/// All cells but those that measure time.
fn cells(home: &Path) -> Vec<Value> {
    let output = common::run(home, &["report", "--format", "json"]);
    assert!(output.status.success(), "{}", common::stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let runs = report["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 3);
    let all = runs.iter().flat_map(|run| run["cells"].as_array().expect("cells"));
    let kept = all.filter(|cell| !cell["metric"].as_str().expect("a name").contains("runtime"));
    kept.cloned().collect()
}

#[test]
fn killed_twenty_times_it_ends_with_the_same_scores() {
    let whole = tempfile::tempdir().unwrap();
    let output = common::run(whole.path(), &RUN);
    assert!(output.status.success(), "{}", common::stderr(&output));

    let killed = tempfile::tempdir().unwrap();
    let mut interrupted = 0;
    for round in 0..20u64 {
        let mut child = common::holometer(killed.path())
            .args(RUN)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Points all over the run's first half second: a fixed scatter, so that the test is the same every time.
        std::thread::sleep(Duration::from_millis(5 + round * 7919 % 500));
        if child.try_wait().unwrap().is_none() {
            interrupted += 1;
        }
        // SIGKILL on Unix; it may have ended by itself.
        let _ = child.kill();
        child.wait().unwrap();
    }
    println!("{interrupted} of 20 were killed while running");
    assert!(interrupted > 0, "none was killed while running");
    let output = common::run(killed.path(), &RUN);
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert_eq!(cells(killed.path()), cells(whole.path()));
}

#[test]
fn a_second_run_answers_from_the_database() {
    let home = tempfile::tempdir().unwrap();
    let arguments =
        ["run", "-e", "synthetic_reasoning:mode=induction", "-m", "test:random", "-n", "20"];
    let first = common::run(home.path(), &arguments);
    let second = common::run(home.path(), &arguments);
    assert!(common::stderr(&first).contains("(20 asked now"), "{}", common::stderr(&first));
    assert!(common::stderr(&second).contains("(0 asked now"), "{}", common::stderr(&second));
    assert_eq!(
        first.stdout.split(|b| *b == b'\n').nth(4),
        second.stdout.split(|b| *b == b'\n').nth(4)
    );
}
