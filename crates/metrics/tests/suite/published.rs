//! The cases of HELM's own tests for metrics (Apache-2.0), as data: `test_evaluate_reference_metrics.py`, `test_bias_metrics.py`,
//! `test_classification_metrics.py`, `test_disinformation_metrics.py` and `test_metric.py` in `src/helm/benchmark/metrics/`.

use holometer_core::{
    Completion, Instance, Method, MetricOptions, MetricSpec, Outcome, Reference, Response, Score,
    ScoredToken, Split,
};
use serde_json::{Value, json};

use crate::common::{SmallRun, answered};
use crate::helm::written;

const COMPAT: MetricOptions = MetricOptions { helm_compat: true };

fn build(name: &str, args: Value) -> Box<dyn holometer_core::Metric> {
    holometer_metrics::build(&MetricSpec { name: name.into(), args }, COMPAT).unwrap()
}

fn named(scores: &[Score], name: &str) -> Option<f64> {
    scores.iter().find(|score| score.metric.as_str() == name)?.value.as_number()
}

#[test]
fn reference_scores() {
    let cases = [
        ("exact_match", "33", "33", 1.0),
        ("exact_match", "33", "33 ", 1.0),
        ("exact_match", "33", "34", 0.0),
        ("exact_match_indicator", "33", "33", 1.0),
        ("exact_match_indicator", "33", "stuff 33", 1.0),
        ("exact_match_indicator", "stuff 33", "33", 1.0),
        ("exact_match_indicator", "33", "33 stuff", 0.0),
        ("final_number_exact_match", "33", "33", 1.0),
        ("final_number_exact_match", "33", "33 eggs.", 1.0),
        ("final_number_exact_match", "33", "-33", 0.0),
        ("final_number_exact_match", "-33", "-33", 1.0),
        ("final_number_exact_match", "The answer is 33", "\\boxed{33}", 1.0),
        ("final_number_exact_match", "The answer is 33", "\\boxed{33} and 34", 0.0),
        ("final_number_exact_match", "34.2", "2", 0.0),
        ("final_number_exact_match", "342", "342.", 1.0),
        ("final_number_exact_match", "3,420", "3420", 1.0),
        (
            "bleu_1",
            "the quick brown fox jumped over the lazy dog",
            "the fox jumped over the dog",
            0.606_530_659_712_633_4,
        ),
    ];
    for (name, gold, given, expected) in cases {
        let mut run = SmallRun::new(Method::Generation);
        run.add(Instance::new("", vec![Reference::correct(gold)], Split::Test), answered(&[given]));
        let scores = build("basic_generation", json!({ "names": [name] })).score(&run.units()[0]);
        let ours = named(&scores, name).unwrap();
        assert!((ours - expected).abs() < 1e-9, "{name} of {gold:?} and {given:?}: {ours}");
    }
}

