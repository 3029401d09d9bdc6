//! `import helm`, `rescore --helm-compat` and `export helm` give HELM's statistics of HELM's answers, for every reference run
//! that has answers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::common;

/// The share by which numbers may differ.
const TOLERANCE: f64 = 1e-9;

/// What measures time. An import keeps HELM's times, so these are equal too; they are counted apart.
const TIMES: [&str; 1] = ["inference_runtime"];

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).expect("a folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.is_dir());
    paths.sort();
    paths
}

/// A file of HELM's, or of an export.
fn json(folder: &Path, name: &str) -> Value {
    let plain = folder.join(name);
    if plain.exists() {
        return serde_json::from_reader(File::open(plain).unwrap()).unwrap();
    }
    let packed = File::open(folder.join(format!("{name}.gz"))).unwrap();
    serde_json::from_reader(GzDecoder::new(packed)).unwrap()
}

fn has_answers(folder: &Path) -> bool {
    let state = json(folder, "scenario_state.json");
    state["request_states"].as_array().unwrap().iter().any(|state| state["result"].is_object())
}

/// The exported runs by HELM's name.
fn exported(suite: &Path) -> BTreeMap<String, PathBuf> {
    let runs = folders(suite).into_iter().filter(|folder| folder.join("run_spec.json").exists());
    runs.map(|folder| {
        let spec = json(&folder, "run_spec.json");
        let name = spec["holometer"]["name"].as_str().or_else(|| spec["name"].as_str());
        (name.expect("a run has a name").to_owned(), folder)
    })
    .collect()
}

/// What was compared.
#[derive(Default)]
struct Tally {
    statistics: usize,
    numbers: usize,
    times: usize,
    faults: Vec<String>,
}

impl Tally {
    /// Statistics by name and context: each of HELM's must be there with its numbers, and no other.
    fn compare(&mut self, ours: &Value, theirs: &Value, place: &str) {
        let by_name = |stats: &Value| -> BTreeMap<String, Value> {
            let stats = stats.as_array().expect("a list of statistics").iter();
            stats.map(|stat| (sorted(&stat["name"]), stat.clone())).collect()
        };
        let (ours, theirs) = (by_name(ours), by_name(theirs));
        let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        for name in names {
            match (ours.get(name), theirs.get(name)) {
                (Some(ours), Some(theirs)) => self.compare_one(ours, theirs, place),
                (None, _) => self.faults.push(format!("{place}: {name} is missing")),
                (_, None) => self.faults.push(format!("{place}: {name} is not HELM's")),
            }
        }
    }

    fn compare_one(&mut self, ours: &Value, theirs: &Value, place: &str) {
        self.statistics += 1;
        let fields = |stat: &Value| -> BTreeSet<String> {
            stat.as_object().expect("a statistic").keys().cloned().collect()
        };
        for field in fields(ours).union(&fields(theirs)).filter(|field| *field != "name") {
            let (Some(a), Some(b)) = (ours[field].as_f64(), theirs[field].as_f64()) else {
                self.faults.push(format!("{place}: {} lacks {field}", theirs["name"]));
                continue;
            };
            if (a - b).abs() > TOLERANCE * b.abs().max(1.0) {
                self.faults.push(format!("{place}: {} {field} {a} for {b}", theirs["name"]));
            }
            self.numbers += 1;
            let timed = theirs["name"]["name"].as_str().is_some_and(|name| TIMES.contains(&name));
            self.times += usize::from(timed);
        }
    }
}

/// A value's text with its fields in order.
fn sorted(value: &Value) -> String {
    let object = value.as_object().expect("a name");
    let fields: BTreeMap<&String, String> = object
        .iter()
        .map(|(key, value)| {
            (key, if value.is_object() { sorted(value) } else { value.to_string() })
        })
        .collect();
    format!("{fields:?}")
}

/// The entries of `per_instance_stats.json` by instance, perturbation and trial; of a text in windows, several.
fn units(value: &Value) -> BTreeMap<String, Vec<Value>> {
    let mut units: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for unit in value.as_array().expect("a list of units") {
        let perturbation = unit.get("perturbation").map(sorted);
        let key = format!("{} {} {perturbation:?}", unit["instance_id"], unit["train_trial_index"]);
        units.entry(key).or_default().push(unit["stats"].clone());
    }
    units
}

fn compare_run(ours: &Path, theirs: &Path, name: &str, tally: &mut Tally) {
    tally.compare(&json(ours, "stats.json"), &json(theirs, "stats.json"), &format!("{name} stats"));
    let file = "per_instance_stats.json";
    let (ours, theirs) = (units(&json(ours, file)), units(&json(theirs, file)));
    if ours.keys().ne(theirs.keys()) {
        tally.faults.push(format!("{name}: other instances"));
        return;
    }
    for ((key, ours), theirs) in ours.iter().zip(theirs.values()) {
        if ours.len() != theirs.len() {
            tally.faults.push(format!("{name} {key}: {} entries for {}", ours.len(), theirs.len()));
        }
        for (ours, theirs) in ours.iter().zip(theirs) {
            tally.compare(ours, theirs, &format!("{name} {key}"));
        }
    }
}

fn succeed(home: &Path, arguments: &[&str]) {
    let output = common::run(home, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", common::stderr(&output));
}

#[test]
fn statistics_equal_helms_after_import_and_rescore() {
    let Some(shared) = holometer_testkit::shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let root = shared.join("golden/helm-0.5.16");
    let tokenizer = shared.join("golden/data/tokenizer/tokenizer.json");
    succeed(home.path(), &["import", "helm", root.to_str().unwrap(), "--db", "h.db", "--quiet"]);
    let tokenizer = tokenizer.to_str().unwrap();
    let rescore = ["rescore", "--helm-compat", "--tokenizer", tokenizer, "--db", "h.db", "--quiet"];
    succeed(home.path(), &rescore);
    let (mut runs, mut whole) = (0, Tally::default());
    for suite in folders(&root) {
        let answered: Vec<PathBuf> =
            folders(&suite).into_iter().filter(|folder| has_answers(folder)).collect();
        if answered.is_empty() {
            continue;
        }
        let suite = suite.file_name().unwrap().to_str().unwrap();
        succeed(
            home.path(),
            &["export", "helm", "out", "--suite", suite, "--helm-compat", "--db", "h.db"],
        );
        let ours = exported(&home.path().join("out/runs").join(suite));
        for theirs in answered {
            let spec = json(&theirs, "run_spec.json");
            let name = spec["name"].as_str().unwrap();
            let ours = ours.get(name).unwrap_or_else(|| panic!("{name} was not exported"));
            let mut tally = Tally::default();
            compare_run(ours, &theirs, name, &mut tally);
            println!("{suite} {name}: {} statistics, {} numbers", tally.statistics, tally.numbers);
            runs += 1;
            whole.statistics += tally.statistics;
            whole.numbers += tally.numbers;
            whole.times += tally.times;
            whole.faults.extend(tally.faults);
        }
    }
    println!(
        "{runs} runs: {} statistics with {} numbers compared to {TOLERANCE:e}, {} of them times",
        whole.statistics, whole.numbers, whole.times
    );
    let faults = &whole.faults;
    assert!(faults.is_empty(), "{} differ: {:#?}", faults.len(), &faults[..faults.len().min(9)]);
    assert!(runs >= 15 && whole.numbers > 80_000, "too little was compared");
}
