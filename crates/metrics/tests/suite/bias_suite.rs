//! BBQ on UnifiedQA's published predictions, and HELM's word-count measures on its own test texts.

use std::collections::BTreeMap;

use crate::common::{SmallRun, answered};
use crate::helm::{fixture, list, text};
use holometer_core::{
    Instance, Method, MetricOptions, MetricSpec, Reference, Split, TotalsMetric, Unit,
    Value as Number,
};
use serde_json::{Value, json};

fn golden(name: &str) -> Option<Value> {
    let path = holometer_testkit::shared_path(&format!("golden/bias/{name}"))?;
    Some(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
}

fn totals(name: &str, args: Value, helm_compat: bool) -> Box<dyn TotalsMetric> {
    let spec = MetricSpec { name: name.into(), args };
    let metric = holometer_metrics::build(&spec, MetricOptions { helm_compat }).unwrap();
    metric.totals().remove(0)
}

fn combined(totals: &dyn TotalsMetric, units: &[Unit<'_>]) -> Vec<(String, Number)> {
    let mut sums: Vec<f64> = Vec::new();
    for unit in units {
        let components = totals.components(unit).unwrap();
        sums.resize(components.len(), 0.0);
        for (sum, component) in sums.iter_mut().zip(components) {
            *sum += component;
        }
    }
    totals.combine(&sums).into_iter().map(|score| (score.metric.0, score.value)).collect()
}

fn value(scores: &[(String, Number)], name: &str) -> Number {
    scores.iter().find(|(known, _)| known == name).unwrap().1.clone()
}

#[track_caller]
fn close(scores: &[(String, Number)], name: &str, theirs: &Value) {
    let ours = value(scores, name).as_number();
    let theirs = theirs.as_f64();
    let same = match (ours, theirs) {
        (Some(ours), Some(theirs)) => (ours - theirs).abs() < 1e-9,
        (ours, theirs) => ours == theirs,
    };
    assert!(same, "{name}: ours {ours:?}, expected {theirs:?}");
}

#[track_caller]
fn percent(scores: &[(String, Number)], name: &str, expected: f64) {
    let ours = value(scores, name).as_number().unwrap() * 100.0;
    assert!((ours - expected).abs() <= 0.05, "{name}: ours {ours}, expected {expected}");
}

const UNKNOWN: [&str; 10] = [
    "Cannot answer",
    "Can't be determined",
    "Cannot be determined",
    "Can't answer",
    "Not known",
    "Not enough info",
    "Not enough information",
    "Not answerable",
    "Undetermined",
    "Unknown",
];

/// Which answer of each example of a category is the biased one, by the authors' own list.
fn target_places(category: &str) -> Option<BTreeMap<u64, usize>> {
    let path = holometer_testkit::shared_path("data/bbq/additional_metadata.csv")?;
    let table = std::fs::read_to_string(path).unwrap();
    let start = format!("\"{category}\",");
    let places = table.lines().filter_map(|line| line.strip_prefix(&start)).filter_map(|line| {
        let mut fields = line.split(',').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    Some(places.collect())
}

/// A row of BBQ as an instance with HELM's tags.
fn bbq_instance(row: &Value, places: &BTreeMap<u64, usize>) -> Instance {
    let letters = ["A", "B", "C"];
    let place = places.get(&row["example_id"].as_u64().unwrap());
    let (mut target, mut other, mut unknown) = ("", "", "");
    for (index, letter) in letters.iter().enumerate() {
        let info = row["answer_info"][format!("ans{index}")].as_array().unwrap();
        if info.iter().any(|entry| UNKNOWN.contains(&entry.as_str().unwrap())) {
            unknown = letter;
        } else if (place == Some(&index)) == (row["question_polarity"] == "neg") {
            target = letter;
        } else {
            other = letter;
        }
    }
    let label = row["label"].as_u64().unwrap() as usize;
    let polarity = if row["question_polarity"] == "neg" { "negative" } else { "non-negative" };
    let context = if row["context_condition"] == "ambig" { "ambiguous" } else { "non-ambiguous" };
    let references = (0..3)
        .map(|index| {
            let mut tags = if index == label { vec!["correct"] } else { vec![] };
            tags.extend([polarity, context, letters[label], target, other, unknown]);
            Reference::new(row[format!("ans{index}")].as_str().unwrap(), &tags)
        })
        .collect();
    Instance::new("question", references, Split::Test)
}

#[test]
fn bbq_scores_of_unified_qa_equal_the_published_analysis_and_helm() {
    let Some(golden) = golden("bbq_unifiedqa.json") else { return };
    let mut compared = 0;
    for (key, expected) in golden.as_object().unwrap() {
        let category = key.split('|').next().unwrap();
        let data = format!("golden/data/scenarios/bbq/data/{category}");
        let Some(path) = holometer_testkit::shared_path(&data) else { return };
        let Some(places) = target_places(category) else { return };
        let rows = std::fs::read_to_string(path).unwrap();
        let mut run = SmallRun::new(Method::MultipleChoiceJoint);
        let mut unreadable = Vec::new();
        let predictions = expected["predictions_in_file_order"].as_str().unwrap();
        for (line, letter) in rows.lines().zip(predictions.chars()) {
            let row: Value = serde_json::from_str(line).unwrap();
            if letter == '-' {
                unreadable.push(bbq_instance(&row, &places));
            } else {
                run.add(bbq_instance(&row, &places), answered(&[&letter.to_string()]));
            }
        }
        let units = run.units();
        assert_eq!(units.len() as u64, expected["counts"]["n"].as_u64().unwrap(), "{key}");
        let paper = combined(totals("bbq", json!({}), false).as_ref(), &units);
        let formula = &expected["paper_formula"];
        if category == "Physical_appearance" {
            // The file's own numbers disagree there with the authors' list on 28 questions; with the list, the authors' formula
            // gives 41.6 and -0.3 per cent.
            if key.ends_with("race") {
                percent(&paper, "bbq_metric_ambiguous_bias", 41.6);
                percent(&paper, "bbq_metric_unambiguous_bias", -0.3);
            }
            compared += 1;
            continue;
        }
        close(&paper, "bbq_metric_ambiguous_bias", &formula["s_amb"]);
        close(&paper, "bbq_metric_unambiguous_bias", &formula["s_dis"]);
        close(&paper, "bbq_accuracy_ambiguous", &formula["acc_amb"]);
        close(&paper, "bbq_accuracy_unambiguous", &formula["acc_dis"]);
        close(&paper, "bbq_unparsed_rate", &json!(0.0));
        let helm = combined(totals("bbq", json!({}), true).as_ref(), &units);
        for (name, theirs) in expected["helm"].as_object().unwrap() {
            close(&helm, name, theirs);
        }
        // The published analysis leaves unreadable answers out of the bias scores.
        for instance in unreadable {
            run.add(instance, answered(&["I would rather not say"]));
        }
        let all = combined(totals("bbq", json!({}), false).as_ref(), &run.units());
        close(&all, "bbq_metric_ambiguous_bias", &formula["s_amb"]);
        close(&all, "bbq_metric_unambiguous_bias", &formula["s_dis"]);
        compared += 1;
    }
    assert_eq!(compared, 12);
}

/// Three questions of each kind would do; these are one ambiguous and one clear question.
fn two_questions(first: &str, second: &str) -> SmallRun {
    let mut run = SmallRun::new(Method::MultipleChoiceJoint);
    for (context, right, answer) in [("ambiguous", "C", first), ("non-ambiguous", "A", second)] {
        let references = ["Ann", "Bob", "Unknown"]
            .iter()
            .zip(["A", "B", "C"])
            .map(|(text, letter)| {
                let correct = if letter == right { vec!["correct"] } else { vec![] };
                Reference::new(
                    *text,
                    &[correct, vec!["negative", context, right, "A", "B", "C"]].concat(),
                )
            })
            .collect();
        run.add(Instance::new("who?", references, Split::Test), answered(&[answer]));
    }
    run
}

#[test]
fn bbq_gives_reasons_where_helm_gives_zero() {
    let run = two_questions("C", "none of your business");
    let scores = combined(totals("bbq", json!({}), false).as_ref(), &run.units());
    for name in ["bbq_metric_ambiguous_bias", "bbq_metric_unambiguous_bias"] {
        assert_eq!(value(&scores, name), Number::Unscored("no answer named a person".into()));
    }
    close(&scores, "bbq_unparsed_rate", &json!(0.5));
    close(&scores, "bbq_unknown_rate", &json!(0.5));
    close(&scores, "bbq_accuracy", &json!(0.5));
    let helm = combined(totals("bbq", json!({}), true).as_ref(), &run.units());
    close(&helm, "bbq_metric_ambiguous_bias", &json!(0.0));
    // HELM takes the unreadable answer for one that names a person, and not the stereotyped one.
    close(&helm, "bbq_metric_unambiguous_bias", &json!(-1.0));
}

#[test]
fn bbq_reads_answers_that_go_on() {
    let run = two_questions("A\n\nPassage: next", " (A) Ann");
    let scores = combined(totals("bbq", json!({}), false).as_ref(), &run.units());
    close(&scores, "bbq_metric_ambiguous_bias", &json!(1.0));
    close(&scores, "bbq_metric_unambiguous_bias", &json!(1.0));
    close(&scores, "bbq_stereotype_gap_ambiguous", &json!(1.0));
}

#[test]
fn word_counts_equal_helm_on_its_test_texts() {
    let Some(golden) = golden("helm_bias.json") else { return };
    let mut compared = 0;
    for (name, set) in golden.as_object().unwrap() {
        let Some(texts) = set["texts"].as_array() else { continue };
        let mut run = SmallRun::new(Method::Generation);
        for text in texts {
            let instance = Instance::new("write", vec![], Split::Test);
            run.add(instance, answered(&[text.as_str().unwrap()]));
        }
        for (what, theirs) in set["expected"].as_object().unwrap() {
            let parts: Vec<&str> = what.split(':').collect();
            let mut args = json!({ "mode": parts[0], "demographic_category": parts[1] });
            if let Some(target) = parts.get(2) {
                args["target_category"] = json!(target);
            }
            let scores = combined(totals("bias", args, true).as_ref(), &run.units());
            assert_eq!(scores.len(), 1);
            println!("{name} {what} {:?} {theirs}", scores[0]);
            close(&scores, &scores[0].0.clone(), theirs);
            compared += 1;
        }
    }
    assert!(compared >= 24, "only {compared} were compared");
}

/// The same on made-up texts (`parity/metrics/helm_metrics.py`).
#[test]
fn word_counts_equal_helm_on_generated_texts() {
    let sets = fixture("bias_words");
    assert!(list(&sets).len() >= 1000);
    let mut numbers = 0;
    for set in list(&sets) {
        let mut run = SmallRun::new(Method::Generation);
        for given in list(&set[3]) {
            run.add(Instance::new("write", vec![], Split::Test), answered(&[text(given)]));
        }
        let mut args = json!({ "mode": set[0], "demographic_category": set[1] });
        if !set[2].is_null() {
            args["target_category"] = set[2].clone();
        }
        let scores = combined(totals("bias", args, true).as_ref(), &run.units());
        close(&scores, &scores[0].0.clone(), &set[4]);
        numbers += usize::from(!set[4].is_null());
    }
    assert!(numbers > 800, "{numbers}");
}
