//! Translation scores against sacrebleu, alignments against jiwer, copied fragments against summ_eval, rankings against
//! trec_eval (`parity/text/overlap.py`), on generated strings and real ones.

use std::io::Read;

use holometer_text::edit::{Alignment, distance};
use holometer_text::extractive::{Extractiveness, novel_share};
use holometer_text::sacrebleu::{Counts, Orders};
use holometer_text::{chrf, python, ranking, sacrebleu};
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

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

#[track_caller]
fn close(ours: f64, theirs: &Value, what: &str, case: &Value) {
    let theirs = number(theirs);
    assert!((ours - theirs).abs() <= 1e-9, "{what} is {ours}, the reference has {theirs}: {case}");
}

fn overlap(references: &[&str], given: &str) -> [f64; 3] {
    [
        sacrebleu::sentence_bleu(references, given),
        chrf::chrf(references, given),
        chrf::chrf_plus_plus(references, given),
    ]
}

#[test]
fn sentence_scores_and_self_bleu_equal_sacrebleu() {
    let fixture = fixture("translations");
    let cases = list(&fixture["cases"]);
    assert_eq!(cases.len(), 1000);
    for case in cases {
        let references: Vec<&str> = list(&case[0]).iter().map(text).collect();
        let given = text(&case[1]);
        let ours = overlap(&references, given);
        for (at, name) in ["sacrebleu", "chrf", "chrf++"].into_iter().enumerate() {
            close(ours[at], &case[2][at], name, case);
        }
        let stripped = references.iter().chain([&given]).map(|text| python::strip(text));
        let all: Vec<&str> = stripped.collect();
        close(sacrebleu::self_bleu(&all), &case[3], "self-BLEU", case);
    }
}

#[test]
fn corpus_scores_from_sums_equal_sacrebleu() {
    let fixture = fixture("translations");
    let cases = list(&fixture["cases"]);
    assert_eq!(list(&fixture["corpora"]).len(), 1000);
    for corpus in list(&fixture["corpora"]) {
        let mut sums = Counts::default();
        let (from, to) = (number(&corpus[0]) as usize, number(&corpus[1]) as usize);
        for case in &cases[from..to] {
            let references: Vec<&str> = list(&case[0]).iter().map(text).collect();
            let counts = sacrebleu::counts(&references, text(&case[1]));
            sums.given += counts.given;
            sums.reference += counts.reference;
            for n in 0..4 {
                sums.shared[n] += counts.shared[n];
                sums.total[n] += counts.total[n];
            }
        }
        close(sums.score(Orders::All), &corpus[2], "corpus BLEU", corpus);
    }
}

#[test]
fn alignments_equal_jiwer() {
    let cases = fixture("alignments");
    assert_eq!(list(&cases).len(), 1500);
    for case in list(&cases) {
        let gold: Vec<&str> = python::split(text(&case[0])).collect();
        let given: Vec<&str> = python::split(text(&case[1])).collect();
        let alignment = Alignment::new(&gold, &given);
        close(alignment.match_error_rate(), &case[2], "match error rate", case);
        close(alignment.information_preserved(), &case[3], "word information preserved", case);
        close(alignment.hits as f64, &case[4], "hits", case);
        close(distance(&gold, &given) as f64, &case[5], "distance", case);
    }
}

#[test]
fn copied_fragments_equal_summ_eval() {
    let cases = fixture("summaries");
    assert_eq!(list(&cases).len(), 1000);
    for case in list(&cases) {
        let (source, summary) = (text(&case[0]).as_bytes(), text(&case[1]).as_bytes());
        let ours = Extractiveness::new(source, summary);
        close(ours.coverage, &case[2], "coverage", case);
        close(ours.density, &case[3], "density", case);
        close(ours.compression, &case[4], "compression", case);
        for n in 1..=3 {
            let novel = novel_share(source, summary, n);
            let theirs = &case[4 + n];
            match novel {
                Some(novel) => close(novel, theirs, "novel n-grams", case),
                None => assert!(theirs.is_null(), "{case}"),
            }
        }
    }
}

#[test]
fn rankings_equal_trec_eval() {
    const CUTS: [usize; 6] = [1, 2, 3, 5, 10, 20];
    let cases = fixture("rankings");
    assert_eq!(list(&cases).len(), 1000);
    for case in list(&cases) {
        let read = |value: &Value| -> Vec<u32> {
            list(value).iter().map(|relevance| number(relevance) as u32).collect()
        };
        let retrieved = read(&case[0]);
        let judged = [retrieved.clone(), read(&case[1])].concat();
        let relevant = judged.iter().filter(|relevance| **relevance > 0).count();
        for (at, k) in CUTS.into_iter().enumerate() {
            close(ranking::success(&retrieved, k), &case[2][0][at], "success", case);
            let recall = ranking::recall(&retrieved, k, relevant).expect("something is relevant");
            close(recall, &case[2][1][at], "recall", case);
            close(ranking::reciprocal_rank(&retrieved, k), &case[2][2][at], "RR", case);
            let ndcg = ranking::ndcg(&retrieved, k, &judged).expect("something is relevant");
            close(ndcg, &case[2][3][at], "NDCG", case);
        }
    }
}

#[test]
fn scores_of_real_texts_equal_the_references() {
    let Some(path) = holometer_testkit::shared_path("data/gsm8k/test.jsonl") else { return };
    let fixture = fixture("overlap_real");
    assert_eq!(list(&fixture).len(), 1000);
    let lines = std::fs::read_to_string(path).expect("the data can be read");
    for (line, case) in lines.lines().zip(list(&fixture)) {
        let row: Value = serde_json::from_str(line).expect("a row is JSON");
        let (question, answer) = (text(&row["question"]), text(&row["answer"]));
        let (question_low, answer_low) = (question.to_lowercase(), answer.to_lowercase());
        let source: Vec<&str> = python::split(&question_low).collect();
        let summary: Vec<&str> = python::split(&answer_low).collect();
        let copied = Extractiveness::new(&source, &summary);
        let novel = novel_share(&source, &summary, 2).expect("answers have two words");
        let scores = overlap(&[question], answer).into_iter();
        let ours = scores.chain([copied.coverage, copied.density, copied.compression, novel]);
        for (at, ours) in ours.enumerate() {
            close(ours, &case[at], "a score", &row["question"]);
        }
    }
}
