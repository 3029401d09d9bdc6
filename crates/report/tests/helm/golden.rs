//! Every run that real HELM made: files in and out, and aggregation.

use std::collections::{BTreeSet, HashMap};

use holometer_core::Method;
use holometer_report::helm::{
    Stat, Worst, aggregate, folder_name, instance_counts, read_run, write_run,
};
use serde_json::Value;

use crate::support::{differences, golden_runs, json};

/// Everything of a run's spec, requests and answers survives reading and writing, value for value.
#[test]
fn runs_survive_import_and_export() {
    let (mut runs, mut leaves) = (0, 0);
    for folder in golden_runs() {
        let imported = read_run(&folder).expect("the run can be read");
        let out = tempfile::tempdir().unwrap();
        let name = folder_name(imported.run.spec.name.as_str());
        let written = out.path().join(&name);
        write_run(&written, &imported.run, &imported.unit_stats, &imported.stats).unwrap();
        for file in
            ["scenario_state.json", "scenario.json", "stats.json", "per_instance_stats.json"]
        {
            let found = differences(&json(&written, file), &json(&folder, file), "", &mut leaves);
            assert!(found.is_empty(), "{name} {file}: {:?}", &found[..found.len().min(5)]);
        }
        let mut spec = json(&written, "run_spec.json");
        assert_eq!(spec["name"], Value::from(name.clone()), "the folder and the run have one name");
        // HELM's name is kept beside the one that every file system takes.
        spec["name"] = spec["holometer"]["name"].clone();
        spec.as_object_mut().unwrap().remove("holometer");
        let found = differences(&spec, &json(&folder, "run_spec.json"), "", &mut leaves);
        assert!(found.is_empty(), "{name} run_spec.json: {found:?}");
        let again = read_run(&written).unwrap();
        assert_eq!(again.run, imported.run, "{name}");
        runs += 1;
    }
    println!("{runs} runs, {leaves} values equal after import and export");
}

/// `stats.json` follows from `per_instance_stats.json`.
#[test]
fn aggregation_gives_helms_statistics() {
    let (mut compared, mut derived, mut left_out) = (0, 0, BTreeSet::new());
    for folder in golden_runs() {
        let imported = read_run(&folder).unwrap();
        if imported.run.requests.iter().all(|request| request.outcome.is_none()) {
            continue;
        }
        let text = imported.run.spec.adapter.method == Method::LanguageModeling;
        let mut ours =
            aggregate(&imported.unit_stats, if text { &Worst::Not } else { &Worst::Smallest });
        ours.extend(instance_counts(&imported.unit_stats));
        let name = |stat: &Stat| format!("{:?}", stat.name);
        let by_name: HashMap<String, &Stat> = ours.iter().map(|stat| (name(stat), stat)).collect();
        for theirs in &imported.stats {
            // These are not means of per-instance statistics: the metric itself gives them.
            if theirs.name.name.starts_with("bbq_") {
                left_out.insert(theirs.name.name.clone());
                continue;
            }
            let ours =
                by_name.get(&name(theirs)).unwrap_or_else(|| panic!("{theirs:?} is missing"));
            assert_eq!(ours.count, theirs.count, "{theirs:?}");
            for (ours, theirs_value) in [
                (ours.sum, theirs.sum),
                (ours.sum_squared, theirs.sum_squared),
                (ours.min.unwrap_or_default(), theirs.min.unwrap_or_default()),
                (ours.max.unwrap_or_default(), theirs.max.unwrap_or_default()),
            ] {
                let scale = theirs_value.abs().max(1.0);
                assert!((ours - theirs_value).abs() <= 1e-9 * scale, "{ours} for {theirs:?}");
            }
            compared += 1;
            derived += usize::from(
                !imported
                    .unit_stats
                    .iter()
                    .flat_map(|unit| &unit.stats)
                    .any(|stat| stat.name.name == theirs.name.name),
            );
        }
        assert_eq!(
            ours.len(),
            imported.stats.iter().filter(|stat| !stat.name.name.starts_with("bbq_")).count(),
            "{}: no more and no fewer than HELM",
            imported.run.spec.name
        );
    }
    println!("{compared} statistics equal, {derived} of them derived; left out: {left_out:?}");
}
