//! Classifiers of regard and of stereotypes, and encoders of sentences, through the real binary: against LangFair, `evaluate` and
//! sentence-transformers on the same tiny models (`parity/bias/opinions.py`, `parity/bias/cosines.py`).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::common;
use crate::scorers::{RUN, checkpoint, entries, estimate, fixture, ok, questions};

fn reference(path: &str) -> Value {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_json::from_str(&std::fs::read_to_string(place).unwrap()).unwrap()
}

fn opinions() -> Value {
    reference("../metrics/tests/fixtures/opinions.json")
}

/// A tiny BERT with the fixture's head, and these classes.
fn classifier(home: &Path, name: &str, opinions: &Value, classes: &str) -> PathBuf {
    let classes = opinions[classes].as_array().unwrap();
    let mut tiny = fixture("encoders/tiny.json")["bert"].clone();
    tiny["tensors"]["classifier.weight"] = json!([classes.len(), 32]);
    tiny["tensors"]["classifier.bias"] = json!([classes.len()]);
    for key in ["gain", "bias"] {
        tiny[key] = opinions[key].clone();
    }
    let labels: serde_json::Map<String, Value> =
        classes.iter().enumerate().map(|(at, name)| (at.to_string(), name.clone())).collect();
    checkpoint(home, name, &tiny, &[("id2label", Value::Object(labels))])
}

/// The fixture's sentences as questions, which the model `test:echo` repeats.
fn sentences(home: &Path, opinions: &Value) {
    let texts = opinions["texts"].as_array().unwrap();
    let line = |row: &Value| json!({ "q": row["text"], "a": "yes" }).to_string() + "\n";
    std::fs::write(home.join("men.jsonl"), texts.iter().map(line).collect::<String>()).unwrap();
    ok(&common::run(home, &["init", "scenario", "men.jsonl"]));
}

fn number(cell: &Value) -> f64 {
    cell["estimate"]["value"].as_f64().unwrap_or_else(|| panic!("{cell}"))
}

#[track_caller]
fn near(ours: f64, theirs: f64, what: &str) {
    assert!((ours - theirs).abs() < 1e-5, "{what}: ours {ours}, theirs {theirs}");
}

fn found(home: &Path, measure: &str) -> Value {
    let all = entries(home, measure);
    assert_eq!(all.len(), 1, "{measure}: {all:?}");
    all[0]["entry"].clone()
}

#[test]
fn regard_and_stereotypes_are_those_of_evaluate_and_langfair() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let opinions = opinions();
    sentences(home, &opinions);
    ok(&common::run(home, &[&RUN[..], &["men"]].concat()));
    for (measure, role, model) in [
        ("mean regard by a model", "regard", "sasha/regardv3"),
        ("mean probability of stereotypes by a model", "stereotype", "Stereotype-Detector"),
    ] {
        let fix = found(home, measure)["missing"]["fix"].as_str().unwrap_or_default().to_owned();
        assert!(fix.contains(&format!("--scorer {role}=FOLDER")) && fix.contains(model), "{fix}");
    }
    let regard = classifier(home, "regards", &opinions, "regard_classes");
    let stereotypes = classifier(home, "stereotypes", &opinions, "stereotype_classes");
    let scorers =
        [format!("regard={}", regard.display()), format!("stereotype={}", stereotypes.display())];
    let rescore = ["rescore", "--suite", "s", "--scorer", &scorers[0], "--scorer", &scorers[1]];
    ok(&common::run(home, &rescore));

    let texts = opinions["texts"].as_array().unwrap();
    let mean_of = |class: &str, is_about: &dyn Fn(&str) -> bool| {
        let of: Vec<f64> = texts
            .iter()
            .filter(|row| is_about(row["text"].as_str().unwrap()))
            .map(|row| row["regard"][class].as_f64().unwrap())
            .collect();
        of.iter().sum::<f64>() / of.len() as f64
    };
    let all = |_: &str| true;
    for class in ["positive", "negative"] {
        let cell = estimate(home, &format!("{class}_regard_by_model"));
        near(number(&cell), mean_of(class, &all), class);
        assert!(cell["scorer"].as_str().unwrap().starts_with("regards@"), "{cell}");
    }
    for kind in ["gender", "race"] {
        let cell = estimate(home, &format!("stereotype_fraction@{kind}"));
        let theirs = &opinions["langfair_together"][format!("Stereotype Fraction - {kind}")];
        near(number(&cell), theirs.as_f64().unwrap(), kind);
        assert!(cell["scorer"].as_str().unwrap().starts_with("stereotypes@"), "{cell}");
    }

    // The fairness view: levels, and the gap between the women and men whom questions mention, as `evaluate` takes it.
    let regard = |is_about: &dyn Fn(&str) -> bool| {
        mean_of("positive", is_about) - mean_of("negative", is_about)
    };
    let level = found(home, "mean regard by a model");
    near(level["found"]["value"].as_f64().unwrap(), regard(&all), "mean regard");
    let women = |text: &str| text.starts_with("her aunt");
    let men = |text: &str| text.starts_with("the old man") || text.starts_with("their son");
    let report = ["report", "--view", "fairness", "--format", "json", "--least-instances", "5"];
    let report: Value = serde_json::from_str(&ok(&common::run(home, &report))).unwrap();
    let cells = report["rows"][0]["cells"].as_array().unwrap();
    let gap = |measure: &str| {
        let measure = format!("gender (mentioned): {measure}");
        let cell = cells.iter().find(|cell| cell["measure"] == measure.as_str());
        cell.unwrap_or_else(|| panic!("no {measure}"))["entry"]["found"].clone()
    };
    let expected = (regard(&women) - regard(&men)).abs();
    near(gap("regard gap by a model")["value"].as_f64().unwrap(), expected, "gap of regard");
    let negative = (mean_of("negative", &women) - mean_of("negative", &men)).abs();
    let ours = gap("gap of negative regard by a model");
    near(ours["value"].as_f64().unwrap(), negative, "gap of negative regard");
    assert!(ours["notes"].to_string().contains("one model's opinion"), "{ours}");
    assert!(gap("gap of stereotypes by a model")["value"].is_number());

    let card = ok(&common::run(home, &["show", "scorer", &scorers[0]]));
    assert!(card.contains("The probabilities of negative, neutral, positive, other."), "{card}");
    assert!(card.contains("regards@"), "{card}");
    let card = ok(&common::run(home, &["show", "metric", "stereotype_fraction"]));
    assert!(card.contains("LangFair"), "{card}");
    // Single texts get one number.
    let first = &texts[0];
    let shown = apply(home, &scorers[0], &format!("{}\n", first["text"].as_str().unwrap()));
    let class = |class: &str| first["regard"][class].as_f64().unwrap();
    near(shown[0], class("positive") - class("negative"), "the first text");
}

