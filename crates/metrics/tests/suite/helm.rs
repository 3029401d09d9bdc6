//! Metrics against HELM's own classes, called with the same completions (`parity/metrics/helm_metrics.py`).

use std::io::Read;

use holometer_core::{
    Completion, Instance, Method, Metric, MetricOptions, MetricSpec, Outcome, Reference, Response,
    Score, ScoredToken, Split, Value as Number,
};
use serde_json::{Value, json};

use crate::common::{PairRun, SmallRun};

const COMPAT: MetricOptions = MetricOptions { helm_compat: true };

pub(crate) fn fixture(name: &str) -> Value {
    fixture_of("metrics", name)
}

/// A fixture of one of our crates.
pub(crate) fn fixture_of(owner: &str, name: &str) -> Value {
    let path = format!("{}/../{owner}/tests/fixtures/{name}.json.gz", env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

pub(crate) fn build(name: &str, args: Value, options: MetricOptions) -> Box<dyn Metric> {
    holometer_metrics::build(&MetricSpec { name: name.into(), args }, options).unwrap()
}

/// Completions with one token per log-probability.
pub(crate) fn written<'a>(completions: impl IntoIterator<Item = (&'a str, Vec<f64>)>) -> Outcome {
    let completions = completions.into_iter().map(|(text, logprobs)| {
        let token = |logprob| ScoredToken { text: "t".into(), logprob: Some(logprob), top: vec![] };
        let tokens = logprobs.into_iter().map(token).collect();
        Completion { text: text.into(), tokens, ..Completion::default() }
    });
    Outcome::Answered(Response { completions: completions.collect(), ..Response::default() })
}

#[track_caller]
fn compare(scores: &[Score], name: &str, theirs: &Value, tolerance: f64, case: &Value) {
    let ours = scores.iter().find(|score| score.metric.as_str() == name).expect(name);
    match (&ours.value, theirs.as_f64()) {
        (Number::Number(ours), Some(theirs)) => {
            let scale = theirs.abs().max(1.0);
            assert!((ours - theirs).abs() <= tolerance * scale, "{name} {ours} {theirs}: {case}");
        }
        (Number::Unscored(_), None) => {}
        (ours, theirs) => panic!("{name} {ours:?} {theirs:?}: {case}"),
    }
}

#[test]
fn calibration_equals_helm() {
    let cases = fixture("calibration");
    assert_eq!(list(&cases).len(), 1000);
    let mut compared = 0;
    for case in list(&cases) {
        let mut run = SmallRun::new(Method::Generation);
        for answer in list(&case[0]) {
            let right = if number(&answer[1]) == 1.0 { "yes" } else { "no" };
            let instance = Instance::new("?", vec![Reference::correct(right)], Split::Test);
            run.add(instance, written([("yes", vec![number(&answer[0]).ln()])]));
        }
        let units = run.units();
        let metric = build("basic_generation", json!({ "names": ["exact_match"] }), COMPAT);
        let totals = metric.totals().pop().unwrap();
        let components: Vec<Vec<f64>> =
            units.iter().map(|unit| totals.components(unit).unwrap()).collect();
        let components: Vec<&[f64]> = components.iter().map(Vec::as_slice).collect();
        let scores = totals.combine_all(&components).unwrap();
        let theirs = case[1].as_object().unwrap();
        for name in ["ece_10_bin", "ece_1_bin", "selective_cov_acc_area", "selective_acc@10"] {
            compare(&scores, name, &theirs[name], 1e-9, case);
        }
        // HELM's optimiser stops early, so the same fit taken to its end stands in the fixture. Answers that can be told
        // apart completely have no steepest slope.
        match theirs.get("platt_coef") {
            Some(slope) if !separable(list(&case[0])) => {
                compare(&scores, "platt_coef", slope, 1e-6, case);
                compare(&scores, "platt_intercept", &theirs["platt_intercept"], 1e-6, case);
                compared += 1;
            }
            Some(_) => {}
            None => compare(&scores, "platt_ece_10_bin", &theirs["platt_ece_10_bin"], 0.0, case),
        }
    }
    assert!(compared > 600, "{compared} comparisons of Platt scaling");
}

