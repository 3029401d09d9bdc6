//! Generated programs: HumanEval's own solutions and spoilt ones, and APPS's verdicts, by way of the sandbox.

use std::io::Read;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use holometer_core::{
    Inquiry, Instance, Method, Metric, MetricOptions, MetricSpec, ModelName, NoFindings,
    RecordedFindings, Reference, Score, Split, Value,
};
use holometer_sandbox::{Interpreter, Policy, Sandbox};
use serde_json::json;

use crate::common::{SmallRun, answered};

/// A sandbox, or nothing where generated programs can't be run.
fn sandbox() -> Option<Sandbox> {
    match Interpreter::find().and_then(|python| Sandbox::new(python, Policy::IsolatedOnly)) {
        Ok(sandbox) => Some(sandbox),
        Err(error) => {
            eprintln!("SKIPPED: {error}");
            None
        }
    }
}

fn run_all(sandbox: &Sandbox, inquiries: &[Inquiry]) -> RecordedFindings {
    let findings = Mutex::new(RecordedFindings::default());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(inquiry) = inquiries.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let outcome = holometer_metrics::code::execute(sandbox, &inquiry.request);
                    let by = ModelName::new("python");
                    findings.lock().unwrap().add(&inquiry.request, &by, outcome);
                }
            });
        }
    });
    findings.into_inner().unwrap()
}

fn human_eval() -> Box<dyn Metric> {
    let args = json!({ "names": ["code_eval_acc", "pass"] });
    let spec = MetricSpec { name: "basic_generation".into(), args };
    holometer_metrics::build(&spec, MetricOptions::default()).unwrap()
}

fn value(scores: &[Score], name: &str) -> Value {
    scores.iter().find(|score| score.metric.as_str() == name).unwrap().value.clone()
}

