//! A request under HELM's field names.

use holometer_core::{
    Decoding, Method, PerturbationDescription, Prompt, Request, RequestMode, RequestState, RunSpec,
};
use serde_json::{Map, Value, json};

/// One request as one JSON object with HELM's field names and values, for comparing with HELM's `scenario_state.json`.
/// Fields that HELM leaves out because they are None are left out.
///
/// A conversation has `messages` instead of `prompt`. The prompt of scored text is context and continuation joined, and
/// the other fields are those that HELM's adapters send with it (no new tokens, the prompt echoed, temperature 0).
/// Repetitions of scored text are equal, so they have no `random`.
pub fn helm_request(state: &RequestState, run: &RunSpec) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            object.insert(name.to_owned(), value);
        }
    };
    put("run", json!(run.name));
    put("instance_id", json!(state.instance.id));
    put("split", json!(state.instance.split));
    put("sub_split", json!(state.instance.sub_split));
    put("perturbation", json!(state.instance.perturbation.as_ref().map(perturbation)));
    put("train_trial_index", json!(state.train_trial_index));
    put("reference_index", json!(state.reference_index));
    put("request_mode", json!(state.request_mode.map(RequestMode::as_str)));
    match &state.request {
        Request::Generate { prompt: Prompt::Text(text), .. } => put("prompt", json!(text)),
        Request::Generate { prompt: Prompt::Chat(messages), .. } => {
            put("messages", json!(messages));
        }
        Request::ScoreContinuation { context, continuation } => {
            put("prompt", json!(format!("{context}{continuation}")));
        }
    }
    for (name, value) in decoding_fields(&state.request, run) {
        put(name, value);
    }
    put("num_train_instances", json!(state.num_train_instances));
    put("prompt_truncated", json!(state.prompt_truncated));
    put("num_conditioning_tokens", json!(state.num_conditioning_tokens));
    let mapping = state.output_mapping.as_ref().map(|mapping| {
        let pairs = mapping.iter().map(|(label, text)| (label.clone(), json!(text)));
        Value::Object(pairs.collect())
    });
    put("output_mapping", json!(mapping));
    Value::Object(object)
}

fn decoding_fields(request: &Request, run: &RunSpec) -> Vec<(&'static str, Value)> {
    let (decoding, temperature, echo) = match request {
        Request::Generate { decoding, .. } => {
            (decoding.clone(), json!(decoding.temperature), false)
        }
        Request::ScoreContinuation { .. } => (scoring_decoding(run), json!(0), true),
    };
    vec![
        ("max_tokens", json!(decoding.max_tokens)),
        ("temperature", temperature),
        ("stop_sequences", json!(decoding.stop_sequences)),
        ("num_completions", json!(decoding.num_completions)),
        ("top_k_per_token", json!(decoding.top_k_per_token)),
        ("echo_prompt", json!(echo)),
        ("random", json!(decoding.random)),
    ]
}

/// What HELM sends with text that is scored: in language modelling the adapter's own limits, else none.
fn scoring_decoding(run: &RunSpec) -> Decoding {
    let own = &run.adapter.decoding;
    let nothing = Decoding { max_tokens: 0, ..Decoding::default() };
    if run.adapter.method == Method::LanguageModeling {
        let stop_sequences = own.stop_sequences.clone();
        return Decoding { max_tokens: own.max_tokens, stop_sequences, ..nothing };
    }
    nothing
}

/// HELM's `perturbation` object: the shared fields, then the perturbation's own beside them.
fn perturbation(description: &PerturbationDescription) -> Value {
    let mut object = Map::new();
    object.insert("name".into(), json!(description.name));
    object.insert("robustness".into(), json!(description.robustness));
    object.insert("fairness".into(), json!(description.fairness));
    object.insert("computed_on".into(), json!(description.computed_on));
    if let Some(seed) = description.seed {
        object.insert("seed".into(), json!(seed));
    }
    object.extend(description.parameters.clone());
    Value::Object(object)
}
