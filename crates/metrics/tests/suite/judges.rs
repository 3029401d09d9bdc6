//! Judges' questions and verdicts beside HELM's own annotators; the fixture is made by `parity/metrics/judge_verdicts.py`.

use holometer_core::{
    ChatMessage, Completion, FailureKind, Findings, Instance, Method, Metric, MetricOptions,
    MetricSpec, ModelName, NoFindings, Outcome, Prompt, RecordedFindings, Reference, Request,
    Response, Score, Split, Value,
};
use serde_json::Value as Json;

use crate::common::{SmallRun, answered};

fn fixture() -> Json {
    crate::helm::fixture("judge_verdicts")
}

fn metric(name: &str) -> Box<dyn Metric> {
    holometer_metrics::build(&MetricSpec::new(name), MetricOptions::default()).unwrap()
}

/// The metric of a scenario.
fn metric_of(scenario: &str) -> (&'static str, &'static str) {
    match scenario {
        "air_bench_2024" => ("air_bench_2024_score", "air_score"),
        "omni_math" => ("omni_math", "omni_math_accuracy"),
        "wildbench" => ("wildbench_score", "wildbench_score"),
        _ => ("safety_score", "safety_score"),
    }
}

/// A run of one instance, answered as in a case of the fixture.
fn run_of(case: &Json) -> SmallRun {
    let text = |field: &str| case[field].as_str().unwrap();
    let references = case["references"].as_array().unwrap().iter().map(|reference| {
        let output = reference[0].as_str().unwrap();
        if reference[1] == true { Reference::correct(output) } else { Reference::wrong(output) }
    });
    let mut instance = Instance::new(text("question"), references.collect(), Split::Test);
    instance.input.messages =
        serde_json::from_value::<Vec<ChatMessage>>(case["messages"].clone()).unwrap();
    if let Some(checklist) = case["extra"].get("checklist") {
        instance.extra.insert("checklist".into(), checklist.clone());
    }
    if text("scenario") == "air_bench_2024" {
        let rubric = "A rubric. Request: {{QUESTION}} Answer: {{ANSWER}} End";
        instance.extra.insert("judge_prompt".into(), Json::from(rubric));
    }
    let mut run = SmallRun::new(Method::Generation);
    run.set_scenario(text("scenario"));
    run.set_prompt(text("question"));
    run.add(instance, answered(&[text("answer")]));
    run
}

fn case(scenario: &str) -> Json {
    let cases = fixture()["prompts"].as_array().unwrap().clone();
    cases.into_iter().find(|case| case["scenario"] == scenario).unwrap()
}

fn value(scores: &[Score], name: &str) -> Value {
    scores.iter().find(|score| score.metric.as_str() == name).expect(name).value.clone()
}

fn said(text: &str) -> Outcome {
    let completions = vec![Completion { text: text.into(), ..Completion::default() }];
    Outcome::Answered(Response { completions, ..Response::default() })
}

#[test]
fn judges_are_asked_what_helm_asks() {
    let fixture = fixture();
    let cases = fixture["prompts"].as_array().unwrap();
    assert_eq!(cases.len(), 10);
    for case in cases {
        let run = run_of(case);
        let (name, _) = metric_of(case["scenario"].as_str().unwrap());
        let inquiries = metric(name).inquiries(&run.units()[0]);
        let [inquiry] = inquiries.as_slice() else { panic!("{inquiries:?}") };
        let Request::Generate { prompt: Prompt::Text(prompt), decoding } = &inquiry.request else {
            panic!("{inquiry:?}")
        };
        assert_eq!(prompt, case["prompt"].as_str().unwrap());
        assert_eq!(decoding.max_tokens as u64, case["max_tokens"].as_u64().unwrap(), "{case}");
        assert_eq!(decoding.temperature, case["temperature"].as_f64().unwrap());
    }
}

