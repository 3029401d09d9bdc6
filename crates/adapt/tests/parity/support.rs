//! Golden runs of HELM, read into this project's types, and the comparison with them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;

use flate2::read::GzDecoder;
use holometer_adapt::{AdaptContext, Note, adapt, helm_request, sample_eval_instances};
use holometer_core::instance::number_instances;
use holometer_core::{
    AdapterSpec, Args, AugmentationSpec, Instance, Method, ModelSpec, PerturbationDescription,
    PerturbationName, RunName, RunSpec, ScenarioName, ScenarioSpec, Split, TokenId, Tokenizer,
    Window,
};
use holometer_testkit::shared_path;
use serde_json::Value;

/// The tokenizer of the golden models.
pub(crate) struct HubTokenizer(tokenizers::Tokenizer);

impl HubTokenizer {
    fn load() -> Option<Self> {
        let path = shared_path("golden/data/tokenizer/tokenizer.json")?;
        Some(Self(tokenizers::Tokenizer::from_file(path).unwrap()))
    }
}

impl Tokenizer for HubTokenizer {
    fn encode(&self, text: &str) -> Vec<TokenId> {
        self.0.encode_fast(text, false).unwrap().get_ids().to_vec()
    }

    fn decode(&self, tokens: &[TokenId]) -> String {
        self.0.decode(tokens, false).unwrap()
    }
}

/// A golden run.
pub(crate) struct Golden {
    pub(crate) run: RunSpec,
    pub(crate) states: Vec<Value>,
    pub(crate) window: Window,
    pub(crate) tokenizer: HubTokenizer,
}

impl Golden {
    /// Reads a run's folder under `golden/helm-0.5.16`; `None` if the reference data is absent.
    pub(crate) fn load(folder: &str) -> Option<Self> {
        let folder = shared_path(&format!("golden/helm-0.5.16/{folder}"))?;
        let spec: Value =
            serde_json::from_reader(File::open(folder.join("run_spec.json")).unwrap()).unwrap();
        let packed = File::open(folder.join("scenario_state.json.gz")).unwrap();
        let state: Value = serde_json::from_reader(BufReader::new(GzDecoder::new(packed))).unwrap();
        let run = run_spec(&spec);
        let window = window(&run.model.deployment)?;
        let states = state["request_states"].as_array().unwrap().clone();
        Some(Self { run, states, window, tokenizer: HubTokenizer::load()? })
    }

    /// The run's evaluated instances as HELM recorded them, each once, in the order of their first requests.
    pub(crate) fn recorded_instances(&self) -> Vec<Instance> {
        let mut values: Vec<&Value> = Vec::new();
        for state in &self.states {
            let first_trial = state["train_trial_index"] == 0;
            if first_trial && !values.contains(&&state["instance"]) {
                values.push(&state["instance"]);
            }
        }
        values.into_iter().map(instance).collect()
    }

    /// Numbers and samples a whole scenario's instances and compares their requests with HELM's.
    pub(crate) fn check_scenario(&self, mut instances: Vec<Instance>) -> Vec<Note> {
        number_instances(&mut instances);
        self.check(sample_eval_instances(instances, &self.run.adapter.few_shot))
    }

    /// Compares the requests of instances with HELM's, field by field, and returns the notes.
    pub(crate) fn check(&self, instances: Vec<Instance>) -> Vec<Note> {
        let instances: Vec<Arc<Instance>> = instances.into_iter().map(Arc::new).collect();
        let context = AdaptContext { tokenizer: Some(&self.tokenizer), window: &self.window };
        let adaptation = adapt(&self.run.adapter, &instances, &context).unwrap();
        assert_eq!(adaptation.requests.len(), self.states.len(), "{}", self.run.name);
        for (index, (ours, theirs)) in adaptation.requests.iter().zip(&self.states).enumerate() {
            let ours = helm_request(ours, &self.run);
            let theirs = recorded_request(&self.run, theirs);
            assert_eq!(ours, theirs, "request {index} of {}", self.run.name);
        }
        adaptation.notes
    }
}

/// What HELM recorded, in the form of [`helm_request`].
fn recorded_request(run: &RunSpec, state: &Value) -> Value {
    let mut object = serde_json::Map::new();
    object.insert("run".into(), run.name.as_str().into());
    let sources = [
        (&state["instance"], &["split", "sub_split", "perturbation"][..]),
        (state, &["train_trial_index", "reference_index", "request_mode"][..]),
        (
            &state["request"],
            &[
                "prompt",
                "max_tokens",
                "temperature",
                "stop_sequences",
                "num_completions",
                "top_k_per_token",
                "echo_prompt",
                "random",
            ][..],
        ),
        (
            state,
            &[
                "num_train_instances",
                "prompt_truncated",
                "num_conditioning_tokens",
                "output_mapping",
            ][..],
        ),
    ];
    object.insert("instance_id".into(), state["instance"]["id"].clone());
    for (source, names) in sources {
        for name in names {
            if let Some(value) = source.get(name) {
                object.insert((*name).into(), value.clone());
            }
        }
    }
    Value::Object(object)
}