/// Whether some confidence parts right from wrong answers, so that no slope is steep enough.
fn separable(answers: &[Value]) -> bool {
    let of = |right: f64| {
        let answers = answers.iter().filter(move |answer| number(&answer[1]) == right);
        answers.map(|answer| number(&answer[0]))
    };
    let (least, most) = (f64::INFINITY, 0.0);
    let parted =
        |low: f64, high: f64| of(low).fold(most, f64::max) < of(high).fold(least, f64::min);
    parted(0.0, 1.0) || parted(1.0, 0.0)
}

#[test]
fn rankings_equal_helm() {
    let fixture = fixture("rankings");
    let args = json!({
        "method": "ranking_binary", "measure_names": fixture["measures"], "correct_output": "Yes",
        "wrong_output": "No", "rank": 10, "multiple_relevance_values": true,
    });
    let metric = build("ranking", args, COMPAT);
    let mut compared = 0;
    for case in list(&fixture["cases"]) {
        let passages = list(&case[0]);
        let references = passages.iter().map(|passage| {
            let tags: Vec<&str> = list(&passage[0]).iter().map(text).collect();
            Reference::new("a passage", &tags)
        });
        let instance = Instance::new("query", references.collect(), Split::Test);
        let outcomes = passages.iter().map(|p| written([(text(&p[1]), vec![number(&p[2])])]));
        let mut run = PairRun::new(Method::RankingBinary);
        run.add(instance, outcomes.collect());
        let scores = metric.score(&run.units()[0]);
        for (name, theirs) in case[1].as_object().unwrap() {
            compare(&scores, name, theirs, 1e-9, case);
            compared += 1;
        }
    }
    assert!(compared > 30_000, "{compared}");
}

#[test]
fn copying_equals_helm() {
    let cases = fixture("copying");
    assert_eq!(list(&cases).len(), 1000);
    for case in list(&cases) {
        let (prefix, rest) = (text(&case[0]), text(&case[1]));
        let reference = Reference::correct(format!("{prefix}{rest}"));
        let mut run = SmallRun::new(Method::Generation);
        let completions = list(&case[2]).iter().map(|completion| (text(completion), Vec::new()));
        run.add(Instance::new(prefix, vec![reference], Split::Test), written(completions));
        let names = ["longest_common_prefix_length", "edit_distance", "edit_similarity"];
        for (name, theirs) in names.into_iter().zip(list(&case[5])) {
            let args = json!({ "name": name, "normalize_by_prefix_length": case[3], "normalize_newline_space_tab": case[4] });
            let scores = build("basic_copyright", args, COMPAT).score(&run.units()[0]);
            compare(&scores, name, theirs, 1e-9, case);
        }
    }
}

#[test]
fn diversity_equals_helm() {
    let cases = fixture("diversity");
    assert_eq!(list(&cases).len(), 1000);
    for case in list(&cases) {
        let completions = list(&case[0]).iter().map(|completion| {
            (text(&completion[0]), list(&completion[1]).iter().map(number).collect())
        });
        let mut run = SmallRun::new(Method::Generation);
        run.add(Instance::new("a claim", Vec::new(), Split::Test), written(completions));
        for (name, theirs) in ["self_bleu", "monte_carlo_entropy"].into_iter().zip(list(&case[1])) {
            let scores = build("disinformation", json!({ "name": name }), COMPAT);
            compare(&scores.score(&run.units()[0]), name, theirs, 1e-9, case);
        }
    }
}

#[test]
fn stated_letters_equal_helm_and_the_authors_scripts() {
    let cases = fixture("letters");
    assert_eq!(list(&cases).len(), 1500);
    let metric = build("gpqa_chain_of_thought", json!({}), MetricOptions::default());
    let names = ["chain_of_thought_correctness", "mmlu_pro_correctness", "gpqa_correctness"];
    for case in list(&cases) {
        for (index, letter) in ('A'..='J').enumerate() {
            let references = (0..10).map(|at| {
                if at == index { Reference::correct("choice") } else { Reference::wrong("choice") }
            });
            let mut run = SmallRun::new(Method::Generation);
            let instance = Instance::new("?", references.collect(), Split::Test);
            run.add(instance, written([(text(&case[0]), Vec::new())]));
            let scores = metric.score(&run.units()[0]);
            for (at, name) in names.into_iter().enumerate() {
                let right = case[at + 1].as_str() == Some(letter.to_string().as_str());
                compare(&scores, name, &json!(f64::from(u8::from(right))), 0.0, case);
            }
        }
    }
}
