//! Every kind of instruction against IFEval's own checkers, strict and loose (`parity/metrics/helm_metrics.py`), and
//! languages against langdetect (`parity/metrics/languages.py`).

use std::collections::{BTreeMap, BTreeSet};

use holometer_core::{Instance, Method, Metric, MetricOptions, Split};
use serde_json::{Value, json};

use crate::common::SmallRun;
use crate::helm::{build, fixture, list, text, written};

fn metric() -> Box<dyn Metric> {
    build("ifeval", json!({}), MetricOptions::default())
}

/// Whether a response follows instructions: how many strictly, how many in loose mode, of how many by kind.
fn followed(metric: &dyn Metric, ids: &Value, wanted: &Value, response: &str) -> (f64, f64) {
    let mut instance = Instance::new("prompt", Vec::new(), Split::Test);
    instance.extra.insert("instruction_ids".into(), ids.clone());
    instance.extra.insert("instruction_kwargs".into(), wanted.clone());
    let mut run = SmallRun::new(Method::Generation);
    run.add(instance, written([(response, Vec::new())]));
    let scores = metric.score(&run.units()[0]);
    let share = |name: &str| {
        let score = scores.iter().find(|score| score.metric.as_str() == name).unwrap();
        score.value.as_number().unwrap_or_else(|| panic!("{ids} {wanted}: {score:?}"))
    };
    (share("ifeval_strict_accuracy"), share("ifeval_loose_accuracy"))
}

#[test]
fn every_kind_is_checked_as_the_original_checks_it() {
    let metric = metric();
    let cases = fixture("instructions");
    assert_eq!(list(&cases).len(), 2200);
    let mut outcomes: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
    for case in list(&cases) {
        let ids = json!([case[0]]);
        let ours = followed(metric.as_ref(), &ids, &json!([case[1]]), text(&case[2]));
        let theirs = (case[3].as_f64().unwrap(), case[4].as_f64().unwrap());
        assert_eq!(ours, theirs, "{case}");
        outcomes.entry(text(&case[0])).or_default().insert(case[3].as_i64().unwrap());
    }
    assert_eq!(outcomes.len(), 22);
    for (kind, seen) in outcomes {
        assert_eq!(seen.len(), 2, "`{kind}` is always or never followed");
    }
}

const LANGUAGE: [&str; 3] =
    ["language:response_language", "change_case:english_capital", "change_case:english_lowercase"];

#[test]
fn real_prompts_are_checked_as_the_original_checks_them() {
    let Some(path) = holometer_testkit::shared_path("data/ifeval/input_data.jsonl") else { return };
    let lines = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let prompt = |at: usize| text(&rows[at % rows.len()]["prompt"]);
    let fixture = fixture("instructions_real");
    let expected: BTreeMap<u64, &Value> =
        list(&fixture).iter().map(|case| (case[0].as_u64().unwrap(), &case[1])).collect();
    let metric = metric();
    let mut compared = 0;
    for (at, row) in rows.iter().enumerate() {
        let Some(expected) = expected.get(&row["key"].as_u64().unwrap()) else { continue };
        let (other, third) = (prompt(7 * at + 3), prompt(11 * at + 5));
        let answers = [
            prompt(at).to_owned(),
            other.to_uppercase(),
            format!("\"{}\n\n{}\"", other.to_lowercase(), third.to_lowercase()),
            format!("* {third}\n******\n{other}\n- {other}"),
        ];
        let instructions = list(&row["instruction_id_list"]).iter().zip(list(&row["kwargs"]));
        let fixed = instructions.filter(|(kind, wanted)| {
            let letter = wanted["letter"].as_str();
            !LANGUAGE.contains(&text(kind)) && !matches!(letter, Some("#" | "!"))
        });
        for (index, (kind, wanted)) in fixed.enumerate() {
            for (answer, theirs) in answers.iter().zip(list(expected)) {
                let ours = followed(metric.as_ref(), &json!([kind]), &json!([wanted]), answer);
                let theirs =
                    (theirs[0][index].as_f64().unwrap(), theirs[1][index].as_f64().unwrap());
                assert_eq!(ours, theirs, "{kind} {wanted} {answer:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 2500, "{compared}");
}

#[test]
fn languages_of_paragraphs_are_those_that_langdetect_finds() {
    let metric = metric();
    let rows = fixture("languages");
    let kind = json!(["language:response_language"]);
    let mut wrong: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut differ = 0;
    for row in list(&rows) {
        let wanted = json!([{ "language": row[2] }]);
        if followed(metric.as_ref(), &kind, &wanted, text(&row[1])).0 == 0.0 {
            differ += 1;
            if row[0] == row[2] {
                wrong.entry(text(&row[2])).or_default().push(text(&row[1]));
            }
        }
    }
    let by_language: Vec<String> =
        wrong.iter().map(|(code, texts)| format!("{code} {}", texts.len())).collect();
    println!("{differ} of {} paragraphs differ: {by_language:?}", list(&rows).len());
    assert!(list(&rows).len() > 1200);
    assert!(differ * 100 < list(&rows).len(), "{wrong:#?}");
    // In the languages that IFEval asks for, where langdetect itself is right.
    for code in [
        "hi", "kn", "mr", "vi", "ko", "sw", "de", "pa", "fa", "ru", "bg", "pt", "gu", "te", "it",
        "ar", "ta", "fi", "ur", "th", "ne", "bn", "en",
    ] {
        let missed = wrong.get(code).map_or(0, Vec::len);
        assert!(missed <= 1, "{code}: {:?}", wrong[code]);
    }
}

#[test]
fn instructions_that_say_too_little_are_unscored() {
    let mut instance = Instance::new("prompt", Vec::new(), Split::Test);
    instance.extra.insert("instruction_ids".into(), json!(["length_constraints:number_words"]));
    instance.extra.insert("instruction_kwargs".into(), json!([{ "relation": "at least" }]));
    let mut run = SmallRun::new(Method::Generation);
    run.add(instance, written([("some words", Vec::new())]));
    let scores = metric().score(&run.units()[0]);
    assert!(scores.iter().all(|score| score.value.as_number().is_none()));
    assert!(format!("{scores:?}").contains("does not say its `num_words`"), "{scores:?}");
}
