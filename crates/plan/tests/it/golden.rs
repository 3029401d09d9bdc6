//! Names, adapters and augmenters of HELM's golden runs, rebuilt from entries.

use crate::common::{Fake, adapter, augmentation, without_nulls};
use holometer_core::{Args, AugmentationSpec, ModelSpec, RunName, RunSpec, ScenarioSpec};
use holometer_plan::{Selection, SourcedEntry, augmentation_sets, expander_cards, resolve};
use holometer_testkit::shared_path;
use serde_json::Value;

/// A run's name taken apart: the scenario's part, and the expanders as an entry writes them.
fn taken_apart(name: &str, model: &str) -> (String, Vec<String>) {
    let expanders = expander_cards();
    let mut pieces = vec![(' ', String::new())];
    for c in name.chars() {
        match c {
            ':' | ',' => pieces.push((c, String::new())),
            _ => pieces.last_mut().unwrap().1.push(c),
        }
    }
    let mut scenario = String::new();
    let mut args = Vec::new();
    for (joint, piece) in pieces {
        let (key, value) = piece.split_once('=').unwrap_or((&piece, ""));
        if joint == ' ' || !expanders.iter().any(|card| card.name == key) {
            scenario.push(joint);
            scenario.push_str(&piece);
            continue;
        }
        let written = match key {
            "model" => model.to_owned(),
            "data_augmentation" => {
                let sets = augmentation_sets();
                let set = sets.iter().find(|set| set.runs.len() == 1 && set.runs[0].0 == value);
                set.unwrap_or_else(|| panic!("{value}")).name.to_owned()
            }
            _ => value.to_owned(),
        };
        args.push(format!("{key}={written}"));
    }
    (scenario.trim().to_owned(), args)
}

fn compare(helm: &Value) {
    let name = helm["name"].as_str().unwrap();
    let flat = &helm["adapter_spec"];
    let (scenario, args) = taken_apart(name, flat["model"].as_str().unwrap());
    let mut draft = adapter(flat);
    draft.few_shot.max_eval_instances = None;
    let run = RunSpec {
        name: RunName(scenario),
        scenario: ScenarioSpec { name: "golden".into(), args: Args::default() },
        adapter: draft,
        metrics: Vec::new(),
        augmentation: AugmentationSpec::default(),
        groups: Vec::new(),
        model: ModelSpec::default(),
    };
    let entry = SourcedEntry::from_flag(&format!("golden:{}", args.join(","))).unwrap();
    let selection = Selection {
        entries: vec![entry],
        max_instances: flat["max_eval_instances"].as_u64().map(|n| usize::try_from(n).unwrap()),
        ..Selection::default()
    };
    let cells = resolve(&selection, &Fake::default().with_run("golden", run), &[]);
    let [cell] = cells.as_slice() else { panic!("{cells:?}") };
    let run = cell.run.as_ref().unwrap();
    assert_eq!(run.name.as_str(), name);
    let ours = run.adapter.to_helm(run.model.name.as_str(), &run.model.deployment);
    assert_eq!(ours, without_nulls(flat), "{name}");
    let augmenter = &helm["data_augmenter_spec"];
    if augmenter["perturbation_specs"].as_array().unwrap().is_empty() {
        assert!(run.augmentation.perturbations.is_empty(), "{name}");
    } else {
        assert_eq!(run.augmentation, augmentation(augmenter), "{name}");
    }
}

#[test]
fn golden_runs_come_out_of_their_entries() {
    let Some(folder) = shared_path("golden/helm-0.5.16") else { return };
    let mut compared = 0;
    let mut augmented = 0;
    for suite in std::fs::read_dir(folder).unwrap() {
        for run in std::fs::read_dir(suite.unwrap().path()).unwrap() {
            let path = run.unwrap().path().join("run_spec.json");
            let helm: Value =
                serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            compare(&helm);
            compared += 1;
            augmented += usize::from(helm["name"].as_str().unwrap().contains("data_augmentation"));
        }
    }
    assert_eq!((compared, augmented), (44, 14));
}
