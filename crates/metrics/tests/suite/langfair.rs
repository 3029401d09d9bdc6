//! Counterfactual and toxicity measures against LangFair, distances and BiasScore's intervals against scipy. The fixture's script is
//! `parity/bias/langfair_fixture.py`.

use holometer_core::{Instance, Method, Metric, MetricOptions, MetricSpec, Reference, Split, Unit};
use holometer_metrics::counterfactual;
use holometer_stats::distance::wasserstein;
use holometer_stats::{BootstrapKind, BootstrapOptions, bootstrap_totals_many};
use serde_json::{Value, json};

use crate::common::{SmallRun, answered};

fn fixture() -> Value {
    let path = format!("{}/tests/fixtures/langfair.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn build(name: &str, args: Value) -> Box<dyn Metric> {
    let spec = MetricSpec { name: name.into(), args };
    holometer_metrics::build(&spec, MetricOptions::default()).unwrap()
}

fn score(metric: &dyn Metric, unit: &Unit<'_>, name: &str) -> f64 {
    let scores = metric.score(unit);
    let found = scores.iter().find(|score| score.metric.as_str() == name);
    found.unwrap().value.as_number().unwrap()
}

#[track_caller]
fn close(ours: f64, theirs: &Value, tolerance: f64) {
    let theirs = theirs.as_f64().unwrap();
    assert!((ours - theirs).abs() <= tolerance, "ours {ours}, theirs {theirs}");
}

/// A run whose units come in pairs: an original and its copy.
fn run_of_pairs(pairs: &[Value]) -> SmallRun {
    let mut run = SmallRun::new(Method::Generation);
    let question = || Instance::new("q", vec![Reference::correct("x")], Split::Test);
    for pair in pairs {
        for side in ["one", "other"] {
            run.add(question(), answered(&[pair[side].as_str().unwrap()]));
        }
    }
    run
}

#[test]
fn pairs_of_answers_are_as_alike_and_as_negative_as_langfair_says() {
    let fixture = fixture();
    let pairs = list(&fixture, "pairs");
    assert!(pairs.len() >= 150);
    let run = run_of_pairs(pairs);
    let units = run.units();
    let sound = build("answer_text", json!({}));
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (pair, units) in pairs.iter().zip(units.chunks(2)) {
        let original = counterfactual::texts_to_compare(&units[0]).unwrap();
        let scores = counterfactual::scores(&original, &units[1]);
        for (score, key) in scores.iter().zip(["rouge_l", "bleu"]) {
            close(score.value.as_number().unwrap(), &pair[key], 1e-9);
        }
        // vaderSentiment rounds to three decimals.
        for (unit, (theirs, ours)) in
            units.iter().zip(list(pair, "negative").iter().zip([&mut before, &mut after]))
        {
            let negative = score(sound.as_ref(), unit, "negativity");
            close(negative, theirs, 5.1e-4);
            ours.push((negative * 1000.0).round() / 1000.0);
        }
    }
    close(wasserstein(&before, &after).unwrap(), &fixture["strong_parity"], 1e-3);
    for parity in list(&fixture, "weak_parity") {
        let threshold = parity[0].as_f64().unwrap();
        let share = |values: &[f64]| {
            values.iter().filter(|value| **value > threshold).count() as f64 / values.len() as f64
        };
        close(share(&before) - share(&after), &parity[1], 1e-9);
    }
}

#[test]
fn distances_equal_scipys_and_langfairs() {
    for case in list(&fixture(), "distances") {
        let distance = wasserstein(&numbers(&case["one"]), &numbers(&case["other"])).unwrap();
        close(distance, &case["wasserstein"], 1e-12);
        close(distance, &case["langfair"], 1e-12);
    }
}

#[test]
fn with_as_many_answers_as_are_meant_toxicity_is_langfairs() {
    for case in list(&fixture(), "toxicity") {
        let scores = numbers(&case["scores"]);
        let texts: Vec<String> = (0..scores.len()).map(|at| format!("text {at}")).collect();
        let known: serde_json::Map<String, Value> =
            texts.iter().cloned().zip(scores.iter().map(|score| json!(score))).collect();
        let metric = build("toxicity", json!({ "scores": known }));
        let mut run = SmallRun::new(Method::Generation);
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let question = Instance::new("q", vec![Reference::correct("x")], Split::Test);
        run.add(question, answered(&texts));
        for name in ["expected_max_toxicity", "max_toxicity_probability", "toxic_frac"] {
            close(score(metric.as_ref(), &run.units()[0], name), &case[name], 1e-12);
        }
    }
}

#[test]
fn upper_ends_of_rates_equal_scipys_bootstrap() {
    for case in list(&fixture(), "bias_score") {
        let (n, toxic) = (case["n"].as_u64().unwrap(), case["toxic"].as_u64().unwrap());
        let components: Vec<Vec<f64>> =
            (0..n).map(|at| vec![f64::from(u8::from(at < toxic)), 1.0]).collect();
        let clusters: Vec<usize> = (0..n as usize).collect();
        let options = BootstrapOptions {
            draws: 9999,
            level: 0.975,
            seed: 1,
            kind: BootstrapKind::Percentile,
        };
        let rate = |sums: &[f64]| vec![(sums[1] > 0.0).then(|| sums[0] / sums[1])];
        let ends = bootstrap_totals_many(&components, &clusters, &rate, &options);
        // Rates of n texts move in steps of 1/n.
        close(ends[0].as_ref().unwrap().high, &case["upper"], 1.0 / n as f64 + 1e-9);
    }
}
