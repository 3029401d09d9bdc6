//! Runs to store, made without any other crate.

#![expect(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holometer_core::{
    AdapterSpec, Args, Completion, Decoding, FailureKind, FinishReason, Instance, InstanceId,
    Method, ModelName, ModelSpec, Outcome, PerturbationDescription, PerturbationName, Prompt,
    Reference, Request, RequestState, Response, RunName, RunSpec, ScenarioName, ScenarioSpec,
    ScoredToken, Split, TopToken,
};
use holometer_store::{Begun, Recorded, Retry, RunContext, RunInputs, Store, UnixMillis};

/// A database in a folder of its own.
pub(crate) struct Scratch {
    folder: tempfile::TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("holometer.db")
    }

    pub(crate) fn open(&self) -> Store {
        Store::open(self.path()).unwrap()
    }
}

pub(crate) fn spec(name: &str) -> RunSpec {
    RunSpec {
        name: RunName::new(name),
        scenario: ScenarioSpec { name: ScenarioName::new("made"), args: Args::default() },
        adapter: AdapterSpec::new(Method::Generation),
        metrics: Vec::new(),
        augmentation: holometer_core::AugmentationSpec::default(),
        groups: vec!["made".into()],
        model: ModelSpec { name: ModelName::new("test:made"), deployment: "test:made".into() },
    }
}

pub(crate) fn context() -> RunContext {
    RunContext {
        at: UnixMillis(1_700_000_000_000),
        version: "0.1.0".into(),
        host: serde_json::json!({"os": "any"}),
    }
}

pub(crate) fn instance(index: usize, text: &str) -> Instance {
    let references = vec![Reference::correct("yes"), Reference::wrong("no")];
    let mut instance = Instance::new(text, references, Split::Test);
    instance.id = InstanceId(format!("id{index}"));
    instance
}

pub(crate) fn perturbed(original: &Instance, text: &str) -> Instance {
    let mut copy = original.clone();
    copy.contrast_inputs = vec![original.input.clone()];
    copy.input.text = text.into();
    copy.perturbation = Some(PerturbationDescription {
        name: PerturbationName::new("made_up"),
        robustness: true,
        fairness: false,
        computed_on: "perturbed".into(),
        seed: None,
        parameters: BTreeMap::new(),
    });
    copy
}

pub(crate) fn state(instance: &Arc<Instance>, request: Request) -> RequestState {
    RequestState {
        instance: Arc::clone(instance),
        reference_index: None,
        request_mode: None,
        train_trial_index: 0,
        output_mapping: None,
        request,
        num_train_instances: 0,
        prompt_truncated: false,
        num_conditioning_tokens: 0,
    }
}

pub(crate) fn generate(prompt: &str) -> Request {
    Request::Generate { prompt: Prompt::Text(prompt.into()), decoding: Decoding::default() }
}

/// One request for each prompt, each of an instance of its own.
pub(crate) fn plain_run(prompts: &[String]) -> (Vec<Arc<Instance>>, Vec<RequestState>) {
    let instances: Vec<Arc<Instance>> = prompts
        .iter()
        .enumerate()
        .map(|(index, prompt)| Arc::new(instance(index, &format!("question {prompt}"))))
        .collect();
    let requests = instances
        .iter()
        .zip(prompts)
        .map(|(instance, prompt)| state(instance, generate(prompt)))
        .collect();
    (instances, requests)
}

pub(crate) fn begin(
    store: &mut Store,
    name: &str,
    instances: &[Arc<Instance>],
    requests: &[RequestState],
) -> Begun {
    let data_hashes = BTreeMap::from([("data.jsonl".to_owned(), "abc".to_owned())]);
    let inputs =
        RunInputs { fingerprint: "model 1", data_hashes: &data_hashes, instances, requests };
    store.begin_run("suite", &spec(name), &inputs, &context()).unwrap()
}

/// Prompts that share nothing with one another but their form.
pub(crate) fn prompts(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("What is {index} times {index}?")).collect()
}

pub(crate) fn answered(text: &str) -> Outcome {
    let token = ScoredToken {
        text: text.into(),
        logprob: Some(-0.1 - 1.0 / 3.0),
        top: vec![TopToken { text: "x".into(), logprob: -1e-300 }],
    };
    Outcome::Answered(Response {
        completions: vec![Completion {
            text: text.into(),
            tokens: vec![token],
            finish_reason: Some(FinishReason::EndOfText),
            ..Completion::default()
        }],
        prompt_tokens: Some(3),
        completion_tokens: Some(1),
        ..Response::default()
    })
}

pub(crate) fn failed(kind: FailureKind) -> Outcome {
    Outcome::failed(kind, "it did not work")
}

/// Answers everything that is pending; each answer is made from the request.
pub(crate) fn answer_all(store: &mut Store, run: holometer_store::RunId) {
    let pending = store.pending(run, 0, usize::MAX >> 1, Retry::Transient).unwrap();
    let recorded: Vec<Recorded> = pending
        .iter()
        .map(|pending| Recorded {
            key: pending.key,
            outcome: answered(&format!("{:?}", store.request(pending.key).unwrap())),
            seconds: Some(0.25),
            retries: 1,
        })
        .collect();
    store.record(&recorded, UnixMillis(5)).unwrap();
}
