//! Regard and stereotypes against Hugging Face's `evaluate` and LangFair, both on a tiny BERT. The fixture's script is
//! `parity/bias/opinions.py`.

use std::collections::BTreeMap;

use holometer_core::{
    Completion, Instance, Method, Metric, MetricOptions, MetricSpec, ModelName, Outcome,
    RecordedFindings, Reference, Respondent, Response, Score, ScorerRole, Split, Value as Number,
};
use holometer_metrics::neural::{Reply, Task, opinion_classes};
use serde_json::{Value, json};

use crate::common::{SmallRun, answered};

fn fixture() -> Value {
    let path = format!("{}/tests/fixtures/opinions.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn metric(role: &str) -> Box<dyn Metric> {
    let spec = MetricSpec { name: "answer_scorers".into(), args: json!({ "roles": [role] }) };
    holometer_metrics::build(&spec, MetricOptions::default()).unwrap()
}

fn said(reply: &Reply) -> Outcome {
    let text = serde_json::to_string(reply).unwrap();
    let completions = vec![Completion { text, ..Completion::default() }];
    Outcome::Answered(Response { completions, ..Response::default() })
}

/// The scores of one question's answers, about each of which the scorer says this.
fn scored(role: ScorerRole, answers: &[(&str, Reply)]) -> Vec<Score> {
    let metric = metric(role.as_str());
    let mut run = SmallRun::new(Method::Generation);
    let texts: Vec<&str> = answers.iter().map(|(text, _)| *text).collect();
    run.add(Instance::new("q", vec![Reference::correct("x")], Split::Test), answered(&texts));
    let units = run.units();
    let mut findings = RecordedFindings::default();
    let inquiries = metric.inquiries(&units[0]);
    assert_eq!(inquiries.len(), answers.len());
    for (inquiry, (text, reply)) in inquiries.iter().zip(answers) {
        assert_eq!(inquiry.to, Respondent::Scorer(role));
        let task = Task::Classify { text: (*text).to_owned(), question: None };
        assert_eq!(Task::of(&inquiry.request), Ok(task));
        findings.add_score(role, &inquiry.request, &ModelName::new("tiny@1"), said(reply));
    }
    metric.score_with(&units[0], &findings)
}

#[track_caller]
fn number(scores: &[Score], name: &str) -> f64 {
    let found = scores.iter().find(|score| score.metric.as_str() == name);
    found.unwrap_or_else(|| panic!("no {name} in {scores:?}")).value.as_number().unwrap()
}

fn classes(value: &Value) -> Reply {
    Reply::Classes(serde_json::from_value(value.clone()).unwrap())
}

#[test]
fn stereotypes_are_counted_as_langfair_counts_them() {
    let fixture = fixture();
    let mut prompts: BTreeMap<&str, Vec<(&str, Reply)>> = BTreeMap::new();
    for row in fixture["texts"].as_array().unwrap() {
        let answer = (text(&row["text"]), classes(&row["stereotypes"]));
        prompts.entry(text(&row["prompt"])).or_default().push(answer);
    }
    assert!(prompts.len() >= 10);
    let scores: Vec<Vec<Score>> =
        prompts.values().map(|answers| scored(ScorerRole::Stereotype, answers)).collect();
    let mean = |name: &str| {
        scores.iter().map(|scores| number(scores, name)).sum::<f64>() / scores.len() as f64
    };
    for kind in ["gender", "race"] {
        for (ours, langfair) in [
            ("stereotype_fraction", "Stereotype Fraction"),
            ("expected_max_stereotype", "Expected Maximum Stereotype"),
            ("stereotype_probability", "Stereotype Probability"),
        ] {
            let theirs = fixture["langfair_by_prompt"][format!("{langfair} - {kind}")].as_f64();
            let (ours, theirs) = (mean(&format!("{ours}@{kind}")), theirs.unwrap());
            assert!((ours - theirs).abs() < 1e-8, "{langfair} of {kind}: {ours}, {theirs}");
            assert!(theirs > 0.1 && theirs < 0.9, "{langfair} of {kind} tests nothing: {theirs}");
        }
    }
    // Of all kinds together there are at least as many as of one, and an anti-stereotype is none.
    let all = mean("stereotype_fraction");
    let both = mean("stereotype_fraction@gender") + mean("stereotype_fraction@race");
    assert!((all - both).abs() < 1e-12, "{all} {both}");
    assert!(scores.iter().flatten().all(|score| !score.metric.as_str().contains("anti")));
}

#[test]
fn differences_of_regard_are_those_of_evaluate() {
    let fixture = fixture();
    let rows = fixture["texts"].as_array().unwrap();
    let half = rows.len() / 2;
    let means = [&rows[..half], &rows[half..]].map(|rows| {
        let answers: Vec<_> =
            rows.iter().map(|row| (text(&row["text"]), classes(&row["regard"]))).collect();
        let scores = scored(ScorerRole::Regard, &answers);
        ["positive_regard_by_model", "negative_regard_by_model", "regard_by_model"]
            .map(|name| number(&scores, name))
    });
    let theirs = |class: &str| fixture["regard_difference"][class].as_f64().unwrap();
    let (positive, negative) = (theirs("positive"), theirs("negative"));
    for (at, expected) in [positive, negative, positive - negative].into_iter().enumerate() {
        let ours = means[0][at] - means[1][at];
        assert!((ours - expected).abs() < 1e-8, "{at}: {ours}, {expected}");
    }
    for (ours, average) in means.iter().zip(fixture["regard_averages"].as_array().unwrap()) {
        assert!((ours[1] - average["negative"].as_f64().unwrap()).abs() < 1e-8);
    }
}

#[test]
fn what_is_no_opinion_has_a_reason() {
    let no_class = Reply::Classes(BTreeMap::from([("positive".to_owned(), 0.5)]));
    for (role, reply, why) in [
        (ScorerRole::Regard, no_class.clone(), "no class `negative`"),
        (ScorerRole::Stereotype, no_class, "no class `stereotype`"),
        (ScorerRole::Stereotype, Reply::Unreadable("perhaps".into()), "`perhaps`"),
    ] {
        let scores = scored(role, &[("an answer", reply)]);
        assert!(!scores.is_empty());
        for score in scores {
            let Number::Unscored(reason) = &score.value else { panic!("{score:?}") };
            assert!(reason.contains(why), "{reason}");
        }
    }
    // A guard says only how surely.
    let guarded = scored(ScorerRole::Stereotype, &[("an answer", Reply::Score(0.8))]);
    assert_eq!(number(&guarded, "stereotype_by_model"), 0.8);
    assert_eq!(number(&guarded, "stereotype_probability"), 1.0);
    let doubtful = scored(ScorerRole::Stereotype, &[("an answer", Reply::Score(0.5))]);
    assert_eq!(number(&doubtful, "stereotype_fraction"), 0.0);
}

#[test]
fn classes_are_found_by_their_names_or_chosen() {
    let names = |labels: &[&str], role, class| {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        opinion_classes(role, &labels, class)
    };
    let detector = ["unrelated", "Stereotype-Gender", "anti-stereotype_gender"];
    assert_eq!(
        names(&detector, ScorerRole::Stereotype, None).unwrap(),
        ["unrelated", "stereotype_gender", "anti_stereotype_gender"]
    );
    assert_eq!(
        names(&["LABEL_0", "LABEL_1"], ScorerRole::Stereotype, Some("label_1")).unwrap(),
        ["other: label_0", "stereotype"]
    );
    let (problem, hint) = names(&["LABEL_0", "LABEL_1"], ScorerRole::Stereotype, None).unwrap_err();
    assert!(problem.contains("begins with `stereotype`"), "{problem}");
    assert!(hint.contains("LABEL_0, LABEL_1") && hint.contains("FOLDER#CLASS"), "{hint}");
    let regard = ["negative", "neutral", "Positive", "other"];
    assert_eq!(
        names(&regard, ScorerRole::Regard, None).unwrap(),
        ["negative", "neutral", "positive", "other"]
    );
    assert!(names(&regard[..2], ScorerRole::Regard, None).is_err());
}
