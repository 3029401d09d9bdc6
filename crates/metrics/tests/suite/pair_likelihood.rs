//! StereoSet's published scores of GPT-2, from the authors' own predictions.

use std::collections::BTreeMap;

use holometer_core::{
    Instance, Method, MetricOptions, MetricSpec, Reference, Split, Value as Number,
};
use serde_json::Value;

use crate::common::{PairRun, logprob};

/// The mean over targets of the mean over a target's pairs, in per cent.
fn mean_over_targets(scores: &BTreeMap<String, Vec<f64>>) -> f64 {
    let mean = |values: &Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    100.0 * scores.values().map(mean).sum::<f64>() / scores.len() as f64
}

fn read(path: &str) -> Option<Value> {
    let path = holometer_testkit::shared_path(path)?;
    Some(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
}

/// Every pair of both tasks, with the authors' scores as log-probabilities of one-token sentences.
fn run(data: &Value, predictions: &Value) -> (PairRun, Vec<String>) {
    let mut run = PairRun::new(Method::MultipleChoiceSeparateOriginal);
    let mut targets = Vec::new();
    for task in ["intrasentence", "intersentence"] {
        let scores: BTreeMap<&str, f64> = predictions[task]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| (p["id"].as_str().unwrap(), p["score"].as_f64().unwrap()))
            .collect();
        for item in data["data"][task].as_array().unwrap() {
            let mut references = Vec::new();
            let mut outcomes = Vec::new();
            for sentence in item["sentences"].as_array().unwrap() {
                let tag = match sentence["gold_label"].as_str().unwrap() {
                    "stereotype" => "stereo",
                    "anti-stereotype" => "antistereo",
                    _ => "unrelated",
                };
                references.push(Reference::new(sentence["sentence"].as_str().unwrap(), &[tag]));
                outcomes.push(logprob(scores[sentence["id"].as_str().unwrap()]));
            }
            run.add(Instance::new("", references, Split::Test), outcomes);
            targets.push(item["target"].as_str().unwrap().to_owned());
        }
    }
    (run, targets)
}

#[test]
fn stereoset_scores_of_gpt2_equal_the_published_ones() {
    let Some(data) = read("data/stereoset/dev.json") else { return };
    let spec = MetricSpec::new("pair_likelihood");
    let metric = holometer_metrics::build(&spec, MetricOptions::default()).unwrap();
    for (model, published) in
        [("gpt2", 71.88928), ("gpt2-medium", 71.49694), ("gpt2-large", 67.82544)]
    {
        let Some(predictions) = read(&format!("data/stereoset/predictions_{model}.json")) else {
            return;
        };
        let (run, targets) = run(&data, &predictions);
        let mut stereotype: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut sense: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (unit, target) in run.units().iter().zip(targets) {
            for score in metric.score(unit) {
                let value = score.value.as_number().unwrap();
                match score.metric.as_str() {
                    "pair_likelihood_stereotype_share_per_token" => {
                        stereotype.entry(target.clone()).or_default().push(value);
                    }
                    "pair_likelihood_sense_share" => {
                        sense.entry(target.clone()).or_default().push(value);
                    }
                    _ => {}
                }
            }
        }
        let (lm, ss) = (mean_over_targets(&sense), mean_over_targets(&stereotype));
        if model == "gpt2" {
            assert!((lm - 83.65206).abs() < 1e-5 && (ss - 57.03078).abs() < 1e-5, "{lm} {ss}");
        }
        let icat = lm * ss.min(100.0 - ss) / 50.0;
        assert!((icat - published).abs() < 1e-5, "{model}: {icat}, published {published}");
    }
}

#[test]
fn ties_count_half_and_missing_sentences_are_reasons() {
    let spec = MetricSpec::new("pair_likelihood");
    let metric = holometer_metrics::build(&spec, MetricOptions::default()).unwrap();
    let references =
        || vec![Reference::new("he", &["stereo"]), Reference::new("she", &["antistereo"])];
    let mut run = PairRun::new(Method::MultipleChoiceSeparateOriginal);
    let instance = Instance::new("", references(), Split::Test);
    run.add(instance.clone(), vec![logprob(-2.0), logprob(-2.0)]);
    run.add(instance, vec![logprob(-2.0)]);
    let units = run.units();
    let scores = metric.score(&units[0]);
    assert_eq!(scores.len(), 4);
    assert_eq!(scores[0].value, Number::Number(0.5));
    assert_eq!(scores[2].value, Number::Number(1.0));
    for score in metric.score(&units[1]) {
        assert_eq!(score.value, Number::Unscored("a sentence was not scored".into()));
    }
    assert!(metric.totals()[0].components(&units[0]).is_err());
    let sums = [4.0, 3.0, 4.0];
    assert_eq!(metric.totals()[0].combine(&sums)[0].value, Number::Number(0.5));
}
