//! What expanders do, against HELM's own (`parity/plan/expanders.py` records them).

use std::io::Read as _;

use crate::common::{Fake, adapter, augmentation, metrics, model, without_nulls};
use holometer_core::{ArgValue, Args, ModelSpec, RunName, RunSpec, ScenarioSpec};
use holometer_plan::{
    Cell, SelectedModel, Selection, Skip, SkipKind, SourcedEntry, Tuning, expander_cards, resolve,
};
use serde_json::{Value, json};

/// HELM makes no run for a model whose tokenizer its table lacks; here the model is asked.
const OWN_TOKENIZER: &str = "tokenizer=default";

fn fixture() -> Value {
    let packed = include_bytes!("../fixtures/expanders.json.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn base_run(helm: &Value) -> RunSpec {
    let args = helm["scenario_spec"]["args"].as_object().unwrap();
    let args = args.iter().map(|(k, v)| (k.clone(), ArgValue::Text(v.as_str().unwrap().into())));
    RunSpec {
        name: RunName::from(helm["name"].as_str().unwrap()),
        scenario: ScenarioSpec { name: "toy".into(), args: Args(args.collect()) },
        adapter: adapter(&helm["adapter_spec"]),
        metrics: metrics(&helm["metric_specs"]),
        augmentation: augmentation(&helm["data_augmenter_spec"]),
        groups: vec!["toy".to_owned()],
        model: ModelSpec::default(),
    }
}

fn catalogue(fixture: &Value) -> Fake {
    let bases = fixture["bases"].as_object().unwrap();
    bases.iter().fold(Fake::default(), |fake, (name, helm)| fake.with_run(name, base_run(helm)))
}

fn cells(catalogue: &Fake, case: &Value) -> Vec<Cell> {
    let pairs = case["args"].as_array().unwrap().iter();
    let args: Vec<String> = pairs
        .map(|pair| format!("{}={}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
        .collect();
    let entry = format!("{}:{}", case["base"].as_str().unwrap(), args.join(","));
    let tuning = if case["instruct"] == true { Tuning::Instruct } else { Tuning::Base };
    let selection = Selection {
        entries: vec![SourcedEntry::from_flag(&entry).unwrap()],
        models: vec![SelectedModel { tuning, ..model("acme/model-1") }],
        ..Selection::default()
    };
    resolve(&selection, catalogue, &[])
}

/// A run in the fixture's form: what differs from the base.
fn outcome(base: &Value, before: &RunSpec, run: &RunSpec) -> Value {
    let flat = |run: &RunSpec| run.adapter.to_helm(run.model.name.as_str(), &run.model.deployment);
    let mut after = flat(run);
    if run.model.deployment == run.model.name.as_str() {
        after["model_deployment"] = json!("");
    }
    let start = without_nulls(&base["adapter_spec"]);
    let same = |key, value| start.get(key).is_some_and(|old| as_floats(old) == as_floats(value));
    let changed = after.as_object().unwrap().iter().filter(|(key, value)| !same(*key, *value));
    let mut outcome = json!({
        "name": run.name,
        "adapter": Value::Object(changed.map(|(k, v)| (k.clone(), v.clone())).collect()),
    });
    if run.scenario != before.scenario {
        let args = run.scenario.args.0.iter().map(|(key, value)| (key.clone(), json!(value)));
        outcome["scenario_args"] = Value::Object(args.collect());
    }
    outcome
}

/// The same with every number a float: HELM's default temperature is `1`, ours `1.0`.
fn as_floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(elements) => elements.iter().map(as_floats).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(k, v)| (k.clone(), as_floats(v))).collect())
        }
        _ => value.clone(),
    }
}

