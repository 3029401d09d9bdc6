//! Every function against HELM's own functions, NLTK, rouge-score and jiwer (`parity/text/generate.py`), on generated strings
//! and on real ones.

use std::io::Read;

use holometer_text::{bleu, edit, matching, math, normalize, porter, rouge, sets, treebank};
use holometer_text::{normalize::Articles, punkt::Punkt};
use serde_json::Value;

fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}.json.gz", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::File::open(path).expect("the fixture exists");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("the fixture is gzip");
    serde_json::from_str(&text).expect("the fixture is JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn strings(value: &Value) -> Vec<&str> {
    list(value).iter().map(text).collect()
}

/// The scores of a pair, in the order of the fixture's names.
fn scores(gold: &str, given: &str) -> Vec<f64> {
    let yes = |matched: bool| f64::from(u8::from(matched));
    let (a, b) = (rouge::tokenize(gold), rouge::tokenize(given));
    let (words_a, words_b) = (treebank::word_tokenize(gold), treebank::word_tokenize(given));
    vec![
        yes(matching::exact(gold, given)),
        yes(matching::quasi_exact(gold, given)),
        yes(matching::quasi_exact_with_articles(gold, given)),
        yes(matching::prefix(gold, given)),
        yes(matching::quasi_prefix(gold, given)),
        matching::word_f1(gold, given),
        yes(matching::after_indicator(gold, given, " ")),
        yes(matching::final_number(gold, given)),
        yes(matching::last_expression(gold, given)),
        sets::intersection_over_union(gold, given),
        sets::f1(gold, given),
        sets::exact(gold, given),
        matching::absolute_difference(gold, given),
        rouge::rouge_n(&a, &b, 1).f1,
        rouge::rouge_n(&a, &b, 2).f1,
        rouge::rouge_l(&a, &b).f1,
        bleu::sentence_bleu(&words_a, &words_b, &[1.0, 0.0, 0.0, 0.0]),
        bleu::sentence_bleu(&words_a, &words_b, &[0.0, 0.0, 0.0, 1.0]),
    ]
}

/// Compares scores and returns the differences.
fn differences(names: &[&str], gold: &str, given: &str, theirs: &Value) -> Vec<String> {
    let ours = scores(gold, given);
    names
        .iter()
        .zip(ours)
        .zip(list(theirs))
        .filter(|((_, ours), theirs)| (ours - theirs.as_f64().expect("a number")).abs() > 1e-9)
        .map(|((name, ours), theirs)| {
            format!("{name}({gold:?}, {given:?}) = {ours}, HELM {theirs}")
        })
        .collect()
}

#[track_caller]
fn none(wrong: &[String], of: usize) {
    assert!(
        wrong.is_empty(),
        "{} of {of} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(12)].join("\n")
    );
}

#[test]
fn scores_of_pairs_equal_helm() {
    let fixture = fixture("pairs");
    let names = strings(&fixture["names"]);
    let cases = list(&fixture["cases"]);
    assert!(cases.len() >= 1000);
    let wrong: Vec<String> = cases
        .iter()
        .flat_map(|case| differences(&names, text(&case[0]), text(&case[1]), &case[2]))
        .collect();
    none(&wrong, cases.len() * names.len());
}

#[test]
fn error_rates_equal_jiwer() {
    let fixture = fixture("pairs");
    let mut compared = 0;
    for case in list(&fixture["cases"]).iter().filter(|case| !case[3].is_null()) {
        let gold = normalize::normalize(text(&case[0]), Articles::Keep);
        let given = normalize::normalize(text(&case[1]), Articles::Keep);
        let words = edit::word_error_rate(&gold, &given).unwrap();
        let characters = edit::character_error_rate(&gold, &given).unwrap();
        assert!((words - case[3][0].as_f64().unwrap()).abs() < 1e-12, "{gold:?} {given:?}");
        assert!((characters - case[3][3].as_f64().unwrap()).abs() < 1e-12, "{gold:?} {given:?}");
        compared += 1;
    }
    assert!(compared >= 1000, "compared {compared}");
}

