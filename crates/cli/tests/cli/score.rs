//! `score`: numbers of files of predictions, groups, intervals, and what is wrong with a line.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{run, stderr, stdout};

const PREDICTIONS: &str = r#"{"prediction": "The Eiffel Tower.", "references": ["Eiffel Tower", "La tour"], "group": {"topic": "sights"}, "logprobs": [-0.1, -0.2]}
{"prediction": "Rome", "reference": "Paris", "group": {"topic": "capitals"}, "logprobs": [-0.5]}

{"prediction": "B", "choices": ["Rome", "Paris"], "answer": "Paris", "group": ["topic: capitals", "lettered"], "logprobs": [-0.25]}
"#;

fn with(predictions: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    fs::write(home.path().join("p.jsonl"), predictions).expect("a file");
    home
}

fn rows(home: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = run(home, &[arguments, &["--format", "json", "p.jsonl"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).expect("the output is JSON")
}

fn value(rows: &[Value], metric: &str, group: Option<&str>) -> f64 {
    let row = rows.iter().find(|row| row["metric"] == metric && row["group"].as_str() == group);
    row.and_then(|row| row["estimate"]["value"].as_f64())
        .unwrap_or_else(|| panic!("no value of `{metric}` for {group:?} in {rows:#?}"))
}

#[test]
fn every_metric_has_a_row_for_all_lines_and_one_per_group() {
    let home = with(PREDICTIONS);
    let rows = rows(home.path(), &["score", "--metrics", "em,f1,ece_1_bin"]);
    assert_eq!(value(&rows, "exact_match", None), 1.0 / 3.0);
    assert_eq!(value(&rows, "f1_score", None), 2.0 / 3.0);
    assert_eq!(value(&rows, "f1_score", Some("topic: capitals")), 0.5);
    assert_eq!(value(&rows, "f1_score", Some("lettered")), 1.0);
    let confidences = (-0.3_f64).exp() + (-0.5_f64).exp() + (-0.25_f64).exp();
    assert!((value(&rows, "ece_1_bin", None) - (confidences - 1.0) / 3.0).abs() < 1e-12);
    assert_eq!(rows.len(), 3 * 4);
    for row in &rows {
        let estimate = &row["estimate"];
        assert!(estimate["n"].as_u64().is_some_and(|n| n > 0), "{row}");
        if row["metric"] != "ece_1_bin" {
            assert_eq!(estimate["interval"]["level"], 0.95, "{row}");
        }
    }
    let table = stdout(&run(home.path(), &["score", "--metrics", "em", "p.jsonl"]));
    for words in ["metric", "group", "low", "high", "unscored", "topic: sights", "95% interval"] {
        assert!(table.contains(words), "{table}");
    }
    let csv = stdout(&run(home.path(), &["score", "-m", "em", "--format", "csv", "p.jsonl"]));
    assert!(csv.starts_with("metric,group,value,low,high,n,clusters,unscored,note\n"), "{csv}");
    let lines = stdout(&run(home.path(), &["score", "-m", "em", "--per-line", "p.jsonl"]));
    let last: Value = serde_json::from_str(lines.lines().last().expect("a line")).expect("JSON");
    assert_eq!((&last["line"], &last["scores"]["exact_match"]), (&4.into(), &1.0.into()));
}

#[test]
fn families_with_arguments_and_instructions_are_scored() {
    let home = with(
        r#"{"prediction": "yes", "answer": "yes", "extra": {"instruction_ids": ["punctuation:no_comma"], "instruction_kwargs": [{}]}}
{"prediction": "no, never", "answer": "no", "extra": {"instruction_ids": ["punctuation:no_comma"], "instruction_kwargs": [{}]}}
"#,
    );
    let classes = r#"{"name": "classification", "args": {"labels": ["yes", "no"], "label_map": {"no never": "no"}}}"#;
    let rows = rows(home.path(), &["score", "--metrics", "ifeval,wer", "--metric", classes]);
    assert_eq!(value(&rows, "ifeval_strict_accuracy", None), 0.5);
    assert_eq!(value(&rows, "ifeval_strict_by_kind@punctuation:no_comma", None), 0.5);
    assert_eq!(value(&rows, "wer_score", None), 0.5);
    assert_eq!(value(&rows, "classification_macro_f1", None), 1.0);
    assert_eq!(value(&rows, "confusion@no as no", None), 1.0);
}

#[test]
fn bad_lines_are_named_with_their_numbers() {
    let home = with(&format!("{PREDICTIONS}nope\n{{\"prediction\": 3}}\n{{\"text\": \"a\"}}\n"));
    let output = run(home.path(), &["score", "--metrics", "f1", "p.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    for words in [
        "line 5 of `p.jsonl`: not JSON",
        "line 6 of `p.jsonl`: expected a text or a list of texts",
        "line 7 of `p.jsonl`: unknown field `text`",
        "hint: mend them, or leave them out with `--skip-bad-lines`",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let output = run(home.path(), &["score", "-m", "f1", "--skip-bad-lines", "p.jsonl"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("left out line 6 of `p.jsonl`"), "{}", stderr(&output));
    assert!(stdout(&output).contains("f1_score"));
}

#[test]
fn unknown_metrics_and_empty_files_get_a_hint() {
    let home = with("");
    for (arguments, code, words) in [
        (vec!["score", "-m", "rogue_l", "p.jsonl"], 2, "did you mean `rouge_l`?"),
        (vec!["score", "-m", "NDCG", "p.jsonl"], 2, "give them with `--metric JSON`"),
        (vec!["score", "-m", "classification", "p.jsonl"], 2, "list every class in `labels`"),
        (vec!["score", "--metric", "{", "p.jsonl"], 2, "write it as {\"name\""),
        (vec!["score", "-m", "f1", "p.jsonl"], 4, "holds no predictions"),
        (vec!["score", "-m", "f1", "absent.jsonl"], 2, "can't read `absent.jsonl`"),
    ] {
        let output = run(home.path(), &arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn compressed_files_and_lines_without_references_are_named() {
    let home = with("{\"prediction\": \"a\", \"references\": []}\n");
    let output = run(home.path(), &["score", "-m", "f1", "p.jsonl"]);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert!(stderr(&output).contains("give each line `references`"), "{}", stderr(&output));
    for (mark, words) in [
        (&[0x1f, 0x8b, 8, 0][..], "compressed (gzip)"),
        (&[0x28, 0xb5, 0x2f, 0xfd][..], "`zstd -dc FILE | holometer score ... -`"),
    ] {
        std::fs::write(home.path().join("p.packed"), mark).unwrap();
        let output = run(home.path(), &["score", "-m", "f1", "p.packed"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}
