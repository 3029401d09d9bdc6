//! Every metric class that HELM's run specs name has a counterpart here.

use std::collections::BTreeSet;

use holometer_testkit::helm_state::metric_name;
use holometer_testkit::shared_path;
use serde_json::Value;

/// Classes whose name in snake case is not our name.
const NAMED_OTHERWISE: [(&str, &str); 6] = [
    ("live_qascore", "live_qa_score"),
    ("omni_math", "omni_math"),
    ("gpqachain_of_thought", "gpqa_chain_of_thought"),
    ("big_code_bench", "bigcodebench"),
    ("wild_bench_score", "wildbench_score"),
    ("disinformation_human_eval_metrics", "disinformation_human_eval"),
];

#[test]
fn every_class_of_the_run_specs_is_here() {
    let Some(path) = shared_path("helm/catalogue.json") else {
        eprintln!("SKIPPED: there is no reference data");
        return;
    };
    let catalogue: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut classes = BTreeSet::new();
    for spec in catalogue["run_specs"].as_object().unwrap().values() {
        for variant in spec["variants"].as_array().into_iter().flatten() {
            for metric in variant["metric_specs"].as_array().into_iter().flatten() {
                classes.insert(metric["class_name"].as_str().unwrap().to_owned());
            }
        }
    }
    assert!(classes.len() > 20, "{classes:?}");
    let names = holometer_metrics::names();
    let letters = |name: &str| name.replace('_', "");
    let missing: Vec<&String> = classes
        .iter()
        .filter(|class| {
            let name = metric_name(class);
            let other = NAMED_OTHERWISE.iter().find(|(theirs, _)| *theirs == name);
            let name = other.map_or(name.as_str(), |(_, ours)| ours);
            !names.iter().any(|known| letters(known) == letters(name))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_scenario_is_known_for_a_score_that_exists() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/defs");
    let mut main = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let Some((_, section)) = text.split_once("\n[main_metric]\n") else { continue };
        let line = section.lines().find_map(|line| line.strip_prefix("metric = \"")).unwrap();
        main.insert(line.split_once('"').unwrap().0.to_owned());
    }
    assert!(main.len() > 20, "{main:?}");
    let known = |name: &str| holometer_metrics::card(name).is_some();
    let missing: Vec<&String> = main.iter().filter(|name| !known(name)).collect();
    assert!(missing.is_empty(), "reports on such scenarios have no headline: {missing:?}");
}
