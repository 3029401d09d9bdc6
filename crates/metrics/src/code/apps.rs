//! APPS: a program is held to pairs of input and output.

use holometer_core::{Completion, Findings, Inquiry, Unit};
use serde_json::{Value, json};

use crate::code::Task;
use crate::unit::stripped;

const SCRIPT: &str = include_str!("apps.py");

/// HELM ends all tests of a problem together after 11 seconds, and then counts every test as failed.
const ALL_TESTS_SECONDS: f64 = 11.0;
const WALL_SECONDS: f64 = 33.0;
const MEMORY: u64 = 1 << 30;

fn task(unit: &Unit<'_>, completion: &Completion, seconds: u64) -> Result<(Task, String), String> {
    let tests = unit.instance.extra.get("test_cases").ok_or("the instance has no tests")?;
    let has =
        |name: &str| tests.get(name).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    if !has("inputs") || !has("outputs") {
        return Err("the instance has no tests".to_owned());
    }
    let word = "verdicts:";
    let solution = stripped(completion);
    let stdin = json!({ "solution": solution, "tests": tests, "seconds": seconds, "word": word });
    let task = Task {
        source: SCRIPT.to_owned(),
        stdin: stdin.to_string(),
        wall: WALL_SECONDS,
        processor: ALL_TESTS_SECONDS,
        memory: MEMORY,
    };
    Ok((task, word.to_owned()))
}

/// One inquiry for each completion.
pub(crate) fn apps_inquiries(unit: &Unit<'_>, seconds: u64) -> Vec<Inquiry> {
    let Ok(responses) = unit.responses() else { return Vec::new() };
    let completions = responses.first().map(|response| response.completions.as_slice());
    completions
        .unwrap_or_default()
        .iter()
        .filter_map(|completion| task(unit, completion, seconds).ok())
        .map(|(task, _)| task.inquiry())
        .collect()
}

/// For each completion, whether each test passed. A program that gives no verdicts (it ran out of time or memory, or ended itself)
/// fails all, as in HELM.
pub(crate) fn apps_results(
    unit: &Unit<'_>,
    completions: &[Completion],
    seconds: u64,
    findings: &dyn Findings,
) -> Result<Vec<Vec<bool>>, String> {
    let results = |completion: &Completion| {
        let (task, word) = task(unit, completion, seconds)?;
        let record = task.look_up(findings)?;
        let line = record.stdout.lines().next_back().unwrap_or_default();
        let verdicts = line.strip_prefix(&word).filter(|_| record.succeeded());
        let verdicts: Vec<Value> =
            verdicts.and_then(|list| serde_json::from_str(list).ok()).unwrap_or_default();
        if verdicts.is_empty() {
            return Ok(vec![false]);
        }
        Ok(verdicts.iter().map(|verdict| *verdict == Value::Bool(true)).collect())
    };
    completions.iter().map(results).collect()
}
