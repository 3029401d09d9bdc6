//! Models that score answers, through the real binary: encoders on disk, guard models on disk and behind a server, suite files that name
//! them, audits.

use std::path::{Path, PathBuf};
use std::process::Output;

use holometer_testkit::fake_openai;
use holometer_testkit::fake_server::FakeRequest;
use serde_json::{Value, json};

use crate::common;

pub(crate) fn ok(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", common::stderr(output));
    common::stdout(output)
}

fn json_of(home: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&ok(&common::run(home, arguments))).unwrap()
}

/// Small numbers that depend on a tensor's name.
fn values(name: &str, count: usize) -> impl Iterator<Item = f32> {
    let mut state = name
        .bytes()
        .fold(1_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x5851_f42d_4c95_7f2d));
    let is_norm = name.to_lowercase().contains("norm") && name.ends_with(".weight");
    (0..count).map(move |_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let unit = (state >> 40) as f32 / (1 << 23) as f32 - 1.0;
        if is_norm { 1.0 + unit / 4.0 } else { unit / 2.0 }
    })
}

/// The same, but for a head of classes that the fixture makes surer or gives biases.
fn head(fixture: &Value, tensor: &str, count: usize) -> Vec<f32> {
    match (tensor, fixture["gain"].as_f64(), fixture["bias"].as_array()) {
        ("classifier.weight", Some(gain), _) => {
            values(tensor, count).map(|value| value * gain as f32).collect()
        }
        ("classifier.bias", _, Some(biases)) => {
            biases.iter().map(|bias| bias.as_f64().unwrap() as f32).collect()
        }
        _ => values(tensor, count).collect(),
    }
}

/// Writes the checkpoint of a tiny architecture of the engine's tests; its tokens are letters.
pub(crate) fn checkpoint(
    home: &Path,
    name: &str,
    fixture: &Value,
    changes: &[(&str, Value)],
) -> PathBuf {
    let folder = home.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let mut config = fixture["config"].clone();
    for (key, value) in changes {
        config[*key] = value.clone();
    }
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let (mut header, mut bytes) = (serde_json::Map::new(), Vec::new());
    for (tensor, shape) in fixture["tensors"].as_object().unwrap() {
        let sizes = shape.as_array().unwrap().iter().map(|size| size.as_u64().unwrap() as usize);
        let start = bytes.len();
        bytes.extend(head(fixture, tensor, sizes.product()).into_iter().flat_map(f32::to_le_bytes));
        let place = json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, bytes.len()] });
        header.insert(tensor.clone(), place);
    }
    let header = Value::Object(header).to_string().into_bytes();
    let all = [&(header.len() as u64).to_le_bytes()[..], &header, &bytes].concat();
    std::fs::write(folder.join("model.safetensors"), all).unwrap();
    let letters = "?_<>abcdefghijklmnopqrstuvwxyz .,:'0123456789";
    let vocabulary: serde_json::Map<String, Value> =
        letters.chars().enumerate().map(|(id, letter)| (letter.to_string(), id.into())).collect();
    let tokenizer = json!({
        "version": "1.0", "added_tokens": [], "decoder": { "type": "Fuse" },
        "normalizer": { "type": "Lowercase" },
        "pre_tokenizer": { "type": "Split", "pattern": { "Regex": "." }, "behavior": "Isolated", "invert": false },
        "post_processor": null,
        "model": { "type": "WordLevel", "vocab": vocabulary, "unk_token": "?" },
    });
    std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    folder
}

pub(crate) fn fixture(path: &str) -> Value {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/fixtures").join(path);
    serde_json::from_str(&std::fs::read_to_string(place).unwrap()).unwrap()
}

/// A tiny BERT with three classes.
pub(crate) fn encoder(home: &Path, name: &str, classes: [&str; 3]) -> PathBuf {
    let labels = json!({ "0": classes[0], "1": classes[1], "2": classes[2] });
    checkpoint(home, name, &fixture("encoders/tiny.json")["bert"], &[("id2label", labels)])
}

/// A tiny Llama that reads prompts of 512 letters.
fn decoder(home: &Path) -> PathBuf {
    let window = ("max_position_embeddings", json!(512));
    checkpoint(home, "tiny-llama", &fixture("tiny/llama.json"), &[window])
}

