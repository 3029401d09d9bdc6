//! What every metric promises: errors that help, cards that explain, reasons instead of blanks.

use crate::common::{SmallRun, answered};
use holometer_core::{
    FailureKind, Instance, Method, Metric, MetricOptions, MetricSpec, Outcome, Reference, Score,
    Split, Value,
};
use serde_json::json;

fn generation(names: &[&str]) -> Box<dyn Metric> {
    let spec = MetricSpec { name: "basic_generation".into(), args: json!({ "names": names }) };
    holometer_metrics::build(&spec, MetricOptions::default()).unwrap()
}

fn question() -> Instance {
    let references = vec![Reference::correct("Paris"), Reference::wrong("Rome")];
    Instance::new("The capital of France?", references, Split::Test)
}

fn value(scores: &[Score], name: &str) -> Value {
    scores.iter().find(|score| score.metric.as_str() == name).expect(name).value.clone()
}

#[test]
fn an_unknown_metric_names_the_nearest() {
    let error =
        holometer_metrics::build(&MetricSpec::new("basic_generations"), MetricOptions::default())
            .err()
            .expect("there is no such metric");
    assert_eq!(
        error
            .to_string()
            .split("hint: ")
            .nth(1)
            .map(|hint| hint.starts_with("did you mean `basic_generation`")),
        Some(true),
        "{error}"
    );
}

#[test]
fn wrong_arguments_are_explained() {
    for (name, args, words) in [
        ("basic_generation", json!({ "names": ["exact_mach"] }), "`exact_match`"),
        ("basic_generation", json!({ "name": ["exact_match"] }), "unknown field"),
        ("basic_reference", json!({ "k": 1 }), "it has none"),
        (
            "bias",
            json!({ "mode": "associations", "demographic_category": "race" }),
            "target_category",
        ),
        ("bias", json!({ "mode": "association" }), "unknown variant"),
    ] {
        let spec = MetricSpec { name: name.into(), args };
        let error = holometer_metrics::build(&spec, MetricOptions::default()).err().expect(name);
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("hint: "), "{error}");
    }
}

#[test]
fn every_card_has_its_five_parts() {
    let cards = holometer_metrics::cards();
    assert!(cards.len() > 50);
    for card in &cards {
        for part in ["What it measures", "Formula", "Source and licence", "Example", "Caveats"] {
            assert!(card.docs.contains(&format!("**{part}.**")), "{} lacks {part}", card.name);
        }
        assert!(card.range.0 < card.range.1, "{}", card.name);
        assert!(!card.summary.ends_with('.') && !card.summary.is_empty(), "{}", card.name);
    }
    assert_eq!(holometer_metrics::card("exact_match@5").map(|card| card.name), Some("exact_match"));
    assert_eq!(holometer_metrics::card("no_such_score"), None);
    assert!(holometer_metrics::names().is_sorted());
}

#[test]
fn every_score_has_a_card() {
    let mut run = SmallRun::new(Method::MultipleChoiceJoint);
    run.add(question(), answered(&["A"]));
    let metric = generation(&["exact_match", "rouge_l", "wer_score", "pass"]);
    let units = run.units();
    for score in metric.score(&units[0]) {
        assert!(holometer_metrics::card(score.metric.as_str()).is_some(), "{score:?}");
    }
}

#[test]
fn failures_and_refusals_are_reasons_and_never_wrong_answers() {
    let mut run = SmallRun::new(Method::Generation);
    run.add(question(), Outcome::failed(FailureKind::Timeout, "no answer within 60 s"));
    run.add(question(), Outcome::Refused { reason: "content filter".into() });
    let metric = generation(&["exact_match", "f1_score"]);
    for (unit, words) in
        run.units().iter().zip(["the request failed: no answer", "the provider refused"])
    {
        let scores = metric.score(unit);
        for name in ["exact_match", "f1_score", "max_prob", "logprob", "num_completion_tokens"] {
            match value(&scores, name) {
                Value::Unscored(reason) => assert!(reason.contains(words), "{name}: {reason}"),
                number @ Value::Number(_) => panic!("{name} is {number:?}"),
            }
        }
        assert_eq!(value(&scores, "num_references"), Value::Number(2.0));
        let totals = metric.totals();
        assert!(totals[0].components(unit).is_err());
    }
}

#[test]
fn a_letter_that_the_model_writes_on_from_counts_as_choice_but_not_as_helms_exact_match() {
    let mut run = SmallRun::new(Method::MultipleChoiceJoint);
    run.add(question(), answered(&["A\n\nQuestion: Which"]));
    run.add(question(), answered(&[" B."]));
    run.add(question(), answered(&["Paris"]));
    let metric = generation(&["exact_match"]);
    let units = run.units();
    let both = |index: usize| {
        let scores = metric.score(&units[index]);
        (value(&scores, "exact_match"), value(&scores, "choice_accuracy"))
    };
    assert_eq!(both(0), (Value::Number(0.0), Value::Number(1.0)));
    assert_eq!(both(1), (Value::Number(0.0), Value::Number(0.0)));
    assert_eq!(both(2), (Value::Number(0.0), Value::Number(0.0)));
}

#[test]
fn scores_that_need_more_than_text_say_so() {
    let mut run = SmallRun::new(Method::Generation);
    run.add(question(), answered(&["print(1)"]));
    let scores = generation(&["pass", "cider"]).score(&run.units()[0]);
    assert_eq!(value(&scores, "pass"), Value::Unscored("the program was not run".into()));
    assert!(value(&scores, "cider").as_number().is_none());
}

#[test]
fn the_best_of_several_references_and_completions_counts() {
    let mut run = SmallRun::new(Method::Generation);
    let references = vec![Reference::correct("Paris"), Reference::correct("the city of Paris")];
    run.add(Instance::new("?", references, Split::Test), answered(&["The city of Paris", "Paris"]));
    let metric = generation(&["exact_match", "quasi_exact_match", "f1_score"]);
    let scores = metric.score(&run.units()[0]);
    assert_eq!(value(&scores, "exact_match"), Value::Number(0.0));
    assert_eq!(value(&scores, "quasi_exact_match"), Value::Number(1.0));
    assert_eq!(value(&scores, "f1_score"), Value::Number(1.0));
    assert_eq!(value(&scores, "inference_runtime"), Value::Number(0.5));
}
