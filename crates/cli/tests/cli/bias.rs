//! Bias and fairness through the real binary: word lists of one's own, what could not be run, Perspective's scores, scorers on rewritten
//! texts.

use std::path::Path;
use std::process::Output;

use holometer_testkit::fake_server::{FakeReply, FakeServer, Reaction};
use serde_json::{Value, json};

use crate::common;

const PLANTED: &str = "planted-key-0123456789";

fn ok(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", common::stderr(output));
    common::stdout(output)
}

fn fairness(home: &Path) -> Value {
    let report = common::run(home, &["report", "--view", "fairness", "--format", "json"]);
    serde_json::from_str(&ok(&report)).unwrap()
}

/// A scenario over two lines, in which the model's answer repeats the question.
fn own_scenario(home: &Path) {
    let lines = "{\"q\": \"The crimson knight met the azure lady.\", \"a\": \"yes\"}\n{\"q\": \"An azure lady sings.\", \"a\": \"no\"}\n";
    std::fs::write(home.join("knights.jsonl"), lines).unwrap();
    let init = common::run(home, &["init", "scenario", "knights.jsonl"]);
    assert!(init.status.success(), "{}", common::stderr(&init));
}

#[test]
fn a_suite_file_chooses_the_word_list_and_scoring_again_keeps_it() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    own_scenario(home);
    std::fs::create_dir(home.join("suites")).unwrap();
    std::fs::write(home.join("suites/team.txt"), "team=red: crimson\nteam=blue: azure\n").unwrap();
    let suite = "suite = \"s\"\nmodels = [\"test:echo\"]\nlexicon = \"team.txt\"\n\n[[entries]]\nscenario = \"knights\"\n";
    std::fs::write(home.join("suites/s.toml"), suite).unwrap();
    let run = ["run", "-c", "suites/s.toml", "--scenario-file", "knights.toml", "--data-dir", "."];
    ok(&common::run(home, &run));
    let mentions = || {
        let table = common::run(home, &["export", "table", "--suite", "s", "-"]);
        ok(&table).lines().any(|line| line.contains("team=blue:1"))
    };
    assert!(mentions());
    ok(&common::run(home, &["rescore", "--suite", "s"]));
    assert!(mentions());
    // A flag wins, and a mistake is explained.
    let flagged = [&run[..], &["--lexicon", "helm"]].concat();
    ok(&common::run(home, &flagged));
    assert!(!mentions());
    std::fs::write(home.join("suites/team.txt"), "team=red: crimson\n").unwrap();
    let wrong = common::run(home, &run);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(common::stderr(&wrong).contains("only one group"), "{}", common::stderr(&wrong));
}

#[test]
fn what_could_not_be_run_is_in_later_reports_until_it_is_run() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let run = |entries: &[&str]| {
        let mut arguments =
            vec!["run", "-m", "test:random", "--suite", "s", "-n", "2", "--offline"];
        for entry in entries {
            arguments.extend(["-e", *entry]);
        }
        common::run(home, &arguments)
    };
    let output =
        run(&["dyck_language:num_parenthesis_pairs=2", "civil_comments:demographic=female"]);
    assert!(home.join("holometer-results").exists(), "{}", common::stderr(&output));
    let report = fairness(home);
    let not_run = report["not_run"].as_array().unwrap();
    assert_eq!(not_run.len(), 1, "{not_run:?}");
    assert!(not_run[0][0].as_str().unwrap().starts_with("civil_comments"));
    assert!(not_run[0][1].as_str().unwrap().contains("downloads are off"), "{not_run:?}");
    assert!(report["methods"].as_str().unwrap().contains("1 planned run could not be made"));
    let shown = ok(&common::run(home, &["report", "--view", "fairness"]));
    assert!(shown.contains("Not run, so that all its measures are missing: 1"), "{shown}");
    let strict = common::run(home, &["report", "--view", "fairness", "--strict"]);
    assert_eq!(strict.status.code(), Some(3));
}

/// The service: a score for each text, a complaint first, and a language that it does not know.
fn service() -> FakeServer {
    FakeServer::start(|request| {
        let body = request.json();
        let text = body["comment"]["text"].as_str().unwrap_or_default().to_owned();
        if request.number == 0 {
            let reply = FakeReply::json(429, &json!({ "error": { "message": "quota" } }));
            return Reaction::Reply(reply.with_header("retry-after", "0"));
        }
        if text.contains("saluton") {
            let error = json!({ "error": { "message": "does not support request languages: eo" } });
            return Reaction::Reply(FakeReply::json(400, &error));
        }
        let value = if text.contains("azure") { 0.75 } else { 0.25 };
        let score =
            json!({ "attributeScores": { "TOXICITY": { "summaryScore": { "value": value } } } });
        Reaction::Reply(FakeReply::json(200, &score))
    })
}

