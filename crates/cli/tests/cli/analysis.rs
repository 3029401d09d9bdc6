//! Reports of fairness, leaderboards, comparisons, power and the per-instance table, over a scenario of the test's own: yes/no
//! questions about women and men, from templates, answered by test models.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common;

const SCENARIO: &str = r#"
name = "jobs"
summary = "Whether people have a job"

[data]
format = "jsonl"

[[data.files]]
path = "jobs.jsonl"

[instance]
input = "{{ text }}"
groups = ["gender={{ gender }}"]
cluster = "{{ template }}"

[[instance.references]]
each = "['Yes', 'No']"
correct = "choice == answer"

[[adapter]]
like = "multiple_choice"
input_noun = "Question"
output_noun = "Answer"
max_train_instances = 0

[[metrics]]
set = "exact_match"

[main_metric]
metric = "exact_match"
split = "test"
"#;

/// Runs the scenario with two models that answer by chance and not at all.
fn evaluated() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    let mut rows = String::new();
    for id in 0..240 {
        let (template, woman, yes) = (id % 40, id % 2 == 0, id % 3 == 0);
        let (noun, gender) = if woman { ("woman", "female") } else { ("man", "male") };
        let (job, answer) = if yes { ("nurse", "Yes") } else { ("mystery", "No") };
        writeln!(
            rows,
            r#"{{"text": "The {noun} number {id} said that he is a {job}. Does he have a job?", "gender": "{gender}", "template": "t{template}", "answer": "{answer}"}}"#
        )
        .expect("memory takes text");
    }
    fs::write(home.path().join("jobs.jsonl"), rows).expect("the data is written");
    fs::write(home.path().join("jobs.toml"), SCENARIO).expect("the scenario is written");
    let run = common::run(
        home.path(),
        &[
            "run",
            "--scenario-file",
            "jobs.toml",
            "-e",
            "jobs:data_augmentation=gender_pronouns_deterministic",
            "-m",
            "test:random",
            "-m",
            "test:echo",
            "--suite",
            "s",
        ],
    );
    assert!(run.status.success(), "{}", common::stderr(&run));
    home
}