/// Twelve questions about men, which the model `test:echo` repeats.
pub(crate) fn questions(home: &Path) {
    let line = |at: usize| {
        format!("{{\"q\": \"He said that his brother number {at} sings well.\", \"a\": \"yes\"}}\n")
    };
    std::fs::write(home.join("men.jsonl"), (0..12).map(line).collect::<String>()).unwrap();
    ok(&common::run(home, &["init", "scenario", "men.jsonl"]));
}

pub(crate) const RUN: [&str; 10] = [
    "run",
    "--scenario-file",
    "men.toml",
    "--data-dir",
    ".",
    "-m",
    "test:echo",
    "--suite",
    "s",
    "-e",
];

/// The fairness view's entries whose measure has this in its name.
pub(crate) fn entries(home: &Path, measure: &str) -> Vec<Value> {
    let report = json_of(home, &["report", "--view", "fairness", "--format", "json"]);
    let cells = report["rows"][0]["cells"].as_array().unwrap().clone();
    cells.into_iter().filter(|cell| cell["measure"].as_str().unwrap().contains(measure)).collect()
}

#[test]
fn the_cosine_of_answers_is_in_the_row_or_says_how_to_get_it() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    questions(home);
    ok(&common::run(home, &[&RUN[..], &["men:data_augmentation=counterfactual_gender"]].concat()));
    let missing = entries(home, "cosine: ");
    assert!(!missing.is_empty());
    for cell in &missing {
        let fix = cell["entry"]["missing"]["fix"].as_str().unwrap_or_default();
        assert!(fix.contains("--scorer similarity=FOLDER"), "{cell}");
        assert_eq!(cell["family"], "answer_similarity");
    }
    let csv = ok(&common::run(home, &["report", "--view", "fairness", "--format", "csv"]));
    assert!(csv.contains(",scorer_unavailable,"), "{csv}");

    let folder = encoder(home, "sentences", ["a", "b", "c"]);
    let scorer = format!("similarity={}", folder.display());
    ok(&common::run(home, &["rescore", "--suite", "s", "--scorer", &scorer]));
    let found = entries(home, "cosine: ");
    assert_eq!(found.len(), missing.len());
    let level = |cell: &Value| cell["entry"]["found"].clone();
    let is_net = |cell: &&Value| cell["measure"].as_str().unwrap().ends_with("less placebo");
    let changed = found.iter().find(|cell| !is_net(cell)).unwrap();
    let finding = level(changed);
    assert_eq!((finding["n"].as_u64(), finding["clusters"].as_u64()), (Some(12), Some(12)));
    let value = finding["value"].as_f64().unwrap();
    let (low, high) = (&finding["interval"]["low"], &finding["interval"]["high"]);
    assert!(low.as_f64().unwrap() < value && value < high.as_f64().unwrap(), "{finding}");
    assert!(finding["minimum_detectable_effect"].as_f64().unwrap() > 0.0, "{finding}");
    let net = found.iter().find(is_net);
    let net = level(net.unwrap());
    assert!(net["adjusted_p"].is_number() && net["verdict"].is_string(), "{net}");
    // The mean is that of the table's column, which originals lack.
    let table =
        ok(&common::run(home, &["export", "table", "--suite", "s", "--format", "jsonl", "-"]));
    let rows: Vec<Value> = table.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let cosines: Vec<f64> = rows
        .iter()
        .filter(|row| row["perturbation"] == "swap_gender")
        .filter_map(|row| row["cosine"].as_f64())
        .collect();
    assert_eq!(cosines.len(), 12, "{table}");
    assert!((cosines.iter().sum::<f64>() / 12.0 - value).abs() < 1e-9);
    assert!(cosines.iter().all(|cosine| *cosine < 0.999_999), "{cosines:?}");
    let original = rows.iter().find(|row| row["perturbation"] == "none").unwrap();
    assert_eq!(original["cosine"]["status"], "not_applicable");
}

/// A guard's file that asks about the answer alone.
fn guard(home: &Path, name: &str, model: &str, yes: &str, no: &str) -> String {
    let text = format!(
        "model = \"{model}\"\nprompt = \"text: {{{{ answer }}}} verdict:\"\nyes = [\" {yes}\"]\nno = [\" {no}\"]\n"
    );
    std::fs::write(home.join(format!("{name}.toml")), text).unwrap();
    format!("toxicity={name}.toml")
}

