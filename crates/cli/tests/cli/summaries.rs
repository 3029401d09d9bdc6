//! Summaries and the models that score them, through the real binary: BERTScore and SummaC with tiny encoders, against what HELM's
//! packages make of the same encoders (`parity/engine/scorer_packages.py`), and juries.

use std::path::Path;

use holometer_testkit::fake_openai;
use holometer_testkit::fake_server::{FakeRequest, FakeServer};
use holometer_testkit::tiny::write_checkpoint;
use serde_json::{Value, json};

use crate::common;

/// Largest difference of a score.
const TOLERANCE: f64 = 1e-5;
const PARTS: [&str; 3] = ["BERTScore-P", "BERTScore-R", "BERTScore-F"];

/// A scenario of documents and two summaries of each; what the metric is told follows.
const SCENARIO: &str = r#"
name = "digest"
summary = "Documents to be summarised"
languages = ["en"]

[licence]
id = "CC0-1.0"

[data]
format = "jsonl"

[[data.files]]
path = "digest.jsonl"

[instance]
input = "{{ source }}"

[[instance.references]]
text = "{{ first }}"

[[instance.references]]
text = "{{ second }}"

[[adapter]]
like = "plain"
max_train_instances = 0
input_prefix = ""
input_suffix = ""
output_prefix = ""
output_suffix = ""
instance_prefix = ""
num_outputs = 1

[main_metric]
metric = "rouge_2"
split = "test"

[[metrics]]
name = "summarization"
"#;

fn packages() -> Value {
    let place = "../engine/tests/fixtures/scorers/packages.json";
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(place);
    serde_json::from_str(&std::fs::read_to_string(place).unwrap()).unwrap()
}

