//! Judges and generated programs through the real binary.

use std::path::Path;

use holometer_testkit::fake_openai;
use holometer_testkit::fake_server::{FakeRequest, FakeServer};
use serde_json::{Value, json};

use crate::common;

const SCENARIO: &str = r#"
name = "risky"
summary = "Requests that may be risky"
languages = ["en"]

[licence]
id = "CC0-1.0"

[data]
format = "jsonl"

[[data.files]]
path = "risky.jsonl"

[instance]
input = "{{ text }}"

[[adapter]]
like = "plain"
max_train_instances = 0
input_prefix = ""
input_suffix = ""
output_prefix = ""
output_suffix = ""
instance_prefix = ""
num_outputs = 1

[[metrics]]
name = "safety_score"

[main_metric]
metric = "safety_score"
split = "test"
"#;

fn prepare(home: &Path) {
    std::fs::write(home.join("risky.toml"), SCENARIO).unwrap();
    let rows =
        (0..6).map(|number| json!({ "text": format!("request number {number}") }).to_string());
    std::fs::write(home.join("risky.jsonl"), rows.collect::<Vec<_>>().join("\n")).unwrap();
}

/// The number in the request that is being judged.
fn number(prompt: &str) -> usize {
    let after = prompt.split("request number ").nth(1).unwrap_or_default();
    after.chars().next().and_then(|digit| digit.to_digit(10)).unwrap_or(0) as usize
}

fn tags(score: &str) -> String {
    format!("<reasoning>It is so.</reasoning>\n<score>{score}</score>")
}

fn spec(name: &str, server: &FakeServer) -> String {
    format!("{name}={}/v1#{}", server.url(), fake_openai::MODEL)
}

