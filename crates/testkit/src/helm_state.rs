//! Reads a run folder of HELM's into the domain's types, so that tests can compare what is computed from the same answers.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use holometer_core::{
    AdapterSpec, Answer, Args, AugmentationSpec, Completion, Decoding, FewShot, FinishReason,
    Instance, Method, MetricSpec, ModelName, ModelSpec, Outcome, Prompt, PromptTemplate, Request,
    RequestMode, RequestState, Response, RunName, RunSpec, ScenarioName, ScenarioSpec, ScoredToken,
    Tokenizer, TopToken, Unit,
};
use serde_json::Value;

/// A run of HELM's.
pub struct HelmRun {
    /// What determined it. The scenario's name is that of the run, its arguments are left out.
    pub spec: RunSpec,
    /// Every request with what came back and the seconds it took, in HELM's order.
    pub requests: Vec<(RequestState, Outcome, Option<f64>)>,
    /// HELM's `per_instance_stats.json`.
    pub per_instance_stats: Value,
    /// HELM's `stats.json`.
    pub stats: Value,
}

/// Reads a run folder; files may be gzipped (`.gz`). The tokenizer says how many of an echoed prompt's tokens belong to the
/// scored reference.
///
/// # Panics
/// When a file is missing or is not what HELM writes.
pub fn read(folder: &Path, tokenizer: &dyn Tokenizer) -> HelmRun {
    let spec = run_spec(&json(folder, "run_spec.json"));
    let state = json(folder, "scenario_state.json");
    let requests = list(&state["request_states"])
        .iter()
        .map(|request| request_state(request, &spec.adapter, tokenizer))
        .collect();
    HelmRun {
        spec,
        requests,
        per_instance_stats: json(folder, "per_instance_stats.json"),
        stats: json(folder, "stats.json"),
    }
}

impl HelmRun {
    /// The units in order of first appearance: requests of the same instance, perturbation and trial belong together.
    pub fn units<'a>(&'a self, tokenizer: &'a dyn Tokenizer) -> Vec<Unit<'a>> {
        let mut units: Vec<Unit<'a>> = Vec::new();
        for (state, outcome, seconds) in &self.requests {
            let answer = Answer { state, outcome, seconds: *seconds };
            let same = |unit: &Unit<'_>| {
                unit.train_trial_index == state.train_trial_index
                    && unit.instance.id == state.instance.id
                    && unit.instance.perturbation == state.instance.perturbation
            };
            if let Some(unit) = units.iter_mut().rev().find(|unit| same(unit)) {
                unit.answers.push(answer);
                continue;
            }
            units.push(Unit {
                spec: &self.spec,
                instance: &state.instance,
                train_trial_index: state.train_trial_index,
                answers: vec![answer],
                tokenizer: Some(tokenizer),
            });
        }
        units
    }
}

/// HELM's metric class as a name of ours: snake case without `Metric`.
pub fn metric_name(class: &str) -> String {
    let class = class.rsplit('.').next().unwrap_or(class);
    let class = class.strip_suffix("Metric").unwrap_or(class);
    let mut name = String::new();
    let mut upper_before = true;
    for character in class.chars() {
        if character.is_uppercase() && !upper_before {
            name.push('_');
        }
        upper_before = character.is_uppercase();
        name.extend(character.to_lowercase());
    }
    name
}

fn json(folder: &Path, name: &str) -> Value {
    let plain = folder.join(name);
    let bytes = if plain.exists() {
        std::fs::read(&plain).expect("the file can be read")
    } else {
        let file = std::fs::File::open(folder.join(format!("{name}.gz"))).expect("the file exists");
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).expect("the file is gzip");
        bytes
    };
    serde_json::from_slice(&bytes).expect("the file is JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap_or_default()).expect("the number fits")
}

fn run_spec(spec: &Value) -> RunSpec {
    let adapter = &spec["adapter_spec"];
    let name = text(&spec["name"]);
    RunSpec {
        scenario: ScenarioSpec {
            name: ScenarioName::new(name.split([':', ',']).next().unwrap_or_default()),
            args: Args::default(),
        },
        name: RunName(name),
        adapter: adapter_spec(adapter),
        metrics: list(&spec["metric_specs"])
            .iter()
            .map(|metric| MetricSpec {
                name: metric_name(metric["class_name"].as_str().unwrap_or_default()),
                args: metric["args"].clone(),
            })
            .collect(),
        augmentation: AugmentationSpec::default(),
        groups: list(&spec["groups"]).iter().map(text).collect(),
        model: ModelSpec {
            name: ModelName(text(&adapter["model"])),
            deployment: text(&adapter["model_deployment"]),
        },
    }
}