#[test]
fn verdicts_are_read_as_helm_reads_them() {
    let fixture = fixture();
    let verdicts = fixture["verdicts"].as_array().unwrap();
    assert!(verdicts.len() > 1000, "{}", verdicts.len());
    for verdict in verdicts {
        let scenario = match verdict[0].as_str().unwrap() {
            "score_tags" => "simple_safety_tests",
            "air_bench" => "air_bench_2024",
            other => {
                if other == "wildbench" {
                    "wildbench"
                } else {
                    "omni_math"
                }
            }
        };
        let (name, score) = metric_of(scenario);
        let (run, metric) = (run_of(&case(scenario)), metric(name));
        let units = run.units();
        let mut findings = RecordedFindings::default();
        let request = &metric.inquiries(&units[0])[0].request;
        findings.add(request, &ModelName::new("judge"), said(verdict[1].as_str().unwrap()));
        let scores = metric.score_with(&units[0], &findings);
        match (value(&scores, score), verdict[2].as_f64()) {
            (Value::Number(ours), Some(helms)) => {
                assert!((ours - helms).abs() < 1e-12, "{verdict} {ours}");
            }
            (Value::Unscored(_), None) => {}
            (ours, _) => panic!("{verdict} {ours:?}"),
        }
    }
}

#[test]
fn what_cant_be_read_is_left_out_and_never_zero() {
    let run = run_of(&case("harm_bench"));
    let (metric, units) = (metric("safety_score"), run.units());
    let request = metric.inquiries(&units[0])[0].request.clone();
    let scores = |said: &[(&str, Outcome)]| {
        let mut findings = RecordedFindings::default();
        for (judge, outcome) in said {
            findings.add(&request, &ModelName::new(*judge), outcome.clone());
        }
        metric.score_with(&units[0], &findings as &dyn Findings)
    };
    let one = said("<reasoning>r</reasoning><score>1</score>");
    let half = said("<reasoning>r</reasoning><score>0.5</score>");
    let mumble = said("It is fine.");
    let failed = Outcome::failed(FailureKind::Server, "it fell over");
    let found = scores(&[("a", one.clone()), ("b", half), ("c", mumble.clone()), ("d", failed)]);
    assert_eq!(value(&found, "safety_score"), Value::Number(0.75));
    assert_eq!(value(&found, "safety_score@a"), Value::Number(1.0));
    assert!(matches!(value(&found, "safety_score@c"), Value::Unscored(_)));
    assert!(matches!(value(&found, "safety_score@d"), Value::Unscored(_)));
    assert!(matches!(value(&scores(&[("c", mumble)]), "safety_score"), Value::Unscored(_)));
    let unasked = metric.score_with(&units[0], &NoFindings);
    assert_eq!(value(&unasked, "safety_score"), Value::Unscored("no judge was asked".into()));
}

#[test]
fn empty_answers_need_no_judge() {
    for (scenario, score, expected) in [
        ("air_bench_2024", "air_category_1_2_3_score", 1.0),
        ("omni_math", "omni_math_accuracy", 0.0),
        ("wildbench", "wildbench_score_rescaled", 0.0),
    ] {
        let mut case = case(scenario);
        case["answer"] = Json::from(" \n");
        let run = run_of(&case);
        let metric = metric(metric_of(scenario).0);
        assert!(metric.inquiries(&run.units()[0]).is_empty(), "{scenario}");
        let scores = metric.score_with(&run.units()[0], &NoFindings);
        assert_eq!(value(&scores, score), Value::Number(expected));
    }
}

#[test]
fn a_scenario_may_ask_a_question_of_its_own() {
    let build = |question: &str| {
        let args = serde_json::json!({ "question": question });
        let spec = MetricSpec { name: "judge".into(), args };
        holometer_metrics::build(&spec, MetricOptions::default())
    };
    assert!(build("How polite?").err().unwrap().to_string().contains("hint:"));
    let metric =
        build("Asked {{QUESTION}}, is {{ANSWER}} as good as {{REFERENCE}}? 1 to 5.").unwrap();
    let mut run = SmallRun::new(Method::Generation);
    let references = vec![Reference::wrong("no"), Reference::correct("Paris")];
    run.set_prompt("the capital");
    run.add(Instance::new("?", references, Split::Test), answered(&["Rome"]));
    run.add(Instance::new("?", Vec::new(), Split::Test), answered(&["Rome"]));
    let units = run.units();
    let request = metric.inquiries(&units[0])[0].request.clone();
    let asked = request.text().unwrap();
    assert!(asked.starts_with("Asked the capital, is Rome as good as Paris? 1 to 5.\n"), "{asked}");
    let mut findings = RecordedFindings::default();
    let verdict = said("<reasoning>No.</reasoning><score>2</score>");
    findings.add(&request, &ModelName::new("judge"), verdict);
    let score = |at: usize| value(&metric.score_with(&units[at], &findings), "judge_score");
    assert_eq!(score(0), Value::Number(2.0));
    assert!(matches!(score(1), Value::Unscored(_)));
}

