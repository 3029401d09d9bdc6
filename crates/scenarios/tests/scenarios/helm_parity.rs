//! Instances equal HELM's own, made from the same files in the datasets' layouts (`parity/scenarios/make_instances.py`).

use std::path::Path;

use holometer_core::Instance;
use serde_json::{Value, json};

use crate::common::{args, instances};

fn as_helm(instance: &Instance, made: &Value) -> Value {
    let references: Vec<Value> = instance
        .references
        .iter()
        .map(|reference| json!([reference.output.text, reference.tags]))
        .collect();
    json!({
        "input": instance.input.text,
        "references": references,
        "split": instance.split.as_str(),
        "sub_split": instance.sub_split,
        // HELM numbers instances later; those that name themselves keep their name.
        "id": if made["id"].is_null() { Value::Null } else { json!(instance.id.as_str()) },
    })
}

fn difference(case: &Value, folder: &Path) -> Option<String> {
    let scenario = case["scenario"].as_str().unwrap();
    let pairs: Vec<(&str, &str)> = case["args"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str().unwrap()))
        .collect();
    let made = match instances(scenario, &args(&pairs), folder) {
        Ok(made) => made,
        Err(error) => return Some(format!("{scenario} {pairs:?}: {error}")),
    };
    let theirs = case["instances"].as_array().unwrap();
    if made.len() != theirs.len() {
        return Some(format!(
            "{scenario} {pairs:?}: {} instances instead of {}",
            made.len(),
            theirs.len()
        ));
    }
    for (place, (ours, theirs)) in made.iter().zip(theirs).enumerate() {
        let ours = as_helm(ours, theirs);
        let same = match case["only"].as_str() {
            Some("inputs") => ours["input"] == theirs["input"] && ours["split"] == theirs["split"],
            _ => ours == *theirs,
        };
        if !same {
            return Some(format!(
                "{scenario} {pairs:?}, instance {place}:\n{ours}\ninstead of\n{theirs}"
            ));
        }
    }
    None
}

#[test]
fn instances_are_helms_own() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let recorded = crate::common::json(&fixtures.join("helm_instances.json"));
    let cases = recorded.as_array().unwrap();
    assert!(cases.len() > 70);
    let differences: Vec<String> =
        cases.iter().filter_map(|case| difference(case, &fixtures.join("upstream"))).collect();
    assert!(
        differences.is_empty(),
        "{} of {} cases:\n{}",
        differences.len(),
        cases.len(),
        differences.join("\n")
    );
}