#[test]
fn perspective_is_asked_once_per_text_and_its_scores_are_used_under_their_own_name() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    own_scenario(home);
    let run = [
        "run",
        "-e",
        "knights",
        "-m",
        "test:echo",
        "--scenario-file",
        "knights.toml",
        "--data-dir",
        ".",
    ];
    ok(&common::run(home, &run));
    let server = service();
    let address = server.url();
    let ask = |more: &[&str], key: &str| {
        let arguments = [
            "scorer",
            "perspective",
            "-o",
            "scores.jsonl",
            "--per-second",
            "1000",
            "--address",
            &address,
        ];
        common::holometer(home)
            .args(arguments)
            .args(more)
            .env("PERSPECTIVE_API_KEY", key)
            .output()
            .unwrap()
    };
    let first = ask(&[], PLANTED);
    ok(&first);
    assert!(common::stderr(&first).contains("31 December 2026"), "{}", common::stderr(&first));
    let asked = server.requests();
    assert!(asked >= 2, "{asked}");
    ok(&ask(&[], PLANTED));
    assert_eq!(server.requests(), asked);
    ok(&common::run(home, &["rescore", "--perspective-scores", "scores.jsonl"]));
    let report = ok(&common::run(home, &["report", "--format", "json", "--metrics", "all"]));
    let report: Value = serde_json::from_str(&report).unwrap();
    let cells = report["runs"][0]["cells"].as_array().unwrap();
    let cell = cells.iter().find(|cell| cell["metric"] == "toxic_frac").unwrap();
    assert_eq!(cell["scorer"], "imported toxicity scores", "{cell}");
    assert!(cell["estimate"]["value"].as_f64().unwrap() > 0.0, "{cell}");
    std::fs::write(home.join("texts.txt"), "saluton\nhello\n").unwrap();
    let some = ask(&["--texts", "texts.txt"], PLANTED);
    assert_eq!(some.status.code(), Some(3), "{}", common::stderr(&some));
    assert!(common::stderr(&some).contains("languages: eo"), "{}", common::stderr(&some));
    let none = ask(&[], "");
    assert_eq!(none.status.code(), Some(2));
    assert!(common::stderr(&none).contains("PERSPECTIVE_API_KEY is not set"));
    for file in ["scores.jsonl", "holometer-results/holometer.db"] {
        let bytes = std::fs::read(home.join(file)).unwrap();
        let found = bytes.windows(PLANTED.len()).any(|window| window == PLANTED.as_bytes());
        assert!(!found, "the key is in {file}");
    }
}

#[test]
fn an_audit_tells_what_a_rewriting_does_to_a_scorer() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let lines: Vec<String> = (0..20)
        .map(|at| {
            format!("{{\"t\": \"they are with their brother, number {at}\", \"y\": {}}}\n", at % 2)
        })
        .collect();
    std::fs::write(home.join("texts.jsonl"), lines.concat()).unwrap();
    let dialect = home.join("lists/perturbations/dialect");
    std::fs::create_dir_all(&dialect).unwrap();
    std::fs::write(dialect.join("SAE_to_AAVE_mapping.json"), "{\"brother\": [\"bitch\"]}").unwrap();
    let audit = |scorer: &str, rewriting: &str| {
        let arguments = [
            "scorer",
            "audit",
            scorer,
            "texts.jsonl",
            "--text",
            "t",
            "--label",
            "y",
            "--rewrite",
            rewriting,
            "--data-dir",
            "lists",
            "--format",
            "json",
        ];
        common::run(home, &arguments)
    };
    let found: Value = serde_json::from_str(&ok(&audit("toxicity", "swap_dialect"))).unwrap();
    let row = &found["rewritten"][0];
    assert_eq!((row["n"].as_u64(), row["unchanged"].as_u64()), (Some(20), Some(0)), "{row}");
    assert!(row["change"].as_f64().unwrap() > 0.3 && row["p"].as_f64().unwrap() < 0.001, "{row}");
    assert_eq!(row["false_alarms_before"], 0.0);
    let none = audit("toxicity", "swap_religion:target=muslim");
    assert_eq!(none.status.code(), Some(4), "{}", common::stderr(&none));
    assert!(common::stderr(&none).contains("changes none of the texts"));
}

#[test]
fn no_cell_says_its_status_twice() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let run =
        ["run", "-m", "test:random", "-n", "3", "-e", "dyck_language:num_parenthesis_pairs=2"];
    ok(&common::run(home, &run));
    let table = ok(&common::run(home, &["export", "table", "-"]));
    let report = ok(&common::run(home, &["report", "--view", "fairness", "--format", "csv"]));
    assert!(table.contains("[not_applicable: ") && report.contains(",not_applicable,"), "{report}");
    for text in [&table, &report] {
        let plain = text.replace('_', " ");
        for status in ["not applicable", "not requested", "scorer unavailable", "failed"] {
            for between in [": ", ","] {
                assert!(!plain.contains(&format!("{status}{between}{status}")), "{plain}");
            }
        }
        for row in csv_rows(text) {
            let named = row.iter().position(|cell| cell == "not_applicable");
            let twice =
                named.is_some() && row.iter().any(|cell| cell.starts_with("not applicable:"));
            assert!(!twice, "{row:?}");
        }
    }
}

/// The cells of each line of a CSV text whose cells hold no line breaks.
fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| {
        let mut cells = vec![String::new()];
        let mut quoted = false;
        for letter in line.chars() {
            match letter {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                other => cells.last_mut().unwrap().push(other),
            }
        }
        cells
    };
    text.lines().map(cells).collect()
}
