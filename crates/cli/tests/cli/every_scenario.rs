//! Every scenario can be planned from files in its dataset's layout, and asks what it always asked: its first three
//! prompts are kept. `HOLOMETER_UPDATE=1` writes them anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common;

/// Longer prompts are kept by their first and last characters.
const KEPT: usize = 280;
const PROMPTS: usize = 3;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Files in the datasets' layouts, written by us.
fn rows() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/tests/fixtures/upstream")
}

/// The first prompts of each run of a suite, by the run's name.
fn prompts(suite: &str, folders: &[PathBuf]) -> BTreeMap<String, Vec<Value>> {
    let home = tempfile::tempdir().unwrap();
    let suite = fixtures().join(suite);
    let mut command = common::holometer(home.path());
    command.args(["plan", "-m", "test:echo", "-n", "3", "--offline", "--requests", "-", "-c"]);
    command.arg(suite);
    for folder in folders {
        command.arg("--data-dir").arg(folder);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    let mut runs: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in common::stdout(&output).lines() {
        let request: Value = serde_json::from_str(line).unwrap();
        let list = runs.entry(request["run"].as_str().unwrap().to_owned()).or_default();
        if list.len() < PROMPTS {
            list.push(shortened(&request));
        }
    }
    runs
}

fn shortened(request: &Value) -> Value {
    let messages = &request["messages"];
    let text = match request["prompt"].as_str() {
        Some(prompt) if messages.is_null() || !prompt.is_empty() => prompt.to_owned(),
        _ => messages.to_string(),
    };
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= 2 * KEPT {
        return json!(text);
    }
    let part = |range: &[char]| range.iter().collect::<String>();
    json!({
        "characters": characters.len(),
        "starts": part(&characters[..KEPT]),
        "ends": part(&characters[characters.len() - KEPT..]),
    })
}

fn compare(kept: &str, found: &BTreeMap<String, Vec<Value>>) {
    let path = fixtures().join(kept);
    if std::env::var_os("HOLOMETER_UPDATE").is_some() {
        let text = serde_json::to_string_pretty(found).unwrap();
        std::fs::write(&path, text + "\n").unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let kept: BTreeMap<String, Vec<Value>> = serde_json::from_str(&text).unwrap();
    for (run, prompts) in &kept {
        assert_eq!(found.get(run), Some(prompts), "{run} asks something else than before");
    }
    assert_eq!(found.len(), kept.len(), "the same runs");
}

#[test]
fn scenarios_with_files_of_ours_ask_what_they_asked() {
    compare("prompts.json", &prompts("every_scenario.toml", &[rows()]));
}

#[test]
fn scenarios_of_the_reference_data_ask_what_they_asked() {
    let Some(data) = holometer_testkit::shared_path("data") else { return };
    compare(
        "prompts_of_reference_data.json",
        &prompts("every_scenario_of_reference_data.toml", &[data]),
    );
}

/// No scenario is left out of the two suites above.
#[test]
fn every_scenario_is_among_them() {
    let home = tempfile::tempdir().unwrap();
    let output = common::run(home.path(), &["list", "scenarios", "--format", "json"]);
    let listed: Value = serde_json::from_str(&common::stdout(&output)).unwrap();
    let listed: BTreeSet<String> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            for fact in ["licence", "source", "main metric"] {
                assert!(!row[fact].as_str().unwrap().is_empty(), "{row} lacks its {fact}");
            }
            row["scenario"].as_str().unwrap().to_owned()
        })
        .collect();
    let mut tried = BTreeSet::new();
    for suite in ["every_scenario.toml", "every_scenario_of_reference_data.toml"] {
        let text = std::fs::read_to_string(fixtures().join(suite)).unwrap();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("scenario = ") {
                tried.insert(name.trim_matches('"').to_owned());
            }
        }
    }
    assert_eq!(listed, tried);
    assert!(listed.len() >= 90, "{} scenarios", listed.len());
}
