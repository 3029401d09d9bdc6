//! The real model against HELM's recorded runs (transformers, f32): log-probabilities of every token and greedy text.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::io::Read;
use std::path::Path;

use common::{ask, completion, generate, real_model, score};
use holometer_core::{Decoding, Prompt, Request};
use holometer_engine::{ChatUse, LoadOptions, LocalModel, WeightType};
use serde_json::Value;

/// Largest difference of a token's log-probability with every product in f32.
const TOLERANCE: f64 = 1e-3;
/// The same with activations of 16 bits.
const ROUNDED_TOLERANCE: f64 = 1e-2;

fn load(chat: ChatUse, weights: WeightType) -> Option<LocalModel> {
    let tokenizer = holometer_testkit::shared_path("golden/data/tokenizer/tokenizer.json")?;
    let options =
        LoadOptions { chat, weights, tokenizer: Some(tokenizer), ..LoadOptions::default() };
    Some(LocalModel::load(&real_model()?, &options).unwrap())
}

fn states(run: &str) -> Option<Vec<Value>> {
    let path = holometer_testkit::shared_path(&format!("golden/helm-0.5.16/{run}"))?;
    let mut text = String::new();
    let file = std::fs::File::open(Path::new(&path).join("scenario_state.json.gz")).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut json: Value = serde_json::from_str(&text).unwrap();
    let Value::Array(states) = json["request_states"].take() else { panic!("no request states") };
    Some(states)
}

/// HELM's first token has nothing before it; it becomes the context of the others.
fn compare_scores(model: &LocalModel, run: &str, tolerance: f64) -> Option<()> {
    let states = states(run)?;
    let mut requests = Vec::new();
    for state in &states {
        let prompt = state["request"]["prompt"].as_str().unwrap();
        let first = state["result"]["completions"][0]["tokens"][0]["text"].as_str().unwrap();
        requests.push(score(first, prompt.strip_prefix(first).unwrap()));
    }
    let outcomes = ask(model, &requests);
    let (mut compared, mut largest, mut total) = (0, 0.0_f64, 0.0);
    for (outcome, state) in outcomes.iter().zip(&states) {
        let expected = state["result"]["completions"][0]["tokens"].as_array().unwrap();
        let tokens = &completion(outcome).tokens;
        assert_eq!(tokens.len() + 1, expected.len(), "{run}");
        for (token, expected) in tokens.iter().zip(&expected[1..]) {
            assert_eq!(token.text, expected["text"].as_str().unwrap());
            let (own, golden) = (token.logprob.unwrap(), expected["logprob"].as_f64().unwrap());
            let difference = (own - golden).abs();
            assert!(difference < tolerance, "{run}: {own} instead of {golden}");
            compared += 1;
            largest = largest.max(difference);
            total += difference;
        }
    }
    let (mean, prompts) = (total / f64::from(compared), states.len());
    eprintln!(
        "{run}: {compared} log-probabilities of {prompts} prompts, mean difference {mean:.6}, largest {largest:.6}"
    );
    Some(())
}

fn compare_texts(model: &LocalModel, run: &str) -> Option<()> {
    let states = states(run)?;
    let requests: Vec<Request> = states
        .iter()
        .map(|state| {
            let request = &state["request"];
            let stops = request["stop_sequences"].as_array().unwrap();
            let decoding = Decoding {
                max_tokens: request["max_tokens"].as_u64().unwrap() as usize,
                stop_sequences: stops.iter().map(|s| s.as_str().unwrap().to_owned()).collect(),
                ..Decoding::default()
            };
            let prompt = Prompt::Text(request["prompt"].as_str().unwrap().to_owned());
            Request::Generate { prompt, decoding }
        })
        .collect();
    let outcomes = ask(model, &requests);
    for (outcome, state) in outcomes.iter().zip(&states) {
        let expected = state["result"]["completions"][0]["text"].as_str().unwrap();
        assert_eq!(completion(outcome).text, expected, "{run}");
    }
    eprintln!("{run}: {} texts", states.len());
    Some(())
}

/// Runs that score given text.
const SCORED: [&str; 4] = [
    "golden20/blimp--phenomenon=binding,method=multiple_choice_separate_original,model=huggingface_smollm2-hf",
    "golden20/mmlu--subject=us_foreign_policy,method=multiple_choice_separate_calibrated,model=huggingface_smollm2-hf",
    "golden8/wikitext_103--model=huggingface_smollm2-hf-512",
    "t_b_blimp/blimp--phenomenon=island_effects,method=multiple_choice_separate_original,model=huggingface_smollm2-hf",
];

#[test]
fn log_probabilities_are_those_of_transformers() {
    for (weights, tolerance) in
        [(WeightType::AsStored, TOLERANCE), (WeightType::Rounded16, ROUNDED_TOLERANCE)]
    {
        let Some(model) = load(ChatUse::Never, weights) else { return };
        for run in SCORED {
            if compare_scores(&model, run, tolerance).is_none() {
                return;
            }
        }
    }
}

#[test]
fn greedy_texts_are_those_of_transformers() {
    let Some(model) = load(ChatUse::Never, WeightType::AsStored) else { return };
    for run in [
        "golden20/babi_qa--task=15,model=huggingface_smollm2-hf",
        "golden20/dyck_language_np=3--model=huggingface_smollm2-hf",
        "golden20/simple_mcqa--model=huggingface_smollm2-hf",
        "golden20/simple_short_answer_qa--model=huggingface_smollm2-hf",
        "golden20/synthetic_reasoning--mode=pattern_match,model=huggingface_smollm2-hf",
        "golden20/mmlu--subject=us_foreign_policy,method=multiple_choice_joint,model=huggingface_smollm2-hf",
        "golden20/truthful_qa--task=mc_single,method=multiple_choice_joint,model=huggingface_smollm2-hf",
        "t_a_bbq/bbq--subject=Age,method=multiple_choice_joint,model=huggingface_smollm2-hf",
    ] {
        if compare_texts(&model, run).is_none() {
            return;
        }
    }
}

#[test]
fn greedy_texts_with_the_chat_template_are_those_of_transformers() {
    let Some(model) = load(ChatUse::IfPresent, WeightType::AsStored) else { return };
    let run = "golden20/mmlu--subject=us_foreign_policy,method=multiple_choice_joint,model=huggingface_smollm2-hf-chat";
    if compare_texts(&model, run).is_none() {
        return;
    }
    let outcomes = ask(&model, &[generate("What is the capital of France?", 12)]);
    assert!(completion(&outcomes[0]).text.contains("Paris"));
}
