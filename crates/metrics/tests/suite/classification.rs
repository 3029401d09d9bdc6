//! F1 scores over populations against scikit-learn, called as HELM calls it (`parity/metrics/classification.py`).

use holometer_core::{Instance, Method, MetricOptions, MetricSpec, Reference, Split};
use serde_json::json;

use crate::common::{SmallRun, answered};
use crate::helm::{fixture, list};

#[test]
fn f1_precision_and_recall_equal_scikit_learn() {
    let cases = fixture("classification");
    assert!(list(&cases).len() >= 1000);
    for case in list(&cases) {
        let mut run = SmallRun::new(Method::Generation);
        let gold = case["gold"].as_array().unwrap();
        for (gold, given) in gold.iter().zip(case["given"].as_array().unwrap()) {
            let references = gold.as_array().unwrap().iter();
            let references = references.map(|g| Reference::correct(g.as_str().unwrap())).collect();
            let instance = Instance::new("text", references, Split::Test);
            run.add(instance, answered(&[given.as_str().unwrap()]));
        }
        let args = json!({
            "labels": case["labels"],
            "delimiter": case["delimiter"],
            "averages": ["macro", "micro", "weighted"],
            "scores": ["f1", "precision", "recall"],
        });
        let spec = MetricSpec { name: "classification".into(), args };
        let metric = holometer_metrics::build(&spec, MetricOptions::default()).unwrap();
        let totals = metric.totals().remove(0);
        let mut sums = vec![0.0; 12];
        for unit in run.units() {
            for (sum, component) in sums.iter_mut().zip(totals.components(&unit).unwrap()) {
                *sum += component;
            }
        }
        let scores = totals.combine(&sums);
        assert_eq!(scores.len(), 9);
        for score in scores {
            let ours = score.value.as_number().unwrap();
            let theirs = case["expected"][score.metric.as_str()].as_f64().unwrap();
            assert!((ours - theirs).abs() < 1e-12, "{score:?}, scikit-learn {theirs}");
        }
    }
}

#[test]
fn missing_labels_are_an_error_with_a_hint() {
    let spec = MetricSpec::new("classification");
    let error = holometer_metrics::build(&spec, MetricOptions::default()).err().unwrap();
    assert!(error.to_string().contains("hint: list every class in `labels`"), "{error}");
}