/// An instance as HELM records it.
pub(crate) fn instance(value: &Value) -> Instance {
    let text = value["input"]["text"].as_str().unwrap_or_default();
    let split = Split::parse(value["split"].as_str().unwrap()).unwrap();
    let references = serde_json::from_value(value["references"].clone()).unwrap();
    let mut instance = Instance::new(text, references, split);
    instance.id = value["id"].as_str().unwrap().into();
    instance.sub_split = value["sub_split"].as_str().map(str::to_owned);
    instance.perturbation = value.get("perturbation").map(perturbation);
    if let Some(messages) = value["input"].get("messages") {
        instance.input.messages = serde_json::from_value(messages.clone()).unwrap();
    }
    if let Some(extra) = value.get("extra_data") {
        instance.extra = serde_json::from_value(extra.clone()).unwrap();
    }
    instance
}

fn perturbation(value: &Value) -> PerturbationDescription {
    let mut parameters: BTreeMap<String, Value> = serde_json::from_value(value.clone()).unwrap();
    for shared in ["name", "robustness", "fairness", "computed_on", "seed"] {
        parameters.remove(shared);
    }
    PerturbationDescription {
        name: PerturbationName::new(value["name"].as_str().unwrap()),
        robustness: value["robustness"].as_bool().unwrap(),
        fairness: value["fairness"].as_bool().unwrap(),
        computed_on: value["computed_on"].as_str().unwrap().to_owned(),
        seed: value["seed"].as_u64(),
        parameters,
    }
}

fn run_spec(value: &Value) -> RunSpec {
    let flat = &value["adapter_spec"];
    let mut run = named_run(value["name"].as_str().unwrap(), adapter_spec(flat));
    flat["model_deployment"].as_str().unwrap().clone_into(&mut run.model.deployment);
    run
}

/// A run spec of which only name and adapter matter.
pub(crate) fn named_run(name: &str, adapter: AdapterSpec) -> RunSpec {
    RunSpec {
        name: RunName::new(name),
        scenario: ScenarioSpec { name: ScenarioName::new("golden"), args: Args::default() },
        adapter,
        metrics: Vec::new(),
        augmentation: AugmentationSpec::default(),
        groups: Vec::new(),
        model: ModelSpec::default(),
    }
}

/// HELM's flat adapter record, divided into our parts.
pub(crate) fn adapter_spec(flat: &Value) -> AdapterSpec {
    let mut spec = AdapterSpec::new(Method::parse(flat["method"].as_str().unwrap()).unwrap());
    let defaults = spec.to_helm("", "");
    let part = |names: Value| -> Value {
        let names = names.as_object().unwrap().keys();
        names.filter_map(|name| Some((name.clone(), flat.get(name)?.clone()))).collect()
    };
    let given = |name: &str| flat.get(name).or_else(|| defaults.get(name)).cloned();
    spec.template = serde_json::from_value(part(serde_json::json!(spec.template))).unwrap();
    spec.few_shot = serde_json::from_value(part(serde_json::json!(spec.few_shot))).unwrap();
    let decoding = ["max_tokens", "temperature", "stop_sequences", "random"];
    let decoding: Value =
        decoding.iter().filter_map(|name| Some(((*name).to_owned(), given(name)?))).collect();
    spec.decoding = serde_json::from_value(decoding).unwrap();
    spec.num_outputs = given("num_outputs").unwrap().as_u64().unwrap() as usize;
    spec
}

/// The window that HELM gives a golden model: its `model_max_length` and special tokens.
fn window(deployment: &str) -> Option<Window> {
    let name = deployment.rsplit('/').next().unwrap();
    let path = shared_path(&format!("golden/data/tokenizer/{name}/tokenizer_config.json"))?;
    let config: Value = serde_json::from_reader(File::open(path).unwrap()).unwrap();
    let length = config["model_max_length"].as_u64().unwrap() as usize;
    Some(Window {
        max_sequence_length: length,
        max_request_length: length,
        prefix_token: config["bos_token"].as_str().unwrap().to_owned(),
        end_of_text_token: config["eos_token"].as_str().unwrap().to_owned(),
        chat: name.ends_with("-chat"),
    })
}
