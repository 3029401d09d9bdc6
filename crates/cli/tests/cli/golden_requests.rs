//! `plan --requests` writes the requests that HELM makes, byte for byte, for every reference run.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};

use crate::common;

/// The entry that makes a reference run. HELM's run names hold what an entry became, not what was asked for.
fn entry_of(name: &str) -> String {
    let name = name.split(",model=").next().unwrap_or(name).split(":model=").next().unwrap_or(name);
    let name = name.replace("dyck_language_np=", "dyck_language:num_parenthesis_pairs=");
    let augmented = name.replacen(
        ",data_augmentation=",
        if name.contains(':') { ",data_augmentation=" } else { ":data_augmentation=" },
        1,
    );
    let sets = [
        ("contract", "contract"),
        ("dialect_prob=1.0_source=SAE_target=AAVE", "dialect_deterministic"),
        ("extra_space2", "extra_space"),
        ("filler0.3", "filler"),
        ("gender_pronouns_prob=0.5_source=male_target=female", "gender_pronouns_hard"),
        ("gender_terms_prob=1.0_source=male_target=female", "gender_terms_deterministic"),
        ("misspelling0.20", "misspelling_medium"),
        (
            "person_name_first_prob=1.0_source=white_target=black_preserve_gender=True",
            "person_name_first_deterministic",
        ),
        ("typo0.1", "typo_easy"),
    ];
    match augmented.split_once("data_augmentation=") {
        Some((before, set)) => {
            let asked =
                sets.iter().find(|(became, _)| *became == set).map_or(set, |(_, asked)| asked);
            format!("{before}data_augmentation={asked}")
        }
        None => augmented,
    }
}

/// HELM's request state in the form of `plan --requests`.
fn expected(run: &str, state: &Value) -> Value {
    let (instance, request) = (&state["instance"], &state["request"]);
    let mut line = Map::new();
    line.insert("run".into(), json!(run));
    line.insert("instance_id".into(), instance["id"].clone());
    line.insert("split".into(), instance["split"].clone());
    if let Some(perturbation) = instance.get("perturbation") {
        line.insert("perturbation".into(), perturbation["name"].clone());
    }
    for key in [
        "train_trial_index",
        "reference_index",
        "request_mode",
        "output_mapping",
        "num_train_instances",
        "prompt_truncated",
        "num_conditioning_tokens",
    ] {
        line.extend(state.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    for key in [
        "prompt",
        "max_tokens",
        "temperature",
        "stop_sequences",
        "num_completions",
        "top_k_per_token",
        "echo_prompt",
        "random",
    ] {
        line.extend(request.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    Value::Object(line)
}

/// The perturbation's name, however it is written.
fn comparable(mut line: Value) -> BTreeMap<String, Value> {
    if let Some(perturbation) = line.get_mut("perturbation")
        && let Some(name) = perturbation.get("name").cloned()
    {
        *perturbation = name;
    }
    let object = line.as_object().expect("a line is an object");
    object.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn runs(root: &Path) -> Vec<PathBuf> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
    };
    let mut runs: Vec<PathBuf> = folders(root).iter().flat_map(|suite| folders(suite)).collect();
    runs.sort();
    runs
}

#[test]
fn requests_equal_helms() {
    let Some(shared) = holometer_testkit::shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let data = shared.join("golden/data");
    let (mut compared, mut faults) = (BTreeMap::new(), Vec::new());
    for folder in runs(&shared.join("golden/helm-0.5.16")) {
        let spec: Value =
            serde_json::from_reader(File::open(folder.join("run_spec.json")).unwrap()).unwrap();
        let state = GzDecoder::new(File::open(folder.join("scenario_state.json.gz")).unwrap());
        let state: Value = serde_json::from_reader(state).unwrap();
        let name = spec["name"].as_str().unwrap();
        let model = spec["adapter_spec"]["model"].as_str().unwrap();
        let tokenizer = model.rsplit('/').next().unwrap();
        let path = common::model_folder(home.path(), &shared, tokenizer);
        let output = common::run(
            home.path(),
            &[
                "plan",
                "--quiet",
                "--offline",
                "--requests",
                "-",
                "-e",
                &entry_of(name),
                "-m",
                &format!("{model}=path:{}", path.display()),
                "-n",
                &spec["adapter_spec"]["max_eval_instances"].to_string(),
                "--data-dir",
                data.to_str().unwrap(),
            ],
        );
        assert!(output.status.success(), "{name}: {}", common::stderr(&output));
        let ours: Vec<Value> = common::stdout(&output)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let theirs: Vec<Value> = state["request_states"]
            .as_array()
            .unwrap()
            .iter()
            .map(|state| expected(name, state))
            .collect();
        if ours.len() != theirs.len() {
            faults.push(format!("{name}: {} requests, HELM has {}", ours.len(), theirs.len()));
            continue;
        }
        let differing = ours
            .into_iter()
            .zip(&theirs)
            .find(|(ours, theirs)| comparable(ours.clone()) != comparable((*theirs).clone()));
        match differing {
            Some((ours, theirs)) => {
                faults.push(format!("{name}:\n ours   {ours}\n HELM's {theirs}"));
            }
            None => {
                *compared.entry(name.split([':', ',']).next().unwrap().to_owned()).or_insert(0) +=
                    theirs.len();
            }
        }
    }
    println!("equal requests: {compared:?}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(compared.values().sum::<usize>() > 2000, "too few were compared: {compared:?}");
}
