//! The plan is complete: every entry has its line.

use serde_json::Value;

use crate::common;

#[test]
fn every_entry_of_helms_own_configuration_has_a_line() {
    let Some(conf) = holometer_testkit::shared_path("helm/conf/run_entries.conf") else { return };
    let home = tempfile::tempdir().unwrap();
    let output = common::run(
        home.path(),
        &[
            "plan",
            "-c",
            conf.to_str().unwrap(),
            "-m",
            "test:echo",
            "--no-counts",
            "--format",
            "json",
        ],
    );
    let plan: Value = serde_json::from_str(&common::stdout(&output)).unwrap();
    let cells = plan["cells"].as_array().unwrap();
    assert!(cells.len() >= 465, "{} lines", cells.len());
    for cell in cells {
        let silent =
            !cell["will_run"].as_bool().unwrap() && cell["reason"].as_str().unwrap().is_empty();
        assert!(!silent, "a line without a reason: {cell}");
    }
    let positions: std::collections::BTreeSet<&str> =
        cells.iter().map(|cell| cell["position"].as_str().unwrap()).collect();
    assert_eq!(positions.len(), 465, "each entry is named by its place");
    let will_run = plan["will_run"].as_u64().unwrap();
    assert_eq!(will_run + plan["will_not_run"].as_u64().unwrap(), cells.len() as u64);
    println!("{will_run} of {} will run", cells.len());
}

#[test]
fn counts_and_tokens_are_known_where_the_data_is() {
    let home = tempfile::tempdir().unwrap();
    let output = common::run(
        home.path(),
        &[
            "plan",
            "-e",
            "synthetic_reasoning:mode=induction",
            "-m",
            "test:random",
            "-n",
            "10",
            "--format",
            "json",
        ],
    );
    assert!(output.status.success(), "{}", common::stderr(&output));
    let plan: Value = serde_json::from_str(&common::stdout(&output)).unwrap();
    assert_eq!(plan["cells"][0]["requests"], 10);
    assert!(plan["prompt_tokens"].as_u64().unwrap() > 100, "{plan}");
}