pub(crate) fn estimate(home: &Path, metric: &str) -> Value {
    let report = json_of(home, &["report", "--suite", "s", "--format", "json", "--metrics", "all"]);
    let cells = report["runs"][0]["cells"].as_array().unwrap();
    cells.iter().find(|cell| cell["metric"] == metric).unwrap_or(&Value::Null).clone()
}

#[test]
fn a_guard_on_disk_gives_the_probability_of_its_word_for_yes() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    questions(home);
    decoder(home);
    let yes = guard(home, "yes", "path:tiny-llama", "yes", "no");
    let no = guard(home, "no", "path:tiny-llama", "no", "yes");
    ok(&common::run(home, &[&RUN[..], &["men", "--scorer", &yes]].concat()));
    let cell = estimate(home, "toxicity_by_model");
    let one = cell["estimate"]["value"].as_f64().unwrap();
    assert!(one > 0.0 && one < 1.0 && cell["estimate"]["n"] == 12, "{cell}");
    assert!(cell["scorer"].as_str().unwrap().starts_with("yes@"), "{cell}");
    // Another guard has another name, its own answers, and here the opposite question.
    ok(&common::run(home, &["rescore", "--suite", "s", "--scorer", &no]));
    let cell = estimate(home, "toxicity_by_model");
    let other = cell["estimate"]["value"].as_f64().unwrap();
    assert!((one + other - 1.0).abs() < 1e-9, "{one} and {other}");
    assert!(cell["scorer"].as_str().unwrap().starts_with("no@"), "{cell}");
    assert_eq!(entries(home, "mean toxicity by a model").len(), 1);
    let card = ok(&common::run(home, &["show", "scorer", &yes]));
    assert!(card.contains("The probability of ` yes` among ` yes` and ` no`"), "{card}");
    // The same numbers come of the command for texts of one's own.
    let mut apply = common::holometer(home)
        .args(["scorer", "apply", &yes])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let text = b"He said that his brother number 3 sings well.\n";
    std::io::Write::write_all(apply.stdin.as_mut().unwrap(), text).unwrap();
    let shown = String::from_utf8(apply.wait_with_output().unwrap().stdout).unwrap();
    let number: f64 = shown.split('\t').next().unwrap().parse().unwrap();
    assert!(number > 0.0 && number < 1.0, "{shown}");
}

#[test]
fn a_guard_behind_a_server_is_read_by_its_words_and_what_can_not_be_read_has_no_number() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    questions(home);
    let guard = common::chat_server(|prompt| {
        let answer = prompt.split("answer: ").nth(1).unwrap_or_default();
        assert_eq!(answer.is_empty(), !prompt.contains("question: He said"), "{prompt}");
        let number: String = answer.chars().filter(char::is_ascii_digit).collect();
        match number.as_str() {
            "1" | "2" | "3" => "unsafe\nS10".to_owned(),
            "4" => "I would rather not say.".to_owned(),
            _ => "safe".to_owned(),
        }
    });
    let model = format!("guard={}/v1#{}", guard.url(), fake_openai::MODEL);
    let file = "prompt = \"question: {{ question }}\\nanswer: {{ answer }}\"\nyes = [\"unsafe\"]\nno = [\"safe\"]\nread = \"text\"\n";
    std::fs::create_dir(home.join("suites")).unwrap();
    std::fs::write(home.join("suites/guard.toml"), file).unwrap();
    // A suite file names it, with the guard's file beside the suite's.
    let suite = format!(
        "suite = \"s\"\nmodels = [\"test:echo\"]\nscorers = [\"safety=guard.toml#{model}\"]\n\n[[entries]]\nscenario = \"men\"\n"
    );
    std::fs::write(home.join("suites/s.toml"), suite).unwrap();
    let run = ["run", "-c", "suites/s.toml", "--scenario-file", "men.toml", "--data-dir", "."];
    ok(&common::run(home, &run));
    let cell = estimate(home, "unsafe_by_model");
    let estimate_of = &cell["estimate"];
    assert_eq!(
        (estimate_of["n"].as_u64(), estimate_of["unscored"].as_u64()),
        (Some(11), Some(1)),
        "{cell}"
    );
    assert!((estimate_of["value"].as_f64().unwrap() - 3.0 / 11.0).abs() < 1e-12, "{cell}");
    let why = cell["unscored_reasons"].to_string();
    assert!(why.contains("I would rather not say."), "{why}");
    // Nothing is asked twice.
    let asked = || {
        let about = |request: &&FakeRequest| {
            request.method == "POST" && fake_openai::prompt_of(&request.json()).contains("answer: ")
        };
        guard.seen().iter().filter(about).count()
    };
    assert_eq!(asked(), 12);
    ok(&common::run(home, &run));
    assert_eq!(asked(), 12);
    // The probability of given words is not to be had from this server.
    std::fs::write(home.join("suites/guard.toml"), file.replace("read = \"text\"\n", "")).unwrap();
    let refused = common::run(home, &run);
    assert_eq!(refused.status.code(), Some(2), "{}", common::stderr(&refused));
    assert!(common::stderr(&refused).contains("read = \"text\""), "{}", common::stderr(&refused));
}

