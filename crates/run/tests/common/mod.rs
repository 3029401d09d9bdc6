//! Models that only pretend, and runs for them.

#![expect(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use holometer_core::{
    AdapterSpec, Args, AugmentationSpec, Cancel, Capabilities, Completion, Decoding, Finished,
    Instance, InstanceId, Method, Model, ModelCard, ModelName, ModelSpec, Outcome, Prompt,
    Reference, Request, RequestKey, RequestState, Response, RunName, RunSpec, ScenarioName,
    ScenarioSpec, Sink, Split, Tokenizer, Window,
};
use holometer_run::{Job, Place};
use holometer_store::{RunContext, RunId, RunInputs, Store, UnixMillis};

/// What a pretending model does with the requests it is given.
pub(crate) type Behaviour =
    Box<dyn Fn(&Pretender, &[(RequestKey, Request)], &Cancel, Sink<'_>) + Send + Sync>;

/// A model whose answers are hashes of the requests.
pub(crate) struct Pretender {
    card: ModelCard,
    behaviour: Behaviour,
    /// How many requests it has been given.
    pub(crate) asked: AtomicUsize,
    /// The most it was given at once.
    pub(crate) most: AtomicUsize,
}

impl Pretender {
    pub(crate) fn new(name: &str, behaviour: Behaviour) -> Arc<Self> {
        let card = ModelCard {
            name: ModelName::new(name),
            fingerprint: format!("fingerprint of {name}"),
            summary: "pretends".into(),
            capabilities: Capabilities::ALL,
        };
        Arc::new(Self { card, behaviour, asked: AtomicUsize::new(0), most: AtomicUsize::new(0) })
    }

    /// Answers everything in order.
    pub(crate) fn honest(name: &str) -> Arc<Self> {
        Self::new(
            name,
            Box::new(|_, requests, cancel, sink| {
                for (key, request) in requests {
                    if cancel.is_cancelled() {
                        return;
                    }
                    sink(finished(*key, answer(request)));
                }
            }),
        )
    }

    /// Decides on each request by its text.
    pub(crate) fn choosing(
        name: &str,
        choose: impl Fn(&str) -> Outcome + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::new(
            name,
            Box::new(move |_, requests, _, sink| {
                for (key, request) in requests {
                    sink(finished(*key, choose(&request.text().unwrap())));
                }
            }),
        )
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Model for Pretender {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn tokenizer(&self) -> Option<Arc<dyn Tokenizer>> {
        None
    }

    fn window(&self) -> Window {
        Window {
            max_sequence_length: 2048,
            max_request_length: 2048,
            prefix_token: String::new(),
            end_of_text_token: String::new(),
            chat: false,
        }
    }

    fn answer(&self, requests: &[(RequestKey, Request)], cancel: &Cancel, sink: Sink<'_>) {
        self.asked.fetch_add(requests.len(), Ordering::SeqCst);
        self.most.fetch_max(requests.len(), Ordering::SeqCst);
        (self.behaviour)(self, requests, cancel, sink);
    }
}

pub(crate) fn finished(key: RequestKey, outcome: Outcome) -> Finished {
    Finished { key, outcome, seconds: 0.5, retries: 0 }
}

/// The answer that any honest model gives.
pub(crate) fn answer(request: &Request) -> Outcome {
    let mut hasher = DefaultHasher::new();
    request.text().hash(&mut hasher);
    answered(&format!("{:016x}", hasher.finish()))
}

pub(crate) fn answered(text: &str) -> Outcome {
    Outcome::Answered(Response {
        completions: vec![Completion { text: text.into(), ..Completion::default() }],
        prompt_tokens: Some(7),
        completion_tokens: Some(2),
        ..Response::default()
    })
}

/// Requests with the given prompts.
pub(crate) fn requests(prompts: impl IntoIterator<Item = String>) -> Vec<RequestState> {
    let state = |(index, prompt): (usize, String)| {
        let references = vec![Reference::correct("yes")];
        let mut instance = Instance::new(format!("question {index}"), references, Split::Test);
        instance.id = InstanceId(format!("id{index}"));
        RequestState {
            instance: Arc::new(instance),
            reference_index: None,
            request_mode: None,
            train_trial_index: 0,
            output_mapping: None,
            request: Request::Generate {
                prompt: Prompt::Text(prompt),
                decoding: Decoding::default(),
            },
            num_train_instances: 0,
            prompt_truncated: false,
            num_conditioning_tokens: 0,
        }
    };
    prompts.into_iter().enumerate().map(state).collect()
}

pub(crate) fn numbered(count: usize) -> Vec<RequestState> {
    requests((0..count).map(|index| format!("prompt {index}")))
}

pub(crate) fn begin(
    store: &mut Store,
    name: &str,
    model: &str,
    requests: &[RequestState],
) -> RunId {
    let spec = RunSpec {
        name: RunName::new(format!("{name}:model={model}")),
        scenario: ScenarioSpec { name: ScenarioName::new(name), args: Args::default() },
        adapter: AdapterSpec::new(Method::Generation),
        metrics: Vec::new(),
        augmentation: AugmentationSpec::default(),
        groups: Vec::new(),
        model: ModelSpec { name: ModelName::new(model), deployment: model.into() },
    };
    let inputs = RunInputs {
        fingerprint: &format!("fingerprint of {model}"),
        data_hashes: &BTreeMap::new(),
        instances: &[],
        requests,
    };
    let context =
        RunContext { at: UnixMillis(1), version: "0.1.0".into(), host: serde_json::Value::Null };
    store.begin_run("suite", &spec, &inputs, &context).unwrap().run
}

pub(crate) fn job(run: RunId, model: &Arc<Pretender>) -> Job {
    Job { run, model: Arc::clone(model) as Arc<dyn Model>, place: Place::Local }
}

/// Every outcome of a run in order; `None` where there is none.
pub(crate) fn outcomes(store: &Store, run: RunId) -> Vec<Option<Outcome>> {
    store.answers(run).map(|answer| answer.unwrap().reply.map(|reply| reply.outcome)).collect()
}

/// Starts this test program again, to run one of its tests as a process of its own that knows a folder.
pub(crate) fn child(test: &str, folder: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, folder);
    command
}

/// The folder of a child process; `None` in the test's own process.
pub(crate) fn folder_of_child() -> Option<std::path::PathBuf> {
    std::env::var_os(FOLDER).map(Into::into)
}

const FOLDER: &str = "HOLOMETER_TEST_FOLDER";
