//! Runs with missing, broken and old files.

use std::fs;
use std::path::Path;

use holometer_core::{FailureKind, Outcome, Prompt, Request};
use holometer_report::helm::{ImportError, find_runs, read_run};
use serde_json::{Value, json};

fn request(at: usize) -> Value {
    json!({
        "instance": { "id": format!("id{at}"), "split": "test", "input": { "text": format!("question {at}") },
            "references": [{ "output": { "text": "yes" }, "tags": ["correct"] }] },
        "train_trial_index": 0, "num_train_instances": 0, "prompt_truncated": false,
        "request": { "model": "a/b", "prompt": format!("Q: question {at}\nA:"), "max_tokens": 5, "future_field": [1] },
        "result": { "success": true, "embedding": [], "cached": false, "request_time": 0.5,
            "completions": [{ "text": " yes", "logprob": -0.5, "tokens": [{ "text": " yes", "logprob": -0.5 }] }] },
    })
}

fn spec() -> Value {
    json!({
        "name": "boolq:model=a_b",
        "scenario_spec": { "class_name": "helm.benchmark.scenarios.boolq_scenario.BoolQScenario", "args": {} },
        "adapter_spec": { "method": "generation", "model": "a/b", "max_tokens": 5 },
        "metric_specs": [], "groups": ["boolq"],
    })
}

fn write(folder: &Path, name: &str, value: &Value) {
    fs::create_dir_all(folder).expect("the folder can be made");
    fs::write(folder.join(name), value.to_string()).expect("the file can be written");
}

fn state(requests: &[Value]) -> Value {
    json!({ "adapter_spec": { "method": "generation", "model": "a/b" }, "request_states": requests })
}

#[test]
#[cfg(unix)]
fn folders_with_colons_are_found_and_read() {
    let root = tempfile::tempdir().unwrap();
    let run = root.path().join("benchmark_output/runs/v1/boolq:model=a_b");
    write(&run, "run_spec.json", &spec());
    write(&run, "scenario_state.json", &state(&[request(0)]));
    write(&root.path().join("benchmark_output/runs/v1/eval_cache"), "x.json", &json!(1));
    let found = find_runs(&root.path().join("benchmark_output")).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].suite, "v1");
    let imported = read_run(&found[0].folder).unwrap();
    assert_eq!(imported.run.spec.name.as_str(), "boolq:model=a_b");
    assert_eq!(imported.run.spec.scenario.name.as_str(), "boolq");
    assert_eq!(imported.run.spec.model.deployment, "a/b", "before 0.3 there were no deployments");
    assert_eq!(imported.run.requests.len(), 1);
}

#[test]
fn a_release_gives_the_runs_of_its_suites() {
    let root = tempfile::tempdir().unwrap();
    let output = root.path().join("benchmark_output");
    let run = |suite: &str, name: &str| {
        let folder = output.join("runs").join(suite).join(name);
        write(&folder, "run_spec.json", &spec());
        write(&folder, "scenario_state.json", &state(&[request(0)]));
    };
    run("v1", "boolq-model=a_b");
    run("v1", "gsm-model=a_b");
    run("v2", "gsm-model=a_b");
    let release = output.join("releases/v2.0");
    write(
        &release,
        "runs_to_run_suites.json",
        &json!({ "boolq-model=a_b": "v1", "gsm-model=a_b": "v2", "gone-model=a_b": "v2", "x": "../.." }),
    );
    write(&release, "summary.json", &json!({ "release": "v2.0", "suites": ["v1", "v2"] }));
    let found = find_runs(&release).unwrap();
    let ends = ["runs/v1/boolq-model=a_b", "runs/v2/gone-model=a_b", "runs/v2/gsm-model=a_b"];
    assert_eq!(found.len(), ends.len(), "{found:?}");
    for (found, end) in found.iter().zip(ends) {
        assert!(found.folder.ends_with(end), "{found:?}");
        assert_eq!(found.suite, "v2.0");
    }
    assert!(read_run(&found[0].folder).is_ok());
    assert!(read_run(&found[1].folder).unwrap_err().to_string().contains("gone-model=a_b"));
    assert_eq!(find_runs(&output).unwrap().len(), 3, "the whole output has every suite's runs");
}

#[test]
fn a_truncated_state_gives_its_complete_requests() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "run_spec.json", &spec());
    let text = state(&[request(0), request(1), request(2)]).to_string();
    fs::write(root.path().join("scenario_state.json"), &text[..text.len() - 40]).unwrap();
    let imported = read_run(root.path()).unwrap();
    assert_eq!(imported.run.requests.len(), 2);
    assert_eq!(imported.instances.len(), 2);
    let note =
        imported.notes.iter().find(|note| note.contains("scenario_state.json is broken")).unwrap();
    assert!(note.contains("2 complete requests were read"), "{note}");
}