fn ok(home: &Path, arguments: &[&str]) -> String {
    let output = common::run(home, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", common::stderr(&output));
    common::stderr(&output)
}

fn spec(name: &str, server: &FakeServer) -> String {
    format!("{name}={}/v1#{}", server.url(), fake_openai::MODEL)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The scenario's file and data, and a model that writes the fixture's summaries.
fn digest(home: &Path, fixture: &Value, arguments: &str) -> FakeServer {
    std::fs::write(home.join("digest.toml"), format!("{SCENARIO}{arguments}\n")).unwrap();
    let texts = fixture["texts"].as_array().unwrap();
    let references = &fixture["references"];
    let row = |one: &Value| json!({ "source": one["source"], "first": references[0], "second": references[1] });
    let lines: Vec<String> = texts.iter().map(|one| row(one).to_string()).collect();
    std::fs::write(home.join("digest.jsonl"), lines.join("\n")).unwrap();
    let summaries: Vec<(String, String)> =
        texts.iter().map(|one| (text(&one["source"]), text(&one["summary"]))).collect();
    common::chat_server(move |prompt| {
        let known = summaries.iter().find(|(source, _)| source.trim() == prompt.trim());
        known.map(|(_, summary)| summary.clone()).unwrap_or_default()
    })
}

/// The encoders of the fixture, as folders of their own.
fn encoders(home: &Path, fixtures: &Value) {
    let own = &fixtures["bert_score"]["own"];
    write_checkpoint(&home.join("own"), own);
    std::fs::write(home.join("own/rescale_baseline.tsv"), text(&own["baseline_file"])).unwrap();
    write_checkpoint(&home.join("nli"), &fixtures["summac"]);
}

/// Every cell of the run for the test split.
fn cell(home: &Path, metric: &str) -> Value {
    let arguments = ["report", "--suite", "s", "--format", "json", "--metrics", "all"];
    let report: Value = serde_json::from_slice(&common::run(home, &arguments).stdout).unwrap();
    let cells = report["runs"][0]["cells"].as_array().unwrap();
    let wanted = |cell: &&Value| cell["metric"] == metric && cell["slice"]["split"] == "test";
    cells.iter().find(wanted).unwrap_or(&Value::Null).clone()
}

fn mean(home: &Path, metric: &str) -> f64 {
    let cell = cell(home, metric);
    cell["estimate"]["value"].as_f64().unwrap_or_else(|| panic!("no number in {cell}"))
}

/// The scores of each document's summary, in the fixture's order.
fn scores(home: &Path, fixture: &Value) -> Vec<Value> {
    ok(home, &["export", "jsonl", "--suite", "s", "answers.jsonl"]);
    let lines = std::fs::read_to_string(home.join("answers.jsonl")).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |one: &Value| {
        let line = lines.iter().find(|line| line["input"] == one["source"]);
        line.unwrap_or_else(|| panic!("no line for {one}"))["scores"].clone()
    };
    fixture["texts"].as_array().unwrap().iter().map(of).collect()
}

fn assert_near(scores: &Value, metric: &str, expected: f64) {
    let ours = scores[metric].as_f64().unwrap_or_else(|| panic!("no {metric} in {scores}"));
    assert!((ours - expected).abs() < TOLERANCE, "{metric}: {ours}, not {expected}");
}

#[test]
fn summaries_have_the_scores_of_helms_packages() {
    let fixtures = packages();
    let fixture = &fixtures["summac"];
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    encoders(home, &fixtures);
    let writer = digest(home, fixture, "");
    let writer = spec("writer", &writer);
    let run =
        ["run", "--scenario-file", "digest.toml", "--suite", "s", "-e", "digest", "-m", &writer];
    ok(home, &run);
    for (metric, role) in [("BERTScore-F", "bertscore=FOLDER"), ("summac", "entailment=FOLDER")] {
        let cell = cell(home, metric);
        assert_eq!(cell["status"]["status"], "scorer_unavailable", "{cell}");
        assert!(text(&cell["status"]["fix"]).contains(role), "{cell}");
    }
    let rescore =
        ["rescore", "--suite", "s", "--scorer", "bertscore=own#1", "--scorer", "entailment=nli"];
    ok(home, &rescore);
    let texts = fixture["texts"].as_array().unwrap();
    for (scores, one) in scores(home, fixture).iter().zip(texts) {
        assert_near(scores, "summac", one["score"].as_f64().unwrap());
        for (at, part) in PARTS.iter().enumerate() {
            assert_near(scores, part, one["matched"][at].as_f64().unwrap());
        }
    }
    let scorer = |metric: &str| text(&cell(home, metric)["scorer"]);
    assert!(scorer("BERTScore-F").starts_with("own_L1@"), "{}", scorer("BERTScore-F"));
    assert!(scorer("summac").starts_with("nli@"), "{}", scorer("summac"));

    // What the scenario says of both is heeded; nothing is asked of the model again.
    let changed = "args = { rescale_with_baseline = false, summac_new_line_split = true }";
    digest(home, fixture, changed);
    ok(home, &run);
    ok(home, &rescore);
    let baseline = &fixtures["bert_score"]["own"]["baseline"];
    for (scores, one) in scores(home, fixture).iter().zip(texts) {
        assert_near(scores, "summac", one["score_by_lines"].as_f64().unwrap());
        for (at, part) in PARTS.iter().enumerate() {
            let low = baseline[at].as_f64().unwrap();
            assert_near(scores, part, one["matched"][at].as_f64().unwrap() * (1.0 - low) + low);
        }
    }
}

/// Stories to be summarised, and some to show.
fn stories(home: &Path) {
    let folder = home.join("data/scenarios/summarization/xsum");
    std::fs::create_dir_all(&folder).unwrap();
    let sentence = "The cat of the house sat on the mat and the dog ran out in the rain.";
    let row = |at: usize| {
        let summary = "A cat and a dog had a day in a house with some rain and a mat.";
        json!({ "document": format!("Story {at}. {}", [sentence; 5].join(" ")), "summary": summary })
            .to_string()
    };
    for (name, rows) in [("train", 0..8), ("validation", 8..9), ("test", 9..12)] {
        let lines: Vec<String> = rows.map(row).collect();
        std::fs::write(folder.join(format!("{name}.jsonl")), lines.join("\n")).unwrap();
    }
}

#[test]
fn one_model_serves_two_roles_and_its_baseline_is_seen() {
    let fixtures = packages();
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    stories(home);
    write_checkpoint(&home.join("nli"), &fixtures["summac"]);
    let writer = common::chat_server(|prompt| {
        let story = prompt.rsplit("Story ").next().unwrap_or_default();
        format!("In story {} the cat sat in the house.", &story[..story.len().min(2)])
    });
    let writer = spec("writer", &writer);
    let run =
        ["run", "--data-dir", "data", "--suite", "s", "-e", "summarization_xsum", "-m", &writer];
    ok(home, &run);
    let rescore =
        ["rescore", "--suite", "s", "--scorer", "bertscore=nli", "--scorer", "entailment=nli"];
    let said = ok(home, &rescore);
    // It has no baseline, which is said once and stands in the scorer's name.
    assert_eq!(said.matches("no baseline is known for layer 2").count(), 1, "{said}");
    let name = text(&cell(home, "BERTScore-F")["scorer"]);
    assert!(name.starts_with("nli_L2-no-baseline@"), "{name}");
    let raw = PARTS.map(|part| mean(home, part));
    let summac = mean(home, "summac");
    assert!(raw.iter().all(|score| *score > 0.0 && *score < 1.0), "{raw:?}");
    assert!(summac != 0.0 && summac.abs() < 1.0, "{summac}");

    std::fs::write(home.join("nli/rescale_baseline.tsv"), "LAYER,P,R,F\n2,0.5,0.25,0.4\n").unwrap();
    let said = ok(home, &rescore);
    assert!(!said.contains("no baseline"), "{said}");
    let name = text(&cell(home, "BERTScore-F")["scorer"]);
    assert!(name.starts_with("nli_L2@"), "{name}");
    for ((part, raw), low) in PARTS.iter().zip(raw).zip([0.5, 0.25, 0.4]) {
        let expected = (raw - low) / (1.0 - low);
        assert!((mean(home, part) - expected).abs() < 1e-9, "{part}");
    }
    assert!((mean(home, "summac") - summac).abs() < 1e-12);
    let output = common::run(home, &["show", "scorer", "bertscore=nli"]);
    let card = common::stdout(&output);
    assert!(card.contains("after layer 2 of 2. Rescaled by the baseline 0.5, 0.25, 0.4"), "{card}");
}

/// What stands between two tags of a judge's prompt.
fn within<'a>(prompt: &'a str, tag: &str) -> &'a str {
    let text = prompt.rsplit(&format!("<{tag}>\n")).next().unwrap_or_default();
    text.split(&format!("\n</{tag}>")).next().unwrap_or_default()
}