fn adapter_spec(flat: &Value) -> AdapterSpec {
    let part = |names: &[&str]| {
        let taken = names.iter().filter(|name| !flat[**name].is_null());
        taken.map(|name| ((*name).to_owned(), flat[*name].clone())).collect::<Value>()
    };
    let template = [
        "global_prefix",
        "global_suffix",
        "instructions",
        "input_prefix",
        "input_suffix",
        "reference_prefix",
        "reference_suffix",
        "chain_of_thought_prefix",
        "chain_of_thought_suffix",
        "output_prefix",
        "output_suffix",
        "instance_prefix",
    ];
    let few_shot = [
        "max_train_instances",
        "max_eval_instances",
        "num_train_trials",
        "num_trials",
        "sample_train",
        "multi_label",
    ];
    let method = Method::parse(flat["method"].as_str().unwrap_or_default());
    AdapterSpec {
        method: method.expect("the method is known"),
        template: serde_json::from_value::<PromptTemplate>(part(&template))
            .expect("the template's fields are texts"),
        few_shot: serde_json::from_value::<FewShot>(part(&few_shot))
            .expect("the few-shot fields are numbers"),
        decoding: decoding(flat),
        num_outputs: number(&flat["num_outputs"]),
        output_mapping_pattern: flat["output_mapping_pattern"].as_str().map(str::to_owned),
    }
}

fn decoding(request: &Value) -> Decoding {
    Decoding {
        max_tokens: number(&request["max_tokens"]),
        temperature: request["temperature"].as_f64().unwrap_or_default(),
        stop_sequences: list(&request["stop_sequences"]).iter().map(text).collect(),
        num_completions: request["num_completions"]
            .as_u64()
            .map_or(1, |_| number(&request["num_completions"])),
        top_k_per_token: number(&request["top_k_per_token"]).max(1),
        ..Decoding::default()
    }
}

fn request_state(
    value: &Value,
    adapter: &AdapterSpec,
    tokenizer: &dyn Tokenizer,
) -> (RequestState, Outcome, Option<f64>) {
    let instance: Instance =
        serde_json::from_value(value["instance"].clone()).expect("the instance is HELM's");
    let request = &value["request"];
    let prompt = text(&request["prompt"]);
    let echoes = request["echo_prompt"] == true;
    let mapping = value["output_mapping"].as_object().map(|mapping| {
        mapping.iter().map(|(letter, choice)| (letter.clone(), text(choice))).collect()
    });
    let state = RequestState {
        reference_index: value["reference_index"]
            .as_u64()
            .map(|_| number(&value["reference_index"])),
        request_mode: match value["request_mode"].as_str() {
            Some("original") => Some(RequestMode::Original),
            Some("calibration") => Some(RequestMode::Calibration),
            _ => None,
        },
        train_trial_index: number(&value["train_trial_index"]),
        output_mapping: mapping,
        request: if echoes {
            Request::ScoreContinuation { context: String::new(), continuation: prompt }
        } else {
            Request::Generate { prompt: Prompt::Text(prompt), decoding: decoding(request) }
        },
        num_train_instances: number(&value["num_train_instances"]),
        prompt_truncated: value["prompt_truncated"] == true,
        num_conditioning_tokens: number(&value["num_conditioning_tokens"]),
        instance: Arc::new(instance),
    };
    let result = &value["result"];
    let completions = list(&result["completions"])
        .iter()
        .map(|completion| {
            let mut completion = read_completion(completion);
            if echoes {
                completion.echoed_tokens = echoed(&state, adapter, tokenizer, &completion);
            }
            completion
        })
        .collect();
    let outcome = Outcome::Answered(Response { completions, ..Response::default() });
    (state, outcome, result["request_time"].as_f64())
}

/// How many tokens of an echoed prompt come before what is scored.
fn echoed(
    state: &RequestState,
    adapter: &AdapterSpec,
    tokenizer: &dyn Tokenizer,
    completion: &Completion,
) -> usize {
    match state.reference_index {
        Some(index) => {
            let reference = &state.instance.references[index].output.text;
            completion.tokens.len().saturating_sub(tokenizer.count(&format!(" {reference}")))
        }
        None if adapter.method == Method::LanguageModeling => state.num_conditioning_tokens,
        None => 0,
    }
}

fn read_completion(value: &Value) -> Completion {
    let tokens = list(&value["tokens"])
        .iter()
        .map(|token| ScoredToken {
            text: text(&token["text"]),
            logprob: token["logprob"].as_f64(),
            top: token["top_logprobs"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(text, logprob)| TopToken {
                    text: text.clone(),
                    logprob: logprob.as_f64().unwrap_or_default(),
                })
                .collect(),
        })
        .collect();
    let finish_reason = value["finish_reason"]["reason"].as_str().map(|reason| match reason {
        "length" => FinishReason::Length,
        "stop" => FinishReason::Stop,
        "endoftext" => FinishReason::EndOfText,
        other => FinishReason::Other(other.to_owned()),
    });
    Completion { text: text(&value["text"]), tokens, finish_reason, ..Completion::default() }
}