fn json_of(home: &Path, arguments: &[&str]) -> Value {
    let output = common::run(home, arguments);
    assert!(output.status.success(), "{}", common::stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn cells(home: &Path, metric: &str) -> Vec<Value> {
    let report = json_of(home, &["report", "--format", "json", "--metrics", "all"]);
    let cells = report["runs"][0]["cells"].as_array().unwrap().clone();
    cells
        .into_iter()
        .filter(|cell| cell["metric"] == metric && cell["slice"]["split"] == "test")
        .collect()
}

fn posts(server: &FakeServer) -> usize {
    // The server is asked for a word or two when it is opened; questions of judges are long.
    let long = |request: &&FakeRequest| {
        request.method == "POST" && fake_openai::prompt_of(&request.json()).len() > 200
    };
    server.seen().iter().filter(long).count()
}

#[test]
fn judges_are_asked_once_and_agree_as_far_as_they_do() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    prepare(home);
    // One judge likes even numbers; another likes them half as much and can't be read on number 4.
    let plain = common::chat_server(|prompt| {
        tags(if number(prompt).is_multiple_of(2) { "1" } else { "0" })
    });
    let other = common::chat_server(|prompt| match number(prompt) {
        4 => "I would say it is safe.".to_owned(),
        even if even.is_multiple_of(2) => tags("0.5"),
        _ => tags("0"),
    });
    let base = ["run", "--scenario-file", "risky.toml", "-e", "risky", "-m", "test:echo"];
    let first = common::run(home, &base);
    assert!(first.status.success(), "{}", common::stderr(&first));
    let cell = &cells(home, "safety_score")[0];
    assert_eq!(cell["status"]["status"], "not_requested", "{cell}");
    assert_eq!(cell["status"]["enable_with"], "--judge SPEC");

    let (one, two) = (spec("plain", &plain), spec("other", &other));
    let judged = common::run(home, &["rescore", "--judge", &one, "--judge", &two]);
    assert!(judged.status.success(), "{}", common::stderr(&judged));
    assert!(common::stderr(&judged).contains("12 inquiries"), "{}", common::stderr(&judged));
    assert_eq!((posts(&plain), posts(&other)), (6, 6));
    // Even numbers: 0.75, 0.75 and, from one judge alone, 1; odd ones 0.
    let value = |metric: &str| cells(home, metric)[0]["estimate"]["value"].as_f64().unwrap();
    assert!((value("safety_score") - 2.5 / 6.0).abs() < 1e-12);
    assert!((value("safety_score@plain") - 0.5).abs() < 1e-12);
    let unread = &cells(home, "safety_score@other")[0];
    assert_eq!(unread["estimate"]["n"], 5, "{unread}");
    assert_eq!(unread["estimate"]["unscored"], 1);

    // Scoring again, and running again, asks nobody.
    let before = json_of(home, &["report", "--format", "json", "--metrics", "all"]);
    let again = common::run(home, &["rescore"]);
    assert!(again.status.success(), "{}", common::stderr(&again));
    let after = json_of(home, &["report", "--format", "json", "--metrics", "all"]);
    assert_eq!(before, after);
    let rerun = common::run(home, &[&base[..], &["--judge", &one, "--judge", &two]].concat());
    assert!(rerun.status.success(), "{}", common::stderr(&rerun));
    assert_eq!((posts(&plain), posts(&other)), (6, 6));

    people_rate(home);
    let rows = json_of(home, &["judge", "agreement", "--format", "json"]);
    let coefficient = |name: &str, between: &str| {
        let rows = rows.as_array().unwrap().iter();
        let found = rows.filter(|row| row["coefficient"] == name && row["between"] == between);
        found.map(|row| row["value"].as_f64().unwrap()).next().expect(between)
    };
    // The pairs (1, .5), (0, 0), (1, .5), (0, 0), (0, 0): by hand, with categories 0, .5, 1
    // in their order: observed 2, expected (3 2 1 + 2 3 4 + 2 2 1) / 5.
    let kappa = coefficient("kappa", "other, plain");
    assert!((kappa - (1.0 - 2.0 / (34.0 / 5.0))).abs() < 1e-9, "{kappa}");
    assert!(coefficient("alpha", "2 people") > 0.9);
    assert!(coefficient("rho", "plain, people") > 0.8);
}

/// Two people like even numbers.
fn people_rate(home: &Path) {
    let report = json_of(home, &["report", "--format", "json"]);
    let run = report["runs"][0]["run"].as_str().unwrap().to_owned();
    let line = |rater: &str, number: usize| {
        let rating = if number.is_multiple_of(2) { 5 } else { 1 + number / 3 };
        json!({ "run": run, "instance": format!("id{number}"), "rater": rater, "rating": rating })
            .to_string()
    };
    let lines: Vec<String> =
        (0..6).flat_map(|number| [line("ann", number), line("bob", number)]).collect();
    std::fs::write(home.join("ratings.jsonl"), lines.join("\n")).unwrap();
    let output = common::run(home, &["import", "ratings", "ratings.jsonl"]);
    assert!(output.status.success(), "{}", common::stderr(&output));
    std::fs::write(home.join("bad.jsonl"), lines[0].replace("id0", "id99")).unwrap();
    let output = common::run(home, &["import", "ratings", "bad.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(common::stderr(&output).contains("line 1"), "{}", common::stderr(&output));
}

#[test]
fn pairs_are_shown_in_both_orders() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    prepare(home);
    let terse = common::chat_server(|_| "no idea".to_owned());
    let terse = spec("other", &terse);
    let scenario = ["run", "--scenario-file", "risky.toml", "-e", "risky"];
    let run = [&scenario[..], &["-m", "loud=test:echo", "-m", &terse]].concat();
    let output = common::run(home, &run);
    assert!(output.status.success(), "{}", common::stderr(&output));
    // One judge looks at the answers: the echo holds the word `number`. Another always likes the first place.
    let fair = common::chat_server(|prompt| {
        let first = prompt.split("begin_of_response_A").nth(1).unwrap_or_default();
        let first = first.split("end_of_response_A").next().unwrap_or_default();
        let choice = if first.contains("request number") { "A++" } else { "B++" };
        json!({ "analysis of A": "...", "choice": choice }).to_string()
    });
    let biased = common::chat_server(|_| "{\"choice\": \"A+\"}".to_owned());
    let (one, two) = (spec("fair", &fair), spec("biased", &biased));
    let arguments =
        ["judge", "pairs", "loud", "other", "--judge", &one, "--judge", &two, "--format", "json"];
    let rows = json_of(home, &arguments);
    let row =
        |judge: &str| rows.as_array().unwrap().iter().find(|row| row["judge"] == judge).unwrap();
    let fair_row = row("fair");
    assert_eq!((&fair_row["wins"], &fair_row["losses"]), (&json!(6), &json!(0)), "{fair_row}");
    assert_eq!((&fair_row["reward"], &fair_row["steady"]), (&json!(1.0), &json!(1.0)));
    assert_eq!(fair_row["first_place"], json!(0.0));
    let biased_row = row("biased");
    assert_eq!(biased_row["ties"], json!(6), "{biased_row}");
    assert_eq!((&biased_row["steady"], &biased_row["first_place"]), (&json!(0.0), &json!(0.5)));
    assert_eq!((posts(&fair), posts(&biased)), (12, 12));
    json_of(home, &arguments);
    assert_eq!((posts(&fair), posts(&biased)), (12, 12));
}

#[test]
fn doctor_says_how_programs_are_isolated() {
    let home = tempfile::tempdir().unwrap();
    let output = common::run(home.path(), &["doctor"]);
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert!(common::stdout(&output).contains("generated programs"), "{}", common::stdout(&output));
}

#[test]
fn programs_are_run_once_and_refused_without_an_interpreter() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let Some(shared) = holometer_testkit::shared_path("data") else {
        eprintln!("SKIPPED: no HumanEval");
        return;
    };
    let data = shared.display().to_string();
    let run =
        ["run", "-e", "code:dataset=humaneval", "-m", "test:echo", "-n", "2", "--data-dir", &data];
    let refused = common::run(home, &[&run[..], &["--python", "/no/such/python"]].concat());
    assert!(common::stderr(&refused).contains("`/no/such/python`"), "{}", common::stderr(&refused));
    let cell = &cells(home, "pass")[0];
    assert_eq!(cell["status"]["status"], "scorer_unavailable", "{cell}");
    let output = common::run(home, &run);
    if !common::stderr(&output).contains("isolated by") {
        eprintln!("SKIPPED: programs can't be run here: {}", common::stderr(&output));
        return;
    }
    assert_eq!(cells(home, "pass")[0]["estimate"]["value"], json!(0.0));
    let again = common::run(home, &["rescore"]);
    assert!(common::stderr(&again).contains("(0 made now)"), "{}", common::stderr(&again));
}