fn compare(fixture: &Value, catalogue: &Fake, case: &Value) {
    let base = &fixture["bases"][case["base"].as_str().unwrap()];
    let before = base_run(base);
    let cells = cells(catalogue, case);
    let runs = case["runs"].as_array().unwrap();
    assert_eq!(cells.len(), runs.len(), "{case}");
    for (cell, expected) in cells.iter().zip(runs) {
        let run = cell.run.as_ref().unwrap_or_else(|skip| panic!("{case}: {skip}"));
        let mut expected = expected.clone();
        let fields = expected.as_object_mut().unwrap();
        let augmenter = fields.remove("augmenter");
        let metric_specs = fields.remove("metrics");
        let outcome = outcome(base, &before, run);
        assert_eq!(as_floats(&outcome), as_floats(&expected), "{case}");
        let augmenter = augmenter.map_or(before.augmentation.clone(), |a| augmentation(&a));
        assert_eq!(run.augmentation, augmenter, "{case}");
        if let Some(metric_specs) = metric_specs {
            compare_wrapped_metrics(run, &metric_specs[0]["args"]);
        } else {
            assert_eq!(run.metrics, before.metrics, "{case}");
        }
    }
}

fn compare_wrapped_metrics(run: &RunSpec, helm: &Value) {
    let [wrapper] = run.metrics.as_slice() else { panic!("{:?}", run.metrics) };
    assert_eq!(wrapper.name, "output_processing");
    let processor = helm["processor"].as_str().unwrap().rsplit('.').next().unwrap();
    assert_eq!(wrapper.args["processor"], processor);
    let inner: Vec<holometer_core::MetricSpec> =
        serde_json::from_value(wrapper.args["metric_specs"].clone()).unwrap();
    assert_eq!(inner, metrics(&helm["metric_specs"]));
}

#[test]
fn every_expander_does_what_helms_does() {
    let fixture = fixture();
    let catalogue = catalogue(&fixture);
    let mut compared = 0;
    let mut refused = 0;
    for case in fixture["cases"].as_array().unwrap() {
        let text = case["args"].to_string();
        let own_tokenizer = text.contains(r#"["tokenizer","default"]"#);
        if case.get("error").is_some() {
            let cells = cells(&catalogue, case);
            let [Cell { run: Err(skip), .. }] = cells.as_slice() else {
                panic!("HELM refuses {case}, and we plan {cells:?}")
            };
            assert_eq!(skip.kind(), SkipKind::Mistake);
            assert!(matches!(skip, Skip::BadArgument { .. }), "{case}: {skip}");
            refused += 1;
        } else if own_tokenizer {
            assert_eq!(case["runs"], json!([]), "HELM drops it");
            for cell in cells(&catalogue, case) {
                let run = cell.run.unwrap();
                assert!(run.name.as_str().contains(OWN_TOKENIZER), "{}", run.name);
            }
        } else {
            compare(&fixture, &catalogue, case);
            compared += 1;
        }
    }
    assert!(compared > 700 && refused > 500, "{compared} compared, {refused} refused");
}

#[test]
fn every_expander_is_in_the_comparison() {
    let fixture = fixture();
    let cases = fixture["cases"].as_array().unwrap();
    let used: std::collections::BTreeSet<&str> = cases
        .iter()
        .flat_map(|case| case["args"].as_array().unwrap())
        .map(|pair| pair[0].as_str().unwrap())
        .collect();
    // HELM has no expander for these two.
    let own = ["top_k", "top_p"];
    let ours: std::collections::BTreeSet<&str> =
        expander_cards().iter().map(|card| card.name).filter(|name| !own.contains(name)).collect();
    assert_eq!(ours, used);
}

#[test]
fn every_named_value_is_taken() {
    let fixture = fixture();
    let catalogue = catalogue(&fixture);
    for card in expander_cards().into_iter().filter(|card| card.name != "model") {
        for value in &card.values {
            let taken = ["plain", "joint", "cot"].iter().any(|base| {
                let entry = format!("{base}:{}={value}", card.name);
                let selection = crate::common::selection(&[&entry], &["acme/model-1"]);
                resolve(&selection, &catalogue, &[]).iter().all(|cell| cell.run.is_ok())
            });
            assert!(taken, "{}={value}", card.name);
        }
    }
}