fn json(home: &Path, arguments: &[&str]) -> Value {
    let output = common::run(home, &[arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", common::stderr(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn code(home: &Path, arguments: &[&str]) -> Option<i32> {
    common::run(home, arguments).status.code()
}

#[test]
fn every_cell_of_the_fairness_view_is_a_number_or_a_reason() {
    let home = evaluated();
    let report = json(home.path(), &["report", "--view", "fairness"]);
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let mut found = Vec::new();
    for cell in rows.iter().flat_map(|row| row["cells"].as_array().unwrap()) {
        let measure = format!("{}: {}", cell["family"].as_str().unwrap(), cell["measure"]);
        let entry = &cell["entry"];
        if let Some(finding) = entry.get("found") {
            assert!(finding["value"].is_number() && finding["n"].is_number(), "{cell}");
            assert_eq!(finding["p_value"].is_number(), finding["verdict"].is_string(), "{cell}");
            found.push(measure);
        } else {
            assert!(entry["missing"]["status"].is_string(), "{cell}");
        }
    }
    for family in ["accuracy", "worst_case", "accuracy_change", "slice_gap", "refusal"] {
        assert!(found.iter().any(|measure| measure.starts_with(family)), "{family}: {found:?}");
    }
    assert!(found.iter().any(|measure| measure.contains("gender (annotated): accuracy gap")));
    let methods = report["methods"].as_str().unwrap();
    assert!(methods.contains("2 models on the scenario jobs"), "{methods}");
    // 240 questions from 40 templates: the clusters are the templates.
    let accuracy = &rows[0]["cells"][0]["entry"]["found"];
    assert_eq!((&accuracy["n"], &accuracy["clusters"]), (&240.into(), &40.into()));
}

#[test]
fn the_fairness_view_has_every_format_and_its_csv_no_blank() {
    let home = evaluated();
    let view = |format: &str| {
        let arguments = ["report", "--view", "fairness", "--format", format];
        let output = common::run(home.path(), &arguments);
        assert!(output.status.success(), "{}", common::stderr(&output));
        common::stdout(&output)
    };
    let csv = view("csv");
    assert!(csv.starts_with("scenario,model,family,measure,status,value,"), "{csv}");
    for line in csv.lines() {
        assert!(!line.contains(",,") && !line.ends_with(','), "{line}");
    }
    assert!(view("table").contains("Coverage: every planned entry is a number or has its reason"));
    assert!(view("markdown").contains("**Methods**"));
    assert!(view("latex").contains("\\toprule") && view("latex").contains("\\paragraph{Methods}"));
    assert!(view("html").starts_with("<!DOCTYPE html>"));
}

#[test]
fn gates_and_strictness_have_exit_codes() {
    let home = evaluated();
    assert_eq!(code(home.path(), &["report", "--fail-if", "accuracy<0.01"]), Some(5));
    assert_eq!(code(home.path(), &["report", "--fail-if", "accuracy>0.99"]), Some(0));
    assert_eq!(code(home.path(), &["report", "--fail-if", "no_such_metric<1"]), Some(2));
    let fairness = ["report", "--view", "fairness"];
    assert_eq!(code(home.path(), &fairness), Some(0));
    assert_eq!(code(home.path(), &[&fairness[..], &["--fail-if", "missing>0"]].concat()), Some(5));
    // There is no placebo, which the user could ask for.
    assert_eq!(code(home.path(), &[&fairness[..], &["--strict"]].concat()), Some(3));
    let compare = ["compare", "echo", "random", "--fail-if", "difference.high<0"];
    assert_eq!(code(home.path(), &compare), Some(5));
}

#[test]
fn two_models_are_compared_on_the_same_instances() {
    let home = evaluated();
    let comparison = json(home.path(), &["compare", "random", "test:echo"]);
    let one = &comparison["scenarios"][0];
    assert_eq!(
        one["label"],
        "jobs,data_augmentation=gender_pronouns_prob=1.0_source=male_target=female"
    );
    assert_eq!(
        (&one["difference"]["n"], &one["difference"]["clusters"]),
        (&240.into(), &40.into())
    );
    // The echo never answers with a letter.
    let right = one["agreement"]["only_first"].as_u64().unwrap();
    assert_eq!(one["second"], 0.0);
    assert_eq!(one["first"].as_f64().unwrap(), right as f64 / 240.0);
    assert_eq!(one["better"], "first");
    assert_eq!(comparison["overall_better"], "first");
    let nobody = common::run(home.path(), &["compare", "random", "claude"]);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(common::stderr(&nobody).contains("its models are test:echo, test:random"));

    let board = json(home.path(), &["report", "--view", "leaderboard"]);
    assert_eq!(board["standings"][0]["model"], "test:random");
    assert_eq!(board["standings"][0]["mean_win_rate"], 1.0);
    assert_eq!(
        (&board["standings"][0]["ties"], &board["standings"][1]["ties"]),
        (&"a".into(), &"b".into())
    );

    let power = json(home.path(), &["power", "--difference", "0.05"]);
    assert!(power[0]["plan"]["instances"].as_u64().unwrap() > 240, "{power}");
    let given = json(home.path(), &["power", "-d", "0.05", "--deviation", "0.45"]);
    assert_eq!(given[0]["plan"]["instances"], 636);
}

#[test]
fn the_per_instance_table_has_a_row_for_every_copy_and_no_blank() {
    let home = evaluated();
    let output = common::run(home.path(), &["export", "table", "--format", "jsonl"]);
    assert!(output.status.success(), "{}", common::stderr(&output));
    let rows: Vec<Value> =
        common::stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2 * 2 * 240);
    let copies = rows.iter().filter(|row| row["perturbation"] != "none").count();
    assert_eq!(copies, 480);
    for row in &rows {
        for (key, value) in row.as_object().unwrap() {
            let blank = value.is_null() || value.as_str() == Some("");
            assert!(!blank, "{key} of {row}");
        }
        assert!(row["correct"].is_number(), "{row}");
    }
    let csv = common::stdout(&common::run(home.path(), &["export", "table"]));
    assert_eq!(csv.lines().count(), 1 + rows.len());
    assert!(csv.lines().all(|line| !line.contains(",,")), "a cell is blank");
}
