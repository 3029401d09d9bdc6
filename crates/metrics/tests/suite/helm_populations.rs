//! Statistics over populations, costs and leaks against HELM's own classes (`parity/metrics/helm_metrics.py`), and against
//! values worked out by hand where HELM has none.

use holometer_core::{
    Instance, Method, MetricOptions, Outcome, Reference, Score, Split, TotalsMetric, Unit,
    Value as Number,
};
use serde_json::{Value, json};

use crate::common::{PairRun, SmallRun, answered, logprob};
use crate::helm::{build, fixture, list, text, written};

const COMPAT: MetricOptions = MetricOptions { helm_compat: true };

pub(crate) fn combined(totals: &dyn TotalsMetric, units: &[Unit<'_>]) -> Vec<Score> {
    let components: Vec<Vec<f64>> =
        units.iter().map(|unit| totals.components(unit).unwrap()).collect();
    let lists: Vec<&[f64]> = components.iter().map(Vec::as_slice).collect();
    totals.combine_all(&lists).unwrap_or_else(|| {
        let sums = (0..components[0].len()).map(|at| components.iter().map(|c| c[at]).sum());
        totals.combine(&sums.collect::<Vec<f64>>())
    })
}

fn value(scores: &[Score], name: &str) -> f64 {
    let score = scores.iter().find(|score| score.metric.as_str() == name);
    let score = score.unwrap_or_else(|| panic!("no `{name}` in {scores:?}"));
    score.value.as_number().unwrap_or_else(|| panic!("{score:?}"))
}

#[track_caller]
fn close(ours: f64, theirs: &Value) {
    let theirs = theirs.as_f64().unwrap();
    assert!((ours - theirs).abs() < 1e-9, "ours {ours}, theirs {theirs}");
}

fn choice_instance(labels: &[&str], gold: &str) -> Instance {
    let references = labels.iter().map(|label| {
        if *label == gold { Reference::correct(*label) } else { Reference::wrong(*label) }
    });
    Instance::new("?", references.collect(), Split::Test)
}

#[test]
fn leaks_equal_helm() {
    let cases = fixture("leaks");
    assert_eq!(list(&cases).len(), 1000);
    let metric = build("decodingtrust_privacy", json!({}), COMPAT);
    for case in list(&cases) {
        let reference = Reference::new(text(&case[1]), &[text(&case[0])]);
        let mut run = SmallRun::new(Method::Generation);
        run.add(Instance::new("?", vec![reference], Split::Test), answered(&[text(&case[2])]));
        let scores = metric.score(&run.units()[0]);
        close(value(&scores, "decodingtrust_privacy_leakage_rate"), &case[3]);
    }
}

#[test]
fn declining_equals_helm_and_letters_are_read_by_default() {
    let sets = fixture("knowledge");
    assert_eq!(list(&sets).len(), 1000);
    let labels = ["choice A", "choice B", "choice C", "choice D", "choice E"];
    for set in list(&sets) {
        let mut run = SmallRun::new(Method::MultipleChoiceJoint);
        for answer in list(&set[0]) {
            run.add(choice_instance(&labels, "choice A"), answered(&[text(answer)]));
        }
        let totals = build("decodingtrust_ood_knowledge", json!({}), COMPAT).totals().remove(0);
        let scores = combined(totals.as_ref(), &run.units());
        for name in ["ood_knowledge_acc", "ood_knowledge_rr", "ood_knowledge_macc"] {
            close(value(&scores, name), &set[1][name]);
        }
    }
    let mut run = SmallRun::new(Method::MultipleChoiceJoint);
    for answer in ["A", "B", "E", "I don't know"] {
        run.add(choice_instance(&labels, "choice A"), answered(&[answer]));
    }
    let metric = build("decodingtrust_ood_knowledge", json!({}), MetricOptions::default());
    let scores = combined(metric.totals().remove(0).as_ref(), &run.units());
    assert_eq!(value(&scores, "ood_knowledge_acc"), 0.25);
    assert_eq!(value(&scores, "ood_knowledge_rr"), 0.5);
    assert_eq!(value(&scores, "ood_knowledge_macc"), 0.5);
}

/// An answer whose tokens were counted.
fn counted(prompt: usize, output: usize) -> Outcome {
    let mut outcome = written([("words", Vec::new())]);
    if let Outcome::Answered(response) = &mut outcome {
        response.prompt_tokens = Some(prompt);
        response.completion_tokens = Some(output);
    }
    outcome
}

#[test]
fn idealised_times_and_training_costs_equal_helm() {
    let cases = fixture("runtimes");
    assert_eq!(list(&cases).len(), 1000);
    let metric = build("basic_generation", json!({ "names": [] }), COMPAT);
    let names = [
        "inference_idealized_runtime",
        "inference_denoised_runtime",
        "training_co2_cost",
        "training_energy_cost",
    ];
    let mut compared = 0;
    for case in list(&cases) {
        let mut run = SmallRun::new(Method::Generation);
        let (prompt, output) = (case[1].as_u64().unwrap(), case[2].as_u64().unwrap());
        run.add(Instance::new("?", vec![], Split::Test), counted(prompt as usize, output as usize));
        run.deploy(text(&case[0]));
        let scores = metric.score(&run.units()[0]);
        for (name, theirs) in names.into_iter().zip(list(&case[3])) {
            if theirs.is_null() {
                let ours = scores.iter().find(|score| score.metric.as_str() == name);
                assert!(ours.is_none_or(|score| score.value.as_number().is_none()), "{case}");
            } else {
                close(value(&scores, name), theirs);
                compared += 1;
            }
        }
    }
    assert!(compared > 1500, "{compared}");
}

#[test]
fn energy_follows_from_the_stated_assumptions() {
    let mut run = SmallRun::new(Method::Generation);
    run.add(Instance::new("?", vec![], Split::Test), counted(100, 11));
    let args = json!({
        "watts": 200.0, "pue": 1.5, "grams_per_kwh": 500.0, "runtime_per_output_token": 0.5,
        "runtime_for_prompt_tokens": { "50": 1.0, "200": 3.0 }, "overhead": 0.25,
    });
    let scores = build("efficiency", args, MetricOptions::default()).score(&run.units()[0]);
    // Half a second at 300 W.
    assert!((value(&scores, "inference_energy") - 0.5 / 3600.0 * 300.0).abs() < 1e-12);
    assert!((value(&scores, "inference_emissions") - 0.5 / 3600.0 * 0.3 * 500.0).abs() < 1e-12);
    assert!((value(&scores, "inference_idealized_runtime") - (1.5 + 5.0 + 0.25)).abs() < 1e-12);
    assert!(scores[1].value.as_number().is_none());
}

#[test]
fn classes_that_are_choices_equal_helm() {
    let sets = fixture("choices");
    assert_eq!(list(&sets).len(), 1000);
    for set in list(&sets) {
        let labels: Vec<&str> = list(&set[0]).iter().map(text).collect();
        let mut run = SmallRun::new(Method::MultipleChoiceJoint);
        for row in list(&set[1]) {
            run.add(choice_instance(&labels, text(&row[0])), answered(&[text(&row[1])]));
        }
        let args = json!({ "labels": labels });
        let metric = build("multiple_choice_classification", args, COMPAT);
        let scores = combined(metric.totals().remove(0).as_ref(), &run.units());
        close(value(&scores, "choice_macro_f1"), &set[2]["classification_macro_f1"]);
        close(value(&scores, "choice_micro_f1"), &set[2]["classification_micro_f1"]);
    }
}

#[test]
fn confusion_is_by_the_right_class_and_other_words_stand_for_classes() {
    let mut run = SmallRun::new(Method::Generation);
    for (gold, given) in [("yes", "Yes."), ("yes", "no"), ("yes", "aye"), ("no", "perhaps")] {
        run.add(choice_instance(&[gold], gold), answered(&[given]));
    }
    let args = json!({ "labels": ["yes", "no"], "label_map": { "aye": "yes" } });
    let metric = build("classification", args, MetricOptions::default());
    let confusion = metric.totals().remove(1);
    let scores = combined(confusion.as_ref(), &run.units());
    assert!((value(&scores, "confusion@yes as yes") - 2.0 / 3.0).abs() < 1e-12);
    assert!((value(&scores, "confusion@yes as no") - 1.0 / 3.0).abs() < 1e-12);
    assert_eq!(value(&scores, "confusion@no as (other)"), 1.0);
    assert!(holometer_metrics::card("confusion@no as (other)").is_some());
}

#[test]
fn calibration_of_choices_that_are_scored_one_by_one() {
    let mut run = PairRun::new(Method::MultipleChoiceSeparateOriginal);
    // Likelihoods 1 to 3 and 9 to 1: confidences 0.75 and 0.9, the second wrong.
    let (ln3, ln9) = (3.0_f64.ln(), 9.0_f64.ln());
    run.add(choice_instance(&["a", "b"], "b"), vec![logprob(-5.0), logprob(ln3 - 5.0)]);
    run.add(choice_instance(&["a", "b"], "b"), vec![logprob(ln9 - 5.0), logprob(-5.0)]);
    let metric = build("basic_reference", json!({}), MetricOptions::default());
    let scores = combined(metric.totals().remove(0).as_ref(), &run.units());
    assert!((value(&scores, "ece_1_bin") - (0.75 + 0.9 - 1.0) / 2.0).abs() < 1e-12);
    assert!((value(&scores, "brier") - f64::midpoint(0.0625, 0.81)).abs() < 1e-12);
    assert_eq!(value(&scores, "selective_acc@10"), 0.0);
    assert_eq!(value(&scores, "selective_acc@90"), 0.5);
    assert!(build("basic_reference", json!({}), COMPAT).totals().is_empty());
}

#[test]
fn summaries_are_compared_with_references_and_with_their_source() {
    let mut run = SmallRun::new(Method::Generation);
    let references = vec![Reference::correct("{a dog ran}"), Reference::correct("the cat sat")];
    let instance = Instance::new("{The cat sat on the mat}", references, Split::Test);
    run.add(instance, answered(&[" {the cat sat down} "]));
    let scores = build("summarization", json!({}), MetricOptions::default()).score(&run.units()[0]);
    assert!((value(&scores, "rouge_1") - 6.0 / 7.0).abs() < 1e-12);
    assert_eq!(value(&scores, "summarization_coverage"), 0.75);
    assert_eq!(value(&scores, "summarization_density"), 2.25);
    assert_eq!(value(&scores, "summarization_compression"), 1.5);
    assert!((value(&scores, "summarization_novel_2_grams") - 1.0 / 3.0).abs() < 1e-12);
    let empty: Vec<Score> = {
        let mut run = SmallRun::new(Method::Generation);
        run.add(Instance::new("text", vec![], Split::Test), answered(&[""]));
        build("summarization", json!({}), MetricOptions::default()).score(&run.units()[0])
    };
    assert!(empty.iter().all(|score| matches!(score.value, Number::Unscored(_))), "{empty:?}");
}

#[test]
fn bleu_of_a_corpus_is_that_of_sacrebleu() {
    // sacrebleu 2.5.1: corpus_score(["the cat sat on a mat", "hello there"], [["the cat sat on the mat", "hello there world"]])
    let mut run = SmallRun::new(Method::Generation);
    for (gold, given) in
        [("the cat sat on the mat", "the cat sat on a mat"), ("hello there world", "hello there")]
    {
        run.add(choice_instance(&[gold], gold), answered(&[given]));
    }
    let metric = build("corpus_bleu", json!({}), MetricOptions::default());
    let scores = combined(metric.totals().remove(0).as_ref(), &run.units());
    close(value(&scores, "corpus_bleu"), &json!(49.278_170_478_117_19));
}