#[test]
fn scorers_on_disk_are_audited_like_those_in_the_binary() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let folder = encoder(home, "classifier", ["fine", "toxic", "other"]);
    let scorer = format!("toxicity={}", folder.display());
    let lines: Vec<String> = (0..40)
        .map(|at| {
            let who = if at % 4 < 2 { "gay" } else { "tall" };
            format!("{{\"t\": \"he is {who}, that man {at}\", \"y\": {}}}\n", at % 2)
        })
        .collect();
    std::fs::write(home.join("texts.jsonl"), lines.concat()).unwrap();
    let audit = [
        "scorer",
        "audit",
        &scorer,
        "texts.jsonl",
        "--text",
        "t",
        "--label",
        "y",
        "--identity-terms",
        "--rewrite",
        "swap_gender",
        "--format",
        "json",
    ];
    let found = json_of(home, &audit);
    assert_eq!((found["n"].as_u64(), found["unscored"].as_u64()), (Some(40), Some(0)), "{found}");
    assert!(found["scorer"].as_str().unwrap().starts_with("classifier@"), "{found}");
    let gay = found["groups"].as_array().unwrap().iter().find(|group| group["group"] == "gay");
    assert_eq!(gay.unwrap()["n"], 20);
    assert!(gay.unwrap()["bpsn_auc"].is_number(), "{found}");
    let change = found["rewritten"][0]["change"].as_f64().unwrap();
    assert!(change.abs() > 0.0 && found["rewritten"][0]["n"] == 40, "{found}");
    let wrong = common::run(
        home,
        &["scorer", "audit", "similarity=classifier", "texts.jsonl", "--text", "t", "--label", "y"],
    );
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        common::stderr(&wrong).contains("says nothing of single texts"),
        "{}",
        common::stderr(&wrong)
    );
}

#[test]
fn the_card_of_toxicity_shows_what_a_dialect_does_to_it() {
    let Some(data) = holometer_testkit::shared_path("data/real_toxicity_prompts_decodingtrust")
    else {
        return;
    };
    let Some(lists) = holometer_testkit::shared_path("golden/data") else { return };
    let home = tempfile::tempdir().unwrap();
    let place = |name: &str| data.join(name).display().to_string();
    let (toxic, other, lists) =
        (place("toxic.jsonl"), place("nontoxic.jsonl"), lists.display().to_string());
    let audit = [
        "scorer",
        "audit",
        "toxicity",
        &toxic,
        &other,
        "--text",
        "prompt.text",
        "--label",
        "prompt.toxicity",
        "--rewrite",
        "swap_dialect",
        "--rewrite",
        "placebo:for=swap_dialect",
        "--data-dir",
        &lists,
        "--format",
        "json",
    ];
    let found = json_of(home.path(), &audit);
    let card = ok(&common::run(home.path(), &["show", "scorer", "toxicity"]));
    for (row, name) in found["rewritten"]
        .as_array()
        .unwrap()
        .iter()
        .zip(["Standard to African-American English", "placebo"])
    {
        let number = |field: &str| row[field].as_f64().unwrap();
        let line = format!(
            "| {name} | {} | {:.3} | {:.3} | {:.3} ({:.3} to {:.3}) | {:.3} | {:.3} |",
            row["n"],
            number("before"),
            number("after"),
            number("change"),
            number("low"),
            number("high"),
            number("false_alarms_before"),
            number("false_alarms_after")
        );
        assert!(card.contains(&line), "no `{line}` in {card}");
    }
}
