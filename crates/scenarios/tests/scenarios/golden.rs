//! Instances and run specs equal to those of real HELM, for every golden run.

use holometer_core::{Instance, ScenarioCatalogue};
use holometer_scenarios::Catalogue;
use holometer_testkit::shared_path;
use serde_json::{Value, json};

use crate::common::{entry_of_run, instances, metric_name};

struct GoldenRun {
    name: String,
    folder: std::path::PathBuf,
}

fn golden_runs() -> Option<Vec<GoldenRun>> {
    let index = crate::common::json(&shared_path("golden/index.json")?);
    let runs = index.as_array().unwrap().iter().map(|row| GoldenRun {
        name: row["run"].as_str().unwrap().to_owned(),
        folder: shared_path(&format!("golden/{}", row["dir"].as_str().unwrap())).unwrap(),
    });
    Some(runs.collect())
}

/// What HELM's files say about an instance that we say, too.
fn as_helm(instance: &Instance) -> Value {
    let references: Vec<Value> = instance
        .references
        .iter()
        .map(|reference| json!({ "output": { "text": reference.output.text }, "tags": reference.tags }))
        .collect();
    json!({
        "input": { "text": instance.input.text },
        "references": references,
        "split": instance.split.as_str(),
        "id": instance.id.as_str(),
    })
}

#[test]
fn instances_equal_those_of_helm() {
    let (Some(runs), Some(data)) = (golden_runs(), shared_path("golden/data")) else { return };
    let mut made: std::collections::HashMap<String, Vec<Instance>> =
        std::collections::HashMap::new();
    let mut compared = 0;
    for run in &runs {
        let (name, args) = entry_of_run(&run.name);
        let ours = made.entry(format!("{name}:{args}")).or_insert_with(|| {
            instances(&name, &args, &data).unwrap_or_else(|error| panic!("{}: {error}", run.name))
        });
        let state = crate::common::json(&run.folder.join("scenario_state.json.gz"));
        let mut in_run = 0;
        for request in state["request_states"].as_array().unwrap() {
            let theirs = &request["instance"];
            if theirs.get("perturbation").is_some() {
                continue;
            }
            let id = theirs["id"].as_str().unwrap();
            let number: usize = id.strip_prefix("id").unwrap().parse().unwrap();
            let ours = as_helm(&ours[number]);
            for field in ["id", "split", "input", "references"] {
                assert_eq!(ours[field], theirs[field], "{}: {field} of {id}", run.name);
            }
            in_run += 1;
        }
        assert!(in_run > 0, "{} has no unperturbed instance", run.name);
        compared += in_run;
    }
    println!("{compared} instances of {} golden runs are equal", runs.len());
    assert!(compared > 1000);
}

#[test]
fn run_specs_equal_those_of_helm() {
    let Some(runs) = golden_runs() else { return };
    let catalogue = Catalogue::builtin();
    for run in &runs {
        let spec = crate::common::json(&run.folder.join("run_spec.json"));
        let (name, args) = entry_of_run(&run.name);
        let ours = catalogue.draft(&name, &args).unwrap();
        // The name goes on with expanders and the model; an expander stands before the first colon where there was none.
        let their_name = run.name.as_str();
        let expected = ours.name.as_str();
        assert!(their_name.starts_with(expected), "{expected} does not begin {their_name}");
        let theirs: Vec<&Value> = spec["metric_specs"].as_array().unwrap().iter().collect();
        assert_eq!(ours.metrics.len(), theirs.len(), "{their_name}");
        for (ours, theirs) in ours.metrics.iter().zip(theirs) {
            assert_eq!(ours.name, metric_name(theirs["class_name"].as_str().unwrap()));
            assert_eq!(ours.args, theirs["args"], "{their_name}: {}", ours.name);
        }
        assert_eq!(json!(ours.groups), spec["groups"], "{their_name}");
        let mut ours = ours.adapter.to_helm("", "");
        let mut theirs = spec["adapter_spec"].clone();
        let changed_by_expanders = ["model", "model_deployment", "max_eval_instances"];
        for field in changed_by_expanders {
            ours.as_object_mut().unwrap().remove(field);
            theirs.as_object_mut().unwrap().remove(field);
        }
        for field in ["max_train_instances", "num_train_trials"] {
            if their_name.contains(&format!("{field}=")) {
                ours.as_object_mut().unwrap().remove(field);
                theirs.as_object_mut().unwrap().remove(field);
            }
        }
        assert_eq!(ours, theirs, "{their_name}");
    }
    println!("the run specs of {} golden runs are equal", runs.len());
}
