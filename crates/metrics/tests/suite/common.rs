//! What the tests of this crate share.

use std::sync::Arc;

use holometer_core::{
    AdapterSpec, Answer, Args, AugmentationSpec, Completion, Decoding, Instance, Method, ModelSpec,
    Outcome, Prompt, Request, RequestMode, RequestState, Response, RunName, RunSpec, ScenarioName,
    ScenarioSpec, ScoredToken, TokenId, Tokenizer, Unit,
};

/// The tokenizer of the model that made the golden runs.
pub(crate) struct GoldenTokenizer(tokenizers::Tokenizer);

impl GoldenTokenizer {
    /// Reads it from the reference data; `None` when that is absent.
    pub(crate) fn read() -> Option<Self> {
        let path = holometer_testkit::shared_path("golden/data/tokenizer/tokenizer.json")?;
        Some(Self(tokenizers::Tokenizer::from_file(path).expect("the tokenizer can be read")))
    }
}

impl Tokenizer for GoldenTokenizer {
    fn encode(&self, text: &str) -> Vec<TokenId> {
        self.0.encode(text, false).expect("any text can be encoded").get_ids().to_vec()
    }

    fn decode(&self, tokens: &[TokenId]) -> String {
        self.0.decode(tokens, false).expect("any tokens can be decoded")
    }
}

/// A run whose name, scenario and metrics don't matter.
fn spec(method: Method) -> RunSpec {
    let mut adapter = AdapterSpec::new(method);
    adapter.num_outputs = 1;
    RunSpec {
        name: RunName::new("small"),
        scenario: ScenarioSpec { name: ScenarioName::new("small"), args: Args::default() },
        adapter,
        metrics: Vec::new(),
        augmentation: AugmentationSpec::default(),
        groups: Vec::new(),
        model: ModelSpec::default(),
    }
}

fn state(instance: Arc<Instance>, request: Request) -> RequestState {
    RequestState {
        instance,
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

/// A run with one request per instance.
pub(crate) struct SmallRun {
    spec: RunSpec,
    prompt: String,
    answered: Vec<(RequestState, Outcome)>,
}

impl SmallRun {
    /// A run of a method without anything in it.
    pub(crate) fn new(method: Method) -> Self {
        Self { spec: spec(method), prompt: "a prompt".into(), answered: Vec::new() }
    }

    /// Adds an instance and what came back for it. In joint multiple choice, the references get letters.
    pub(crate) fn add(&mut self, instance: Instance, outcome: Outcome) {
        let joint = self.spec.adapter.method == Method::MultipleChoiceJoint;
        let letters = instance.references.iter().zip('A'..);
        let mapping = letters.map(|(r, letter)| (letter.to_string(), r.output.text.clone()));
        let mapping = joint.then(|| mapping.collect());
        let request = Request::Generate {
            prompt: Prompt::Text(self.prompt.clone()),
            decoding: Decoding::default(),
        };
        let state = RequestState { output_mapping: mapping, ..state(Arc::new(instance), request) };
        self.answered.push((state, outcome));
    }

    /// How many completions each request asks for.
    pub(crate) fn set_outputs(&mut self, outputs: usize) {
        self.spec.adapter.num_outputs = outputs;
    }

    /// Names the scenario.
    pub(crate) fn set_scenario(&mut self, name: &str) {
        self.spec.scenario.name = ScenarioName::new(name);
    }

    /// What the instances added from now on were asked.
    pub(crate) fn set_prompt(&mut self, prompt: &str) {
        prompt.clone_into(&mut self.prompt);
    }

    /// Names the model that answers.
    pub(crate) fn deploy(&mut self, deployment: &str) {
        deployment.clone_into(&mut self.spec.model.deployment);
    }

    /// The units, one per instance.
    pub(crate) fn units(&self) -> Vec<Unit<'_>> {
        self.answered
            .iter()
            .map(|(state, outcome)| Unit {
                spec: &self.spec,
                instance: &state.instance,
                train_trial_index: 0,
                answers: vec![Answer { state, outcome, seconds: Some(0.5) }],
                tokenizer: None,
            })
            .collect()
    }
}

/// A run with one request per reference.
pub(crate) struct PairRun {
    spec: RunSpec,
    answered: Vec<Vec<(RequestState, Outcome)>>,
}

impl PairRun {
    /// A run of a method without anything in it.
    pub(crate) fn new(method: Method) -> Self {
        Self { spec: spec(method), answered: Vec::new() }
    }

    /// Adds an instance and what came back for its first references.
    pub(crate) fn add(&mut self, instance: Instance, outcomes: Vec<Outcome>) {
        let instance = Arc::new(instance);
        let answered = outcomes.into_iter().enumerate().map(|(index, outcome)| {
            let request = Request::ScoreContinuation {
                context: String::new(),
                continuation: instance.references[index].output.text.clone(),
            };
            let state = RequestState {
                reference_index: Some(index),
                request_mode: Some(RequestMode::Original),
                ..state(Arc::clone(&instance), request)
            };
            (state, outcome)
        });
        self.answered.push(answered.collect());
    }

    /// The units, one per instance.
    pub(crate) fn units(&self) -> Vec<Unit<'_>> {
        let answer = |(state, outcome)| Answer { state, outcome, seconds: None };
        self.answered
            .iter()
            .map(|answered| Unit {
                spec: &self.spec,
                instance: &answered[0].0.instance,
                train_trial_index: 0,
                answers: answered.iter().map(|(state, outcome)| answer((state, outcome))).collect(),
                tokenizer: None,
            })
            .collect()
    }
}

/// A scored text of one token.
pub(crate) fn logprob(logprob: f64) -> Outcome {
    let token = ScoredToken { text: "t".into(), logprob: Some(logprob), top: Vec::new() };
    let completion = Completion { tokens: vec![token], ..Completion::default() };
    Outcome::Answered(Response { completions: vec![completion], ..Response::default() })
}

/// An answer of one token per completion.
pub(crate) fn answered(texts: &[&str]) -> Outcome {
    let completions = texts
        .iter()
        .map(|text| Completion {
            text: (*text).into(),
            tokens: vec![ScoredToken {
                text: (*text).into(),
                logprob: Some(-0.5),
                top: Vec::new(),
            }],
            ..Completion::default()
        })
        .collect();
    Outcome::Answered(Response { completions, ..Response::default() })
}
