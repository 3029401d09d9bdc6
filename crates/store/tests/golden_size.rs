//! How much room the prompts of real HELM runs take.

#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

mod common;

use std::io::Read;
use std::sync::Arc;

use common::{Scratch, generate, state};
use holometer_core::{Instance, InstanceId, Reference, RequestState, Split};
use serde_json::Value;

/// The instances and prompts of a run that HELM itself has written.
fn golden_run(folder: &std::path::Path) -> Vec<RequestState> {
    let file = std::fs::File::open(folder.join("scenario_state.json.gz")).unwrap();
    let mut json = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut json).unwrap();
    let scenario: Value = serde_json::from_str(&json).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = scenario["request_states"].as_array().unwrap();
    rows.iter()
        .map(|row| {
            let references = row["instance"]["references"].as_array().cloned().unwrap_or_default();
            let references = references
                .iter()
                .map(|reference| Reference::wrong(text(&reference["output"]["text"])))
                .collect();
            let mut instance =
                Instance::new(text(&row["instance"]["input"]["text"]), references, Split::Test);
            instance.id = InstanceId(text(&row["instance"]["id"]));
            state(&Arc::new(instance), generate(&text(&row["request"]["prompt"])))
        })
        .collect()
}

#[test]
fn prompts_of_real_runs_take_a_small_part_of_their_size() {
    let Some(suites) = holometer_testkit::shared_path("golden/helm-0.5.16/dry100") else {
        return;
    };
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let (mut naive, mut requests) = (0, 0);
    for entry in std::fs::read_dir(suites).unwrap() {
        let folder = entry.unwrap().path();
        let states = golden_run(&folder);
        requests += states.len();
        naive += states.iter().map(|one| serde_json::to_vec(one).unwrap().len()).sum::<usize>();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let run = common::begin(&mut store, &name, &[], &states).run;
        let found: Vec<RequestState> =
            store.answers(run).map(|answer| answer.unwrap().state).collect();
        assert_eq!(found, states);
    }
    drop(store);
    let size = std::fs::metadata(scratch.path()).unwrap().len() as usize;
    eprintln!("{requests} requests: {naive} bytes of JSON in a file of {size} bytes");
    assert!(size * 5 < naive * 2, "{size} bytes for {naive} bytes of JSON");
}