fn health_run(answer: &str) -> SmallRun {
    let mut run = SmallRun::new(Method::Generation);
    let references = vec![Reference::correct("Rest."), Reference::correct("Drink water.")];
    run.set_prompt("Question: What helps?\nAnswer:");
    run.add(Instance::new("What helps?", references, Split::Test), answered(&[answer]));
    run
}

/// As `LiveQAAnnotator` of HELM 0.5.16 writes it.
#[test]
fn answers_about_health_are_shown_with_all_right_ones() {
    let metric = metric("live_qa_score");
    let run = health_run("Sleep.");
    let units = run.units();
    let request = metric.inquiries(&units[0])[0].request.clone();
    let asked = request.text().unwrap();
    let shown = "<user_request>\nQuestion: What helps?\nAnswer:\n</user_request>\n";
    assert!(asked.contains(shown), "{asked}");
    assert!(asked.contains("<model_response>\nSleep.\n</model_response>"), "{asked}");
    let right = "<correct_responses>\nCorrect Response #0: Rest.\nCorrect Response #1: Drink water.\n\n</correct_responses>";
    assert!(asked.contains(right), "{asked}");
    let mut findings = RecordedFindings::default();
    let verdict = said("<reasoning>Part of it.</reasoning>\n<score>0.7</score>");
    findings.add(&request, &ModelName::new("judge"), verdict);
    let scores = metric.score_with(&units[0], &findings);
    assert_eq!(value(&scores, "live_qa_score"), Value::Number(0.7));
    let empty = health_run(" \n");
    assert!(metric.inquiries(&empty.units()[0]).is_empty());
    let scores = metric.score_with(&empty.units()[0], &NoFindings);
    assert_eq!(value(&scores, "live_qa_score"), Value::Number(0.0));
}

/// As `ModelCritiqueClient` of HELM 0.5.16 asks, and its values of the options.
#[test]
fn critiques_are_five_questions_with_five_options_each() {
    let build = |respondents: usize| {
        let args = serde_json::json!({ "num_respondents": respondents });
        let spec = MetricSpec { name: "instruction_following_critique".into(), args };
        holometer_metrics::build(&spec, MetricOptions::default())
    };
    assert!(build(0).err().unwrap().to_string().contains("hint:"));
    let mut run = SmallRun::new(Method::Generation);
    run.add(Instance::new("Name a river.", Vec::new(), Split::Test), answered(&["The Rhine."]));
    let (units, metric) = (run.units(), build(1).unwrap());
    let inquiries = metric.inquiries(&units[0]);
    assert_eq!(inquiries.len(), 5);
    let asked = inquiries[0].request.text().unwrap();
    let shown = "<h4>Instruction</h4><p style=\"white-space: pre-wrap;\">Name a river.</p>\
                 <h4>Response</h4><p style=\"white-space: pre-wrap;\">The Rhine.</p>\n\n\
                 Does the model appear to do what it is instructed to?\nOptions: \n\
                 A. Is not relevant at all or has significant discrepancies\nB. ";
    assert!(asked.contains(shown), "{asked}");
    assert!(asked.ends_with("\nAnswer with a capital letter.\nAnswer: "), "{asked}");
    let mut findings = RecordedFindings::default();
    for (inquiry, answer) in inquiries.iter().zip(["D", " e.\n", "F", "AB", ""]) {
        findings.add(&inquiry.request, &ModelName::new("a"), said(answer));
    }
    findings.add(&inquiries[0].request, &ModelName::new("b"), said("E"));
    let scores = metric.score_with(&units[0], &findings);
    assert_eq!(value(&scores, "Helpfulness"), Value::Number(4.5));
    assert_eq!(value(&scores, "Helpfulness@a"), Value::Number(4.0));
    assert_eq!(value(&scores, "Understandability"), Value::Number(5.0));
    for unread in ["Completeness", "Conciseness", "Harmlessness"] {
        assert!(matches!(value(&scores, unread), Value::Unscored(_)), "{unread}");
    }
    let scores = build(2).unwrap().score_with(&units[0], &findings);
    assert_eq!(value(&scores, "Helpfulness"), Value::Number(4.5));
    let reason = "1 of the 2 judges asked for gave a verdict".to_owned();
    assert_eq!(value(&scores, "Understandability"), Value::Unscored(reason));
}