/// The numbers that `scorer apply` prints.
fn apply(home: &Path, scorer: &str, lines: &str) -> Vec<f64> {
    let mut child = common::holometer(home)
        .args(["scorer", "apply", scorer])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(lines.as_bytes()).unwrap();
    let shown = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    shown.lines().map(|line| line.split('\t').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn classifiers_without_the_classes_are_refused_with_a_way_on() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let opinions = opinions();
    questions(home);
    let regard = classifier(home, "regards", &opinions, "regard_classes");
    let named =
        |scorer: &str| common::run(home, &[&RUN[..], &["men", "--scorer", scorer]].concat());
    let wrong = named(&format!("stereotype={}", regard.display()));
    assert_eq!(wrong.status.code(), Some(2));
    let why = common::stderr(&wrong);
    assert!(why.contains("negative, neutral, positive, other") && why.contains("#CLASS"), "{why}");
    // Any class will do where the user chooses it.
    ok(&named(&format!("stereotype={}#negative", regard.display())));
    let theirs = |row: &Value| row["regard"]["negative"].as_f64().unwrap();
    let text = opinions["texts"][3].clone();
    let chosen = format!("stereotype={}#negative", regard.display());
    let ours = apply(home, &chosen, &format!("{}\n", text["text"].as_str().unwrap()));
    near(ours[0], theirs(&text), "the chosen class");
    let guard = "prompt = \"{{ answer }}\"\nyes = [\"y\"]\nno = [\"n\"]\n";
    std::fs::write(home.join("guard.toml"), guard).unwrap();
    let refused = named("regard=guard.toml");
    assert_eq!(refused.status.code(), Some(2));
    assert!(common::stderr(&refused).contains("can't be a regard scorer"));
}

#[test]
fn cosines_of_sentences_are_those_of_sentence_transformers() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let reference = reference("tests/fixtures/cosines.json");
    let lines: Vec<String> = reference["pairs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| format!("{}\t{}\n", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
        .collect();
    let lines = lines.concat();
    let tiny = fixture("encoders/tiny.json")["bert"].clone();
    let cases = reference["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 10);
    let folder = |name: &str, files: &Value| {
        let folder = checkpoint(home, name, &tiny, &[]);
        for (file, content) in files.as_object().unwrap() {
            std::fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
            std::fs::write(folder.join(file), content.to_string()).unwrap();
        }
        format!("similarity={}", folder.display())
    };
    for (at, case) in cases.iter().enumerate() {
        let ours = apply(home, &folder(&format!("model{at}"), &case["files"]), &lines);
        let theirs = case["cosines"].as_array().unwrap();
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            near(*ours, theirs.as_f64().unwrap(), case["name"].as_str().unwrap());
        }
    }
    // What would give other vectors is refused, and not passed over.
    let dense = json!([{ "type": "sentence_transformers.models.Dense", "path": "2_Dense" }]);
    let refused = folder("dense", &json!({ "modules.json": dense }));
    let output = common::run(home, &["show", "scorer", &refused]);
    assert_eq!(output.status.code(), Some(2), "{}", common::stdout(&output));
    assert!(common::stderr(&output).contains("`Dense` layer"), "{}", common::stderr(&output));
}
