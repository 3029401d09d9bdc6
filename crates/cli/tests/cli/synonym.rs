//! `synonym` needs a model and WordNet, which the program has not: plans say so, and with them it gives HELM's text.

use std::fs::{self, File};

use serde_json::Value;

use crate::common;

const ENTRY: &str = "simple_mcqa:data_augmentation=robustness_all";

#[test]
fn a_plan_names_what_a_perturbation_downloads() {
    let home = tempfile::tempdir().unwrap();
    let plan = |more: &[&str]| {
        let arguments = ["plan", "-e", ENTRY, "-m", "test:echo", "--format", "json"];
        let output = common::run(home.path(), &[&arguments, more].concat());
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let online = plan(&[]);
    let downloads = online["downloads"].as_array().unwrap();
    let found = |name: &str| {
        let download = downloads.iter().find(|download| download["name"] == name).unwrap();
        (download["bytes"].as_u64().unwrap(), download["is_pinned"].as_bool().unwrap())
    };
    let wheel = "perturbations/synonym/en_core_web_sm-3.8.0-py3-none-any.whl";
    assert_eq!(found(wheel), (12_806_118, true));
    assert_eq!(found("perturbations/synonym/corpora/wordnet.zip"), (10_775_600, true));
    let offline = plan(&["--offline"]);
    let reason = offline["cells"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("en_core_web_sm-3.8.0") && reason.contains("--data-dir"), "{reason}");
}

#[test]
fn a_text_is_rewritten_as_helm_does() {
    let made_by = "parity/perturb/synonym.py";
    let Some(data) = holometer_testkit::named_folder("HOLOMETER_SYNONYM_DATA", made_by) else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let text = home.path().join("text");
    fs::write(&text, "This was a good movie, would watch again.").unwrap();
    let perturb = |more: &[&str]| {
        let mut command = common::holometer(home.path());
        command.args(["perturb", "synonym:prob=1.0", "--seed-id", "id0"]).args(more);
        command.stdin(File::open(&text).unwrap()).output().unwrap()
    };
    let done = perturb(&["--data-dir", data.to_str().unwrap()]);
    assert_eq!(
        common::stdout(&done).trim_end(),
        "This was a near motion-picture show, would check once more.",
        "{}",
        common::stderr(&done)
    );
    let offline = perturb(&["--offline"]);
    assert_eq!(offline.status.code(), Some(2));
    assert!(common::stderr(&offline).contains("hint: "), "{}", common::stderr(&offline));
}
