//! The suites that come with the product: they can be read, and those named after HELM's leaderboards hold HELM's entries.

use std::collections::BTreeSet;

use holometer_plan::{SourcedEntry, read_conf, shipped_suites};
use holometer_testkit::shared_path;

/// An entry without the models that HELM names, with its priority and groups. The order of arguments matters to nobody.
fn plain(entry: &SourcedEntry) -> (String, BTreeSet<String>, u32, Vec<String>) {
    let args = entry.entry.args.0.iter().filter(|(key, _)| key != "model");
    let args = args.map(|(key, value)| format!("{key}={value}")).collect();
    (entry.entry.name.clone(), args, entry.priority.unwrap_or(1), entry.groups.clone())
}

#[test]
fn every_suite_can_be_read_and_says_what_it_is() {
    let suites = shipped_suites();
    assert_eq!(suites.len(), 8);
    for suite in suites {
        let file = suite.read().unwrap();
        assert_eq!(file.suite.as_deref(), Some(suite.name));
        assert!(!file.entries.is_empty() && suite.summary.len() > 20, "{}", suite.name);
    }
}

#[test]
fn suites_of_helm_hold_the_entries_of_its_files() {
    for (name, conf) in [
        ("classic", "run_entries.conf"),
        ("lite", "run_entries_lite_20240424.conf"),
        ("capabilities", "run_entries_capabilities.conf"),
        ("safety", "run_entries_safety.conf"),
        ("mmlu", "run_entries_mmlu.conf"),
        ("air-bench", "run_entries_air_bench.conf"),
    ] {
        let Some(path) = shared_path(&format!("helm/conf/{conf}")) else { return };
        let theirs = read_conf(conf, &std::fs::read_to_string(path).unwrap()).unwrap();
        let suite = shipped_suites().into_iter().find(|suite| suite.name == name).unwrap();
        let ours: BTreeSet<_> = suite.read().unwrap().entries.iter().map(plain).collect();
        let theirs: BTreeSet<_> = theirs.entries.iter().map(plain).collect();
        let missing: Vec<_> = theirs.difference(&ours).collect();
        let added: Vec<_> = ours.difference(&theirs).collect();
        assert!(missing.is_empty() && added.is_empty(), "{name}: {missing:?} {added:?}");
    }
}
