//! A run of a million instances (or of as many as the first argument says) with five-shot prompts: how long each step
//! takes and how large the file becomes. `cargo bench -p holometer-store`

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use holometer_core::{
    AdapterSpec, Args, AugmentationSpec, Completion, Decoding, Instance, InstanceId, Method,
    ModelName, ModelSpec, Outcome, Prompt, Reference, Request, RequestState, Response, RunName,
    RunSpec, ScenarioName, ScenarioSpec, Score, Split, Value,
};
use holometer_store::{
    Recorded, Retry, RunContext, RunInputs, Store, StoreError, UnitId, UnitScores, UnixMillis,
};

const NAMES: [&str; 5] = ["exact_match", "quasi_exact_match", "f1_score", "logprob", "tokens"];

fn main() -> Result<(), StoreError> {
    let count = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("results.db");
    let mut store = Store::open(&path)?;
    let (instances, requests) = timed("make", || inputs(count));
    let spec = spec();
    let begin = |store: &mut Store| {
        let inputs = RunInputs {
            fingerprint: "model",
            data_hashes: &BTreeMap::new(),
            instances: &instances,
            requests: &requests,
        };
        let (at, host) = (UnixMillis(0), serde_json::Value::Null);
        store.begin_run("suite", &spec, &inputs, &RunContext { at, version: String::new(), host })
    };
    let run = timed("begin", || begin(&mut store))?.run;
    timed("begin again", || begin(&mut store))?;
    let mut from = 0;
    timed("record", || -> Result<(), StoreError> {
        loop {
            let page = store.pending(run, from, 1000, Retry::Transient)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            from = last.position + 1;
            let recorded: Vec<Recorded> = page
                .iter()
                .map(|pending| Recorded {
                    key: pending.key,
                    outcome: outcome(pending.position),
                    seconds: Some(0.1),
                    retries: 0,
                })
                .collect();
            store.record(&recorded, UnixMillis(0))?;
        }
    })?;
    timed("progress", || store.progress(run))?;
    timed("pending", || store.pending(run, 0, 10, Retry::Transient))?;
    timed("units", || store.units(run).try_for_each(|unit| unit.map(drop)))?;
    timed("write scores", || store.write_scores(run, (0..count).map(scores)))?;
    timed("read scores", || store.scores(run).try_for_each(|unit| unit.map(drop)))?;
    timed("check", || store.check())?;
    drop(store);
    timed("open", || Store::open(&path))?;
    let bytes = std::fs::metadata(&path).map_or(0, |found| found.len());
    println!("{:>12}: {} bytes per instance", "file", bytes / count as u64);
    Ok(())
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let value = work();
    println!("{what:>12}: {:.3} s", start.elapsed().as_secs_f64());
    value
}

fn inputs(count: usize) -> (Vec<Arc<Instance>>, Vec<RequestState>) {
    let examples: Vec<String> = (0..5).map(question).collect();
    let examples = format!("{}\nAnswer: B\n\n", examples.join("\nAnswer: B\n\n"));
    let instance = |index: usize| {
        let references = vec![Reference::correct("the first"), Reference::wrong("the second")];
        let mut instance = Instance::new(question(index), references, Split::Test);
        instance.id = InstanceId(format!("id{index}"));
        Arc::new(instance)
    };
    let instances: Vec<Arc<Instance>> = (5..count + 5).map(instance).collect();
    let request = |instance: &Arc<Instance>| RequestState {
        instance: Arc::clone(instance),
        reference_index: None,
        request_mode: None,
        train_trial_index: 0,
        output_mapping: Some(vec![
            ("A".into(), "the first".into()),
            ("B".into(), "the second".into()),
        ]),
        request: Request::Generate {
            prompt: Prompt::Text(format!("{examples}{}\nAnswer:", instance.input.text)),
            decoding: Decoding::default(),
        },
        num_train_instances: 5,
        prompt_truncated: false,
        num_conditioning_tokens: 0,
    };
    let requests = instances.iter().map(request).collect();
    (instances, requests)
}

/// Some three hundred bytes that differ from question to question.
fn question(index: usize) -> String {
    let mut state = (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let words: Vec<String> = (0..40)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            format!("word{}", state % 500)
        })
        .collect();
    format!("Question: {}?", words.join(" "))
}

fn outcome(index: usize) -> Outcome {
    let text = if index.is_multiple_of(3) { " A" } else { " B" };
    Outcome::Answered(Response {
        completions: vec![Completion { text: text.into(), ..Completion::default() }],
        ..Response::default()
    })
}

fn scores(instance: usize) -> UnitScores {
    let value = |index: usize| Value::Number((instance % (index + 2)) as f64 / 2.0);
    let scores =
        NAMES.iter().enumerate().map(|(index, name)| Score::new(*name, value(index))).collect();
    UnitScores { unit: UnitId { trial: 0, instance }, scores, components: Vec::new() }
}

fn spec() -> RunSpec {
    RunSpec {
        name: RunName::new("million:model=none"),
        scenario: ScenarioSpec { name: ScenarioName::new("million"), args: Args::default() },
        adapter: AdapterSpec::new(Method::MultipleChoiceJoint),
        metrics: Vec::new(),
        augmentation: AugmentationSpec::default(),
        groups: Vec::new(),
        model: ModelSpec { name: ModelName::new("none"), deployment: "none".into() },
    }
}
