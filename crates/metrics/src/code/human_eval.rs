//! HumanEval: a function is completed and held to its tests.

use holometer_core::{Completion, Findings, Inquiry, Unit};
use serde::Deserialize;

use crate::code::Task;
use crate::unit::stripped;

const SCRIPT: &str = include_str!("human_eval.py");

/// HELM gives a program 3 seconds on the clock. Here that is its processor time; the clock only ends programs that wait, so that a
/// busy machine does not change verdicts.
const PROCESSOR_SECONDS: f64 = 3.0;
const WALL_SECONDS: f64 = 12.0;
const MEMORY: u64 = 1 << 30;

/// A problem, in the data set's own words.
#[derive(Deserialize)]
struct Problem {
    prompt: String,
    test: String,
    entry_point: String,
}

fn problem(unit: &Unit<'_>) -> Result<Problem, String> {
    let tests = unit.instance.extra.get("test_cases").ok_or("the instance has no tests")?;
    serde_json::from_value(tests.clone())
        .map_err(|error| format!("the instance's tests can't be read: {error}"))
}

/// The program that HELM runs: `check_correctness` in `code_metrics_helper.py`.
fn program(problem: &Problem, completion: &str) -> String {
    let Problem { prompt, test, entry_point } = problem;
    format!("{prompt}    {completion}\n{test}\ncheck({entry_point})")
}

fn task(program: &str) -> (Task, String) {
    let word = format!("passed {:016x}", fingerprint(program));
    let stdin = serde_json::json!({ "program": program, "word": word }).to_string();
    let task = Task {
        source: SCRIPT.to_owned(),
        stdin,
        wall: WALL_SECONDS,
        processor: PROCESSOR_SECONDS,
        memory: MEMORY,
    };
    (task, word)
}

/// A number that the model can't know when it writes the program (FNV-1a, 64 bits).
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// One inquiry for each completion.
pub(crate) fn human_eval_inquiries(unit: &Unit<'_>) -> Vec<Inquiry> {
    let (Ok(problem), Ok(responses)) = (problem(unit), unit.responses()) else { return Vec::new() };
    let completions = responses.first().map(|response| response.completions.as_slice());
    let inquiry =
        |completion: &Completion| task(&program(&problem, stripped(completion))).0.inquiry();
    completions.unwrap_or_default().iter().map(inquiry).collect()
}

/// Whether each completion passes.
pub(crate) fn human_eval_results(
    unit: &Unit<'_>,
    completions: &[&Completion],
    findings: &dyn Findings,
) -> Result<Vec<bool>, String> {
    let problem = problem(unit)?;
    let passes = |completion: &&Completion| {
        let (task, word) = task(&program(&problem, stripped(completion)));
        let record = task.look_up(findings)?;
        Ok(record.succeeded() && record.stdout.lines().next_back() == Some(word.as_str()))
    };
    completions.iter().map(passes).collect()
}