fn verdict(points: [Value; 3]) -> String {
    let [accuracy, completeness, clarity] =
        points.map(|score| json!({ "score": score, "explanation": "It is so." }));
    json!({ "accuracy": accuracy, "completeness": completeness, "clarity": clarity }).to_string()
}

#[test]
fn a_jury_reads_the_conversation_the_answer_and_the_reference() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let folder = home.join("data/scenarios/med_dialog/icliniq");
    std::fs::create_dir_all(&folder).unwrap();
    let row = |at: usize| json!({ "src": format!("Patient: my knee {at} hurts."), "tgt": format!("Knee {at}?") });
    let rows: Vec<Value> = (0..4).map(row).collect();
    std::fs::write(folder.join("test.json"), json!({ "data": rows }).to_string()).unwrap();
    let number = |prompt: &str| {
        let after = prompt.rsplit("my knee ").next().unwrap_or_default();
        after.chars().next().and_then(|digit| digit.to_digit(10)).unwrap_or(9)
    };
    // The fourth answer is empty.
    let doctor = common::chat_server(move |prompt| match number(prompt) {
        3 => String::new(),
        at => format!("The patient's knee {at} hurts."),
    });
    let kind = common::chat_server(move |prompt| {
        if !prompt.contains("<conversation>") {
            return "Hello.".to_owned();
        }
        let at = number(prompt);
        assert_eq!(within(prompt, "response"), format!("The patient's knee {at} hurts."));
        assert_eq!(within(prompt, "gold_response"), format!("Knee {at}?"));
        let points = if at == 1 { [1, 2, 3] } else { [5, 4, 3] };
        format!("Here it is: {}", verdict(points.map(Value::from)))
    });
    // This one writes numbers as text, forgets to answer, and gives points that were not offered.
    let odd = common::chat_server(move |prompt| match number(prompt) {
        0 => verdict(["5", "5", "5"].map(Value::from)),
        1 => "I like it.".to_owned(),
        _ => verdict([6, 6, 6].map(Value::from)),
    });
    let doctor = spec("doctor", &doctor);
    let run = [
        "run",
        "--data-dir",
        "data",
        "--suite",
        "s",
        "-e",
        "med_dialog:subset=icliniq",
        "-m",
        &doctor,
    ];
    ok(home, &run);
    let cell_of = || cell(home, "med_dialog_accuracy");
    assert_eq!(cell_of()["status"]["status"], "not_requested", "{}", cell_of());
    let (one, two) = (spec("kind", &kind), spec("odd", &odd));
    let rescore = ["rescore", "--suite", "s", "--judge", &one, "--judge", &two];
    ok(home, &rescore);
    // (4 + 5) / 2, 2, 4, and 1 for the empty answer, which nobody is asked about.
    let judged = cell_of();
    assert_eq!(judged["estimate"]["n"], 4, "{judged}");
    assert!((mean(home, "med_dialog_accuracy") - 11.5 / 4.0).abs() < 1e-12, "{judged}");
    let asked = |server: &FakeServer| {
        let about = |request: &&FakeRequest| {
            request.method == "POST"
                && fake_openai::prompt_of(&request.json()).contains("<gold_response>")
        };
        server.seen().iter().filter(about).count()
    };
    assert_eq!((asked(&kind), asked(&odd)), (3, 3));
    // HELM takes any points.
    ok(home, &[&rescore[..], &["--helm-compat"]].concat());
    assert!((mean(home, "med_dialog_accuracy") - (4.5 + 2.0 + 5.0 + 1.0) / 4.0).abs() < 1e-12);
    assert_eq!((asked(&kind), asked(&odd)), (3, 3));
}