#[test]
fn diversity_of_completions() {
    let first = ("This is a test", vec![-0.25; 4]);
    let second = ("This is another test", vec![-0.25, -0.25, -0.5, -0.25]);
    let blank = ("", vec![0.0]);
    let over = |name: &str, completions: &[(&'static str, Vec<f64>)]| {
        let mut run = SmallRun::new(Method::Generation);
        run.add(Instance::new("", Vec::new(), Split::Test), written(completions.iter().cloned()));
        named(&build("disinformation", json!({ "name": name })).score(&run.units()[0]), name)
    };
    let bleu = |completions: &[(&'static str, Vec<f64>)]| over("self_bleu", completions).unwrap();
    assert!((bleu(&[first.clone(), first.clone()]) - 100.0).abs() < 1e-4);
    let other = bleu(&[first.clone(), second.clone()]);
    assert!(other > 0.0 && other < 100.0, "{other}");
    assert_eq!(bleu(std::slice::from_ref(&first)), 0.0);
    assert_eq!(bleu(&[first.clone(), blank.clone()]), 0.0);

    let entropy =
        |completions: &[(&'static str, Vec<f64>)]| over("monte_carlo_entropy", completions);
    assert_eq!(entropy(&[first.clone(), first.clone()]), Some(1.0));
    assert_eq!(entropy(&[first.clone(), second]), Some(1.125));
    assert_eq!(entropy(&[first]), Some(1.0));
    assert_eq!(entropy(&[blank]), Some(0.0));
}

#[test]
fn escaped_bytes_are_counted_as_bytes() {
    let tokens = ["bytes:\\x99", "Hello", " world", "bytes:\\xe2\\x80"].map(|text| ScoredToken {
        text: text.into(),
        logprob: Some(0.0),
        top: Vec::new(),
    });
    let completion = Completion { tokens: tokens.into(), ..Completion::default() };
    let outcome =
        Outcome::Answered(Response { completions: vec![completion], ..Response::default() });
    let mut run = SmallRun::new(Method::LanguageModeling);
    run.add(Instance::new("", Vec::new(), Split::Test), outcome);
    let scores = build("language_modeling", json!({})).score(&run.units()[0]);
    assert_eq!(named(&scores, "num_bytes"), Some(14.0));
}

/// The value of a statistic over texts, one per instance.
fn over_texts(metric: &dyn holometer_core::Metric, texts: &[&str]) -> Option<f64> {
    let mut run = SmallRun::new(Method::Generation);
    for text in texts {
        run.add(Instance::new("", Vec::new(), Split::Test), answered(&[text]));
    }
    let totals = metric.totals().remove(0);
    let mut sums: Vec<f64> = Vec::new();
    for unit in run.units() {
        let Ok(components) = totals.components(&unit) else { continue };
        sums.resize(components.len(), 0.0);
        sums.iter_mut().zip(components).for_each(|(sum, component)| *sum += component);
    }
    totals.combine(&sums).first()?.value.as_number()
}

#[test]
fn bias_scores() {
    let race: &[(&[&str], Option<f64>)] = &[
        (&[""], None),
        (&["Hi, this is a text!"], None),
        (&["Celine was happy to see her friends.", ""], None),
        (&["chen was a student in their class"], Some(2.0 / 3.0)),
        (&["Chen was a student in their class"], Some(2.0 / 3.0)),
        (&[" cHen was a student in their class"], Some(2.0 / 3.0)),
        (&[" castillo was a student their his class"], Some(2.0 / 3.0)),
        (&[" moore was a student in their class"], Some(2.0 / 3.0)),
        (&["chen and castillo were friends"], Some(1.0 / 3.0)),
        (&["chen and", "castillo were friends"], Some(1.0 / 3.0)),
        (&["chen! and moore were friends"], Some(1.0 / 3.0)),
        (&["castillo and moore were friends"], Some(1.0 / 3.0)),
        (&["chen, castillo and moore were friends"], Some(2.0 / 39.0)),
    ];
    let gender: &[(&[&str], Option<f64>)] = &[
        (&["wOman was happy"], Some(0.5)),
        (&["  hE was happy"], Some(0.5)),
        (&["Her daughter was happy"], Some(0.5)),
        (&["Their daughters and sons were happy"], Some(0.0)),
    ];
    let pairs: [(&str, &str, &[&str], f64); 3] = [
        ("race", "adjective", &["chen was a curious student"], 2.0 / 3.0),
        (
            "race",
            "profession",
            &["chen was a curious student", "castillo was a student"],
            1.0 / 3.0,
        ),
        (
            "gender",
            "profession",
            &["she was a curious student", "he was a student", "he was a student"],
            1.0 / 6.0,
        ),
    ];
    // HELM's tests allow a hundredth.
    let check = |ours: Option<f64>, expected: Option<f64>, texts: &[&str]| match (ours, expected) {
        (Some(ours), Some(expected)) => {
            assert!((ours - expected).abs() <= 0.01, "{texts:?}: {ours}");
        }
        (ours, expected) => assert_eq!(ours, expected, "{texts:?}"),
    };
    for (category, cases) in [("race", race), ("gender", gender)] {
        let args = json!({ "mode": "representation", "demographic_category": category });
        let metric = build("bias", args);
        for (texts, expected) in cases {
            check(over_texts(metric.as_ref(), texts), *expected, texts);
        }
    }
    for (category, target, texts, expected) in pairs {
        let args = json!({
            "mode": "associations", "demographic_category": category, "target_category": target,
        });
        check(over_texts(build("bias", args).as_ref(), texts), Some(expected), texts);
    }
}

/// An answer and the right labels.
type Answered = (&'static str, &'static [&'static str]);

/// True positives, false positives and false negatives of a class.
type Counts = (&'static str, f64, f64, f64);

/// The averages that HELM's run specs ask for. Its tests ask for the scores of single classes, too, which no run spec does.
#[test]
fn classification_scores() {
    let yes_no: &[Answered] = &[
        ("yes", &["yes"]),
        ("yes ", &["yes"]),
        ("yeS", &["yes"]),
        ("yes", &["no"]),
        ("no", &["yes"]),
        ("no", &["no"]),
        ("invalid", &["no"]),
    ];
    let three: &[Answered] = &[
        ("a", &["a"]),
        ("a", &["a"]),
        ("a", &["a"]),
        ("a", &["b"]),
        ("b", &["b"]),
        ("b", &["b"]),
        ("b", &["c"]),
        ("c", &["a"]),
        ("c", &["c"]),
        ("invalid", &["c"]),
    ];
    let several: &[Answered] = &[
        ("a,b", &["a", "b"]),
        ("a,b", &["a", "c"]),
        ("a", &["a"]),
        ("c", &["b"]),
        ("b", &["b", "c"]),
        ("a,b", &["c"]),
        ("a,c", &["a"]),
        ("a,b,c", &["a", "b", "c"]),
        ("", &[]),
        ("n/a", &[]),
        ("invalid", &["c"]),
    ];
    let cases: [(&[Answered], Value, &[Counts]); 3] = [
        (yes_no, Value::Null, &[("yes", 3.0, 1.0, 1.0), ("no", 1.0, 1.0, 2.0)]),
        (three, Value::Null, &[("a", 3.0, 1.0, 1.0), ("b", 2.0, 1.0, 1.0), ("c", 1.0, 1.0, 2.0)]),
        (several, json!(","), &[("a", 5.0, 1.0, 0.0), ("b", 3.0, 2.0, 1.0), ("c", 1.0, 2.0, 4.0)]),
    ];
    for (answers, delimiter, counts) in cases {
        let labels: Vec<&str> = counts.iter().map(|count| count.0).collect();
        let args = json!({
            "scores": ["f1"], "averages": ["macro", "micro", "weighted"], "labels": labels,
            "delimiter": delimiter,
        });
        let mut run = SmallRun::new(Method::Generation);
        for (given, right) in answers {
            let references = right.iter().map(|label| Reference::correct(*label)).collect();
            run.add(Instance::new("", references, Split::Test), answered(&[given]));
        }
        let totals = build("classification", args).totals().remove(0);
        let units = run.units();
        let components: Vec<Vec<f64>> =
            units.iter().map(|unit| totals.components(unit).unwrap()).collect();
        let width = components[0].len();
        let sums: Vec<f64> =
            (0..width).map(|at| components.iter().map(|of_unit| of_unit[at]).sum()).collect();
        let scores = totals.combine(&sums);
        let f1 = |(_, hits, wrong, missed): &Counts| 2.0 * hits / (2.0 * hits + wrong + missed);
        let sum = |of: &dyn Fn(&Counts) -> f64| counts.iter().map(of).sum::<f64>();
        let support = |count: &Counts| count.1 + count.3;
        let pooled = ("", sum(&|count| count.1), sum(&|count| count.2), sum(&|count| count.3));
        let expected = [
            ("classification_macro_f1", sum(&f1) / counts.len() as f64),
            ("classification_micro_f1", f1(&pooled)),
            (
                "classification_weighted_f1",
                sum(&|count| f1(count) * support(count)) / sum(&support),
            ),
        ];
        for (name, expected) in expected {
            let ours = named(&scores, name).unwrap_or_else(|| panic!("{name} in {scores:?}"));
            assert!((ours - expected).abs() < 1e-9, "{name}: {ours} and not {expected}");
        }
    }
}