fn problems() -> Option<Vec<serde_json::Value>> {
    let Some(path) = holometer_testkit::shared_path("data/humaneval/HumanEval.jsonl.gz") else {
        eprintln!("SKIPPED: no HumanEval");
        return None;
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// A run in which every problem is answered by what `completions` makes of its solution.
fn answers(problems: &[serde_json::Value], completions: impl Fn(&str) -> Vec<String>) -> SmallRun {
    let mut run = SmallRun::new(Method::Generation);
    for problem in problems {
        let solution = problem["canonical_solution"].as_str().unwrap();
        let reference = Reference::correct(solution);
        let prompt = problem["prompt"].as_str().unwrap();
        let mut instance = Instance::new(prompt, vec![reference], Split::Test);
        instance.extra.insert("test_cases".into(), problem.clone());
        let texts = completions(solution);
        run.add(instance, answered(&texts.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    run
}

fn inquiries(run: &SmallRun, metric: &dyn Metric) -> Vec<Inquiry> {
    run.units().iter().flat_map(|unit| metric.inquiries(unit)).collect()
}

/// The solution with its last returned value denied, or, when it does not end by returning one, with nothing returned at all.
fn spoilt(solution: &str) -> String {
    let lines: Vec<&str> = solution.lines().collect();
    let last = lines.iter().rposition(|line| line.trim_start().starts_with("return "));
    match last.map(|last| (last, lines[last].split_at(lines[last].find("return ").unwrap() + 7))) {
        Some((last, (start, value))) if last + 1 == lines.len() => {
            let mut lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
            lines[last] = format!("{start}not ({value})");
            lines.join("\n")
        }
        _ => format!("    return None\n{solution}"),
    }
}

#[test]
fn human_evals_solutions_pass_and_spoilt_ones_fail() {
    let (Some(sandbox), Some(problems)) = (sandbox(), problems()) else { return };
    assert_eq!(problems.len(), 164);
    let metric = human_eval();
    let right = answers(&problems, |solution| vec![solution.to_owned()]);
    let wrong = answers(&problems, |solution| vec![spoilt(solution)]);
    for (run, expected) in [(&right, 1.0), (&wrong, 0.0)] {
        let findings = run_all(&sandbox, &inquiries(run, metric.as_ref()));
        for (unit, problem) in run.units().iter().zip(&problems) {
            let scores = metric.score_with(unit, &findings);
            for name in ["code_eval_acc", "pass"] {
                let value = value(&scores, name);
                assert_eq!(value, Value::Number(expected), "{name} of {}", problem["task_id"]);
            }
        }
    }
}

#[test]
fn several_completions_give_the_unbiased_estimate() {
    let (Some(sandbox), Some(problems)) = (sandbox(), problems()) else { return };
    let metric = human_eval();
    let mut run = answers(&problems[..1], |solution| {
        let bad = "    return None".to_owned();
        vec![bad.clone(), solution.to_owned(), bad.clone(), bad]
    });
    run.set_outputs(4);
    let findings = run_all(&sandbox, &inquiries(&run, metric.as_ref()));
    let scores = metric.score_with(&run.units()[0], &findings);
    for (name, expected) in
        [("code_eval_acc", 0.0), ("code_eval_acc@4", 1.0), ("pass", 0.25), ("pass@4", 1.0)]
    {
        assert_eq!(value(&scores, name), Value::Number(expected), "{name}");
    }
}

#[test]
fn ways_to_look_right_do_not_count() {
    let (Some(sandbox), Some(problems)) = (sandbox(), problems()) else { return };
    let metric = human_eval();
    let tricks = [
        "    import sys; sys.exit(0)",
        "    import os; os._exit(0)",
        "    raise SystemExit",
        "    print('passed'); import os; os._exit(0)",
        "    import builtins; builtins.print = None; return 1/0",
        "    while True: pass",
        "    this is no Python",
    ];
    for trick in tricks {
        let run = answers(&problems[..1], |_| vec![trick.to_owned()]);
        let findings = run_all(&sandbox, &inquiries(&run, metric.as_ref()));
        let scores = metric.score_with(&run.units()[0], &findings);
        assert_eq!(value(&scores, "pass"), Value::Number(0.0), "{trick}");
    }
}

#[test]
fn without_a_run_there_is_a_reason_and_no_zero() {
    let Some(problems) = problems() else { return };
    let run = answers(&problems[..1], |solution| vec![solution.to_owned()]);
    let scores = human_eval().score_with(&run.units()[0], &NoFindings);
    assert_eq!(value(&scores, "pass"), Value::Unscored("the program was not run".into()));
}

/// The verdicts of HELM's own `run_test` are in the fixture, made by `parity/code/apps_verdicts.py`.
#[test]
fn apps_verdicts_are_helms() {
    let Some(sandbox) = sandbox() else { return };
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../fixtures/apps_verdicts.json")).unwrap();
    let args = json!({ "names": ["test_avg", "strict_acc"], "timeout": 2 });
    let spec = MetricSpec { name: "apps".into(), args };
    let metric = holometer_metrics::build(&spec, MetricOptions::default()).unwrap();
    let mut run = SmallRun::new(Method::Generation);
    for case in &cases {
        let mut instance = Instance::new("a problem", vec![Reference::correct("")], Split::Test);
        instance.extra.insert("test_cases".into(), case["tests"].clone());
        run.add(instance, answered(&[case["solution"].as_str().unwrap()]));
    }
    let findings = run_all(&sandbox, &inquiries(&run, metric.as_ref()));
    for (unit, case) in run.units().iter().zip(&cases) {
        let scores = metric.score_with(unit, &findings);
        let verdicts = case["verdicts"].as_array().unwrap();
        let passed = verdicts.iter().filter(|verdict| **verdict == json!(true)).count();
        let share = passed as f64 / verdicts.len() as f64;
        assert_eq!(value(&scores, "test_avg"), Value::Number(share), "{case}");
        let all = f64::from(u8::from(passed == verdicts.len()));
        assert_eq!(value(&scores, "strict_acc"), Value::Number(all), "{case}");
    }
}

#[test]
fn big_code_bench_runs_unit_tests_and_names_what_is_lacking() {
    let Some(sandbox) = sandbox() else { return };
    let metric =
        holometer_metrics::build(&MetricSpec::new("bigcodebench"), MetricOptions::default())
            .unwrap();
    let test = "import unittest\nclass TestCases(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(task_func(2), 4)\n    def test_b(self):\n        self.assertEqual(task_func(0), 0)\n";
    let instance = |libs: &str| {
        let mut instance = Instance::new("a problem", Vec::new(), Split::Test);
        for (name, text) in [("test", test), ("code_prompt", "def task_func(x):"), ("libs", libs)] {
            instance.extra.insert(name.into(), json!(text));
        }
        instance
    };
    let right = "Here it is:\n```python\ndef task_func(x):\n    return 2 * x\n```\nIt doubles.";
    let half = "```python\ndef task_func(x):\n    return x + 2\n```";
    let mut run = SmallRun::new(Method::Generation);
    for (answer, libs) in [
        (right, "['json', 'os']"),
        (half, "['json']"),
        ("I can't.", "[]"),
        ("import os\nos._exit(0)", "[]"),
        (right, "['no_such_module_anywhere']"),
    ] {
        run.add(instance(libs), answered(&[answer]));
    }
    let findings = run_all(&sandbox, &inquiries(&run, metric.as_ref()));
    let values: Vec<Value> = run
        .units()
        .iter()
        .map(|unit| value(&metric.score_with(unit, &findings), "bigcodebench_p@1"))
        .collect();
    assert_eq!(values[..4], [1.0, 0.0, 0.0, 0.0].map(Value::Number));
    let Value::Unscored(reason) = &values[4] else { panic!("{values:?}") };
    assert!(reason.contains("no_such_module_anywhere"), "{reason}");
}