#[test]
fn mathematical_equivalence_equals_helm() {
    let cases = fixture("math");
    let mut wrong = Vec::new();
    for case in list(&cases) {
        let plain = math::equivalent(Some(text(&case[0])), Some(text(&case[1])));
        if f64::from(u8::from(plain)) != case[2].as_f64().unwrap() {
            wrong.push(format!("{} {} {}", case[0], case[1], case[2]));
        }
        let boxed = math::equivalent_solutions(text(&case[3]), text(&case[4]));
        if f64::from(u8::from(boxed)) != case[5].as_f64().unwrap() {
            wrong.push(format!("{} {} {}", case[3], case[4], case[5]));
        }
    }
    none(&wrong, 2 * list(&cases).len());
}

#[test]
fn sentences_and_words_equal_nltk() {
    let cases = fixture("tokens");
    assert!(list(&cases).len() >= 1000);
    let mut wrong = Vec::new();
    for case in list(&cases) {
        let sentences = Punkt::english().sentences(text(&case[0]));
        if sentences != strings(&case[1]) {
            wrong.push(format!("{}\n  ours {sentences:?}\n  nltk {}", case[0], case[1]));
        }
        let words = treebank::word_tokenize(text(&case[0]));
        if words != strings(&case[2]) {
            wrong.push(format!("{}\n  ours {words:?}\n  nltk {}", case[0], case[2]));
        }
    }
    none(&wrong, 2 * list(&cases).len());
}

#[test]
fn stems_equal_nltk() {
    let stems = fixture("stems");
    let stems = stems.as_object().unwrap();
    let wrong: Vec<String> = stems
        .iter()
        .filter(|(word, stem)| porter::stem(word) != text(stem))
        .map(|(word, stem)| format!("{word}: ours {}, nltk {stem}", porter::stem(word)))
        .collect();
    none(&wrong, stems.len());
}

fn checksum<'a>(parts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut crc = flate2::Crc::new();
    let joined = parts.into_iter().collect::<Vec<_>>().join("\0");
    crc.update(joined.as_bytes());
    u64::from(crc.sum())
}

#[test]
fn scores_and_words_of_real_texts_equal_helm() {
    let Some(path) = holometer_testkit::shared_path("golden/data/scenarios/gsm/gsm_data_train")
    else {
        return;
    };
    let fixture_pairs = fixture("pairs");
    let names = strings(&fixture_pairs["names"]);
    let real = fixture("real");
    let lines = std::fs::read_to_string(path).unwrap();
    let mut wrong = Vec::new();
    for (line, expected) in lines.lines().zip(list(&real["gsm"])) {
        let row: Value = serde_json::from_str(line).unwrap();
        let (question, answer) = (text(&row["question"]), text(&row["answer"]));
        wrong.extend(differences(&names, answer, question, &expected[0]));
        let words = treebank::word_tokenize(&format!("{question}\n{answer}"));
        if checksum(words.iter().map(String::as_str)) != expected[1].as_u64().unwrap() {
            wrong.push(format!("words of {question:?}: {words:?}"));
        }
    }
    none(&wrong, list(&real["gsm"]).len());
}

#[test]
fn sentences_of_real_texts_equal_nltk() {
    let Some(path) = holometer_testkit::shared_path("golden/data/scenarios/bold/data/profession")
    else {
        return;
    };
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let groups = file.as_object().unwrap();
    let prompts: Vec<&str> = groups
        .values()
        .flat_map(|group| group.as_object().unwrap().values())
        .flat_map(strings)
        .take(1500)
        .collect();
    let real = fixture("real");
    let mut wrong = Vec::new();
    for (ten, expected) in prompts.chunks(10).zip(list(&real["bold"])) {
        let joined = ten.join(" ");
        let sentences = Punkt::english().sentences(&joined);
        if checksum(sentences.iter().copied()) != expected[0].as_u64().unwrap() {
            wrong.push(format!("sentences: {sentences:?}"));
        }
        let words = treebank::word_tokenize(&joined.to_lowercase());
        if checksum(words.iter().map(String::as_str)) != expected[1].as_u64().unwrap() {
            wrong.push(format!("words: {words:?}"));
        }
    }
    none(&wrong, 2 * list(&real["bold"]).len());
}
