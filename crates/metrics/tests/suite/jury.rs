//! The jury of HELM's medical scenarios beside HELM's annotators and its `LLMJuryMetric` (`parity/metrics/jury.py`).

use holometer_core::{
    Completion, FailureKind, Instance, Method, Metric, MetricOptions, ModelName, NoFindings,
    Outcome, Prompt, RecordedFindings, Reference, Request, Response, Score, Split, Value as Number,
};
use serde_json::{Value, json};

use crate::common::{SmallRun, answered};
use crate::helm::{build, fixture, list, text};

const COMPAT: MetricOptions = MetricOptions { helm_compat: true };

fn jury(scenario: &str, options: MetricOptions) -> Box<dyn Metric> {
    let args = json!({
        "metric_name": format!("{scenario}_accuracy"), "scenario_name": scenario,
        "annotator_models": { "gpt": {} }, "default_score": 1.0,
    });
    build("llm_jury", args, options)
}

fn run_of(question: &str, answer: &str, references: &[&str]) -> SmallRun {
    let references = references.iter().map(|text| Reference::correct(*text)).collect();
    let mut run = SmallRun::new(Method::Generation);
    run.add(Instance::new(question, references, Split::Test), answered(&[answer]));
    run
}

fn said(text: &str) -> Outcome {
    let completions = vec![Completion { text: text.into(), ..Completion::default() }];
    Outcome::Answered(Response { completions, ..Response::default() })
}

fn value(scores: &[Score], name: &str) -> Number {
    scores.iter().find(|score| score.metric.as_str() == name).expect(name).value.clone()
}

/// The score of an answer about which the judges said these things.
fn judged(metric: &dyn Metric, answers: &[Outcome]) -> Number {
    let run = run_of("How long?", "Ten days.", &["Two weeks."]);
    let units = run.units();
    let mut findings = RecordedFindings::default();
    for (at, outcome) in answers.iter().enumerate() {
        let request = &metric.inquiries(&units[0])[0].request;
        findings.add(request, &ModelName::new(format!("j{at}")), outcome.clone());
    }
    value(&metric.score_with(&units[0], &findings), metric.cards()[0].name)
}

#[test]
fn juries_are_asked_what_helm_asks() {
    let fixture = fixture("jury");
    let prompts = list(&fixture["prompts"]);
    assert_eq!(prompts.len(), 8);
    for case in prompts {
        let references: Vec<&str> = list(&case[3]).iter().map(text).collect();
        let run = run_of(text(&case[1]), text(&case[2]), &references);
        let metric = jury(text(&case[0]), MetricOptions::default());
        let inquiries = metric.inquiries(&run.units()[0]);
        let Request::Generate { prompt: Prompt::Text(prompt), decoding } = &inquiries[0].request
        else {
            panic!("{inquiries:?}")
        };
        assert_eq!(prompt, text(&case[4]));
        assert_eq!(decoding.max_tokens as u64, case[5].as_u64().unwrap());
        assert_eq!(decoding.temperature, case[6].as_f64().unwrap());
    }
}

#[test]
fn verdicts_of_juries_are_read_as_helm_reads_them() {
    let fixture = fixture("jury");
    let cases = list(&fixture["cases"]);
    assert!(cases.len() >= 1000, "{}", cases.len());
    let scenarios = ["med_dialog", "medication_qa"];
    let [ours, helms] = [MetricOptions::default(), COMPAT]
        .map(|options| scenarios.map(|scenario| jury(scenario, options)));
    let (mut read, mut unread) = (0, 0);
    for (at, case) in cases.iter().enumerate() {
        let answers: Vec<Outcome> =
            list(&case[0]).iter().map(|answer| said(text(answer))).collect();
        // Where HELM stops with an error there is nothing to compare with.
        let Some(theirs) = case[2].as_f64() else { continue };
        match judged(helms[at % 2].as_ref(), &answers) {
            Number::Number(compat) => assert!((compat - theirs).abs() < 1e-12, "{case} {compat}"),
            Number::Unscored(reason) => panic!("{case} {reason}"),
        }
        let default = judged(ours[at % 2].as_ref(), &answers);
        if list(&case[1]).iter().any(|readable| readable == &Value::Bool(true)) {
            read += 1;
        } else {
            assert!(matches!(default, Number::Unscored(_)), "{case} {default:?}");
            unread += 1;
        }
    }
    assert!(read > 500 && unread > 300, "{read} {unread}");
}

/// Of HELM's faults only `--helm-compat` has any.
#[test]
fn points_that_were_not_offered_are_no_verdict() {
    let verdict = |points: &str| {
        let criterion = format!(r#"{{"score": {points}, "explanation": "."}}"#);
        let rest = r#"{"score": 5, "explanation": "."}"#;
        said(&format!(r#"{{"accuracy": {criterion}, "completeness": {rest}, "clarity": {rest}}}"#))
    };
    let both = |outcome: Outcome| {
        [MetricOptions::default(), COMPAT].map(|options| {
            judged(jury("med_dialog", options).as_ref(), std::slice::from_ref(&outcome))
        })
    };
    assert_eq!(both(verdict("2")), [Number::Number(4.0), Number::Number(4.0)]);
    assert_eq!(both(verdict("3.5")), [Number::Number(4.5), Number::Number(13.0 / 3.0)]);
    for [ours, helms] in [both(verdict("0")), both(verdict("80")), both(said("It is good."))] {
        assert!(matches!(ours, Number::Unscored(_)), "{ours:?}");
        assert!(matches!(helms, Number::Number(_)), "{helms:?}");
    }
    let [ours, helms] = both(Outcome::failed(FailureKind::Server, "it fell over"));
    assert_eq!(ours, Number::Unscored("the request to the judge failed".into()));
    assert_eq!(helms, Number::Number(1.0));
}

#[test]
fn without_a_jury_there_is_no_score_and_empty_answers_need_none() {
    for options in [MetricOptions::default(), COMPAT] {
        let metric = jury("medication_qa", options);
        let run = run_of("How long?", "Ten days.", &[]);
        let scores = metric.score_with(&run.units()[0], &NoFindings);
        let none = Number::Unscored("no judge was asked".into());
        assert_eq!(value(&scores, "medication_qa_accuracy"), none);
        let run = run_of("How long?", " \n", &[]);
        assert!(metric.inquiries(&run.units()[0]).is_empty());
        let scores = metric.score_with(&run.units()[0], &NoFindings);
        assert_eq!(value(&scores, "medication_qa_accuracy"), Number::Number(1.0));
    }
}

#[test]
fn juries_that_are_not_here_are_named() {
    for (args, words) in [
        (json!({ "scenario_name": "med_dialogue" }), "did you mean `med_dialog`"),
        (
            json!({ "scenario_name": "med_dialog", "metric_name": "jury_score" }),
            "med_dialog_accuracy",
        ),
        (json!({}), "scenario_name"),
    ] {
        let spec = holometer_core::MetricSpec { name: "llm_jury".into(), args };
        let error = holometer_metrics::build(&spec, MetricOptions::default()).err().unwrap();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("hint: "), "{error}");
    }
}