#[test]
fn a_truncated_gzip_gives_its_complete_requests() {
    use std::io::Write;
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "run_spec.json", &spec());
    let requests: Vec<Value> = (0..2000).map(request).collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(state(&requests).to_string().as_bytes()).unwrap();
    let bytes = gzip.finish().unwrap();
    fs::write(root.path().join("scenario_state.json.gz"), &bytes[..bytes.len() / 2]).unwrap();
    let imported = read_run(root.path()).unwrap();
    assert!(imported.run.requests.len() > 100, "{}", imported.run.requests.len());
    assert!(
        imported.notes.iter().any(|note| note.contains("can't be read to its end")),
        "{:?}",
        imported.notes
    );
}

#[test]
fn missing_files_are_named() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "run_spec.json", &spec());
    let imported = read_run(root.path()).unwrap();
    assert!(imported.run.requests.is_empty());
    for name in ["scenario_state.json", "scenario.json", "stats.json", "per_instance_stats.json"] {
        assert!(
            imported.notes.iter().any(|note| note.starts_with(&format!("{name} is missing"))),
            "{name}"
        );
    }

    let root = tempfile::tempdir().unwrap();
    let run = root.path().join("boolq--model=a_b");
    write(&run, "scenario_state.json", &state(&[request(0)]));
    let imported = read_run(&run).unwrap();
    assert_eq!(imported.run.spec.name.as_str(), "boolq--model=a_b");
    assert_eq!(imported.run.spec.scenario.name.as_str(), "boolq");
    assert!(imported.notes.contains(&"run_spec.json is missing".to_owned()));

    let root = tempfile::tempdir().unwrap();
    assert!(matches!(find_runs(root.path()), Err(ImportError::NotARun { .. })));
    fs::write(root.path().join("scenario_state.json"), "[1, 2").unwrap();
    assert!(matches!(read_run(root.path()), Err(ImportError::NoSpec { .. })));
}

#[test]
fn failures_and_refusals_are_told_apart() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "run_spec.json", &spec());
    let mut failed = request(0);
    failed["result"] = json!({ "success": false, "embedding": [], "completions": [], "cached": false, "error": "HTTP 500" });
    let mut refused = request(1);
    refused["result"] = json!({ "success": false, "embedding": [], "completions": [], "cached": false,
        "error": "content filter", "error_flags": { "is_retriable": false, "is_fatal": false } });
    let mut dry = request(2);
    dry["result"] = Value::Null;
    write(root.path(), "scenario_state.json", &state(&[failed, refused, dry]));
    let imported = read_run(root.path()).unwrap();
    let outcomes: Vec<_> =
        imported.run.requests.iter().map(|request| request.outcome.clone()).collect();
    assert_eq!(outcomes[0], Some(Outcome::failed(FailureKind::Rejected, "HTTP 500")));
    assert_eq!(outcomes[1], Some(Outcome::Refused { reason: "content filter".into() }));
    assert_eq!(outcomes[2], None);
    assert!(imported.notes.iter().any(|note| note.starts_with("1 requests were not run")));
}

/// Formats of earlier versions: plain texts for inputs and outputs, alternatives per token, finish reasons, nulls, and
/// numbers that JSON lacks.
#[test]
fn old_and_loose_forms_are_read() {
    let root = tempfile::tempdir().unwrap();
    let mut spec = spec();
    let basic = json!({ "class_name": "helm.benchmark.basic_metrics.BasicMetric", "args": { "names": ["exact_match"] } });
    spec["metric_specs"] = json!([basic]);
    write(root.path(), "run_spec.json", &spec);
    let mut old = request(0);
    old["instance"]["input"] = json!("plain question");
    old["instance"]["references"] = json!([{ "output": "plain answer", "tags": [] }]);
    old["instance"]["perturbation"] = json!({ "name": "typos", "robustness": true, "prob": 0.1 });
    old["request"]["random"] = Value::Null;
    old["request"]["messages"] = json!([{ "role": "user", "content": "hello" }]);
    old["result"]["completions"][0]["finish_reason"] = json!({ "reason": "endoftext" });
    old["result"]["completions"][0]["tokens"][0]["top_logprobs"] =
        json!({ " yes": -0.5, " no": -1.0 });
    let text = state(&[old]).to_string().replace("-1.0", "-Infinity");
    fs::write(root.path().join("scenario_state.json"), text).unwrap();
    let imported = read_run(root.path()).unwrap();
    let metrics: Vec<&str> =
        imported.run.spec.metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(metrics, ["basic_generation", "basic_reference", "instances_per_split"]);
    let request = &imported.run.requests[0];
    let instance = &request.state.instance;
    assert_eq!(instance.input.text, "plain question");
    assert_eq!(instance.references[0].output.text, "plain answer");
    let perturbation = instance.perturbation.as_ref().unwrap();
    assert_eq!(perturbation.parameters["prob"], 0.1);
    assert_eq!(perturbation.computed_on, "perturbed");
    let Request::Generate { prompt: Prompt::Chat(messages), .. } = &request.state.request else {
        panic!()
    };
    assert_eq!(messages[0].content, "hello");
    let completion = &request.outcome.as_ref().unwrap().response().unwrap().completions[0];
    assert_eq!(completion.finish_reason, Some(holometer_core::FinishReason::EndOfText));
    assert_eq!(
        completion.tokens[0].top.len(),
        1,
        "an alternative without a finite log-probability is left out"
    );
}
