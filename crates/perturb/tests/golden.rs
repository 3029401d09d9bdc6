//! Perturbed texts equal HELM's, byte for byte: every perturbed instance of every reference run.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use holometer_core::{AugmentationSpec, Instance, PerturbationSpec, Reference, Split};
use holometer_perturb::{Resource, augment};
use serde_json::Value;

fn resources(root: PathBuf) -> impl Fn(&Resource) -> Result<Vec<u8>, String> {
    move |resource| {
        let file = match resource {
            Resource::DialectMapping => "dialect/SAE_to_AAVE_mapping.json",
            Resource::PersonNames => "person_name/data/person_names.txt",
            other => return Err(format!("no run needs {other:?}")),
        };
        fs::read(root.join("golden/data/perturbations").join(file))
            .map_err(|error| error.to_string())
    }
}

/// HELM's class names, which its run specs give, for the perturbations' names.
fn name_of(class: &str) -> String {
    let class = class.rsplit('.').next().unwrap_or_default().trim_end_matches("Perturbation");
    let mut name = String::new();
    for letter in class.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

fn instance(state: &Value) -> Instance {
    let references =
        state["references"].as_array().expect("references").iter().map(|reference| Reference {
            output: serde_json::from_value(reference["output"].clone()).expect("an output"),
            tags: serde_json::from_value(reference["tags"].clone()).expect("tags"),
        });
    let text = state["input"]["text"].as_str().expect("a text");
    let mut instance = Instance::new(text, references.collect(), Split::Test);
    instance.id = state["id"].as_str().expect("an id").into();
    instance
}

fn augmentation(run: &Path) -> AugmentationSpec {
    let spec: Value =
        serde_json::from_reader(File::open(run.join("run_spec.json")).expect("a run spec"))
            .expect("JSON");
    let spec = &spec["data_augmenter_spec"];
    let perturbations =
        spec["perturbation_specs"].as_array().expect("perturbations").iter().map(|perturbation| {
            let class = perturbation["class_name"].as_str().expect("a class");
            PerturbationSpec { name: name_of(class), args: perturbation["args"].clone() }
        });
    AugmentationSpec {
        perturbations: perturbations.collect(),
        augment_eval: true,
        include_original_eval: true,
        skip_unchanged_eval: true,
        seeds_per_instance: 1,
        ..AugmentationSpec::default()
    }
}

#[test]
fn every_perturbed_instance_equals_helms() {
    let Some(root) = holometer_testkit::shared_path("golden/helm-0.5.16") else { return };
    let resources = resources(root.join("../.."));
    let mut compared: BTreeMap<String, usize> = BTreeMap::new();
    let suites = fs::read_dir(&root).unwrap().map(|suite| suite.unwrap().path());
    let runs = suites.flat_map(|suite| fs::read_dir(suite).unwrap().map(|run| run.unwrap().path()));
    for run in runs {
        let spec = augmentation(&run);
        if spec.perturbations.is_empty() {
            continue;
        }
        let state = GzDecoder::new(File::open(run.join("scenario_state.json.gz")).unwrap());
        let state: Value = serde_json::from_reader(state).unwrap();
        let states: Vec<&Value> =
            state["request_states"].as_array().unwrap().iter().map(|s| &s["instance"]).collect();
        let originals = states.iter().filter(|state| state.get("perturbation").is_none());
        let ours =
            augment(originals.map(|state| instance(state)).collect(), &spec, &resources).unwrap();
        assert_eq!(ours.instances.len(), states.len(), "{}", run.display());
        for (ours, theirs) in ours.instances.iter().zip(&states) {
            let expected = instance(theirs);
            assert_eq!(ours.id, expected.id);
            assert_eq!(ours.input, expected.input, "{} {}", run.display(), ours.id);
            assert_eq!(ours.references, expected.references, "{} {}", run.display(), ours.id);
            let Some(description) = &ours.perturbation else { continue };
            let mut theirs_description: HashMap<String, Value> =
                serde_json::from_value(theirs["perturbation"].clone()).unwrap();
            // HELM records where its machine keeps the word lists; that is no part of the perturbation.
            theirs_description.retain(|key, _| !key.ends_with("_file_path"));
            let parameters = description.parameters.len();
            assert_eq!(theirs_description.len(), 4 + parameters, "{theirs_description:?}");
            assert_eq!(theirs_description["name"], description.name.as_str());
            assert_eq!(theirs_description["robustness"], description.robustness);
            assert_eq!(theirs_description["fairness"], description.fairness);
            for (key, value) in &description.parameters {
                assert_eq!(&theirs_description[key], value, "{key}");
            }
            *compared.entry(description.name.to_string()).or_default() += 1;
        }
    }
    println!("compared: {compared:?}");
    let total: usize = compared.values().sum();
    assert!(total > 600 && compared.len() >= 9, "too few were compared: {compared:?}");
}
