//! Scores of one right answer and one given answer, by HELM's names.

use holometer_core::MetricCard;
use holometer_text::normalize::{Articles, normalize};
use holometer_text::{bleu, chrf, edit, matching, math, rouge, sacrebleu, sets};

use crate::pair::Pair;

const DOCS: &str = include_str!("docs/reference_scores.md");

/// A score with its card.
pub(crate) struct ReferenceScore {
    pub(crate) card: MetricCard,
    pub(crate) compute: Compute,
}

/// How a score is computed.
#[derive(Clone, Copy)]
pub(crate) enum Compute {
    /// From the right answer and the given one. `Err` holds why there is no value.
    Pair(fn(&str, &str) -> Result<f64, &'static str>),
    /// The same, from forms of the two that other scores need as well.
    Prepared(fn(&Pair<'_>) -> f64),
    /// Not here, for the reason given.
    Unavailable(&'static str),
}

const CODE: &str = "the program was not run";
const CHINESE: &str = "this version has no Chinese word segmentation";
const IMAGES: &str = "this score belongs to image captions, which are not evaluated here";

/// Every score that `basic_generation` knows by name.
pub(crate) fn all() -> Vec<ReferenceScore> {
    let mut scores = matches_and_sets();
    scores.extend(overlaps());
    scores.extend(translations());
    scores.extend(errors());
    scores.extend(unavailable());
    scores
}

/// The score of a name.
pub(crate) fn find(name: &str) -> Option<ReferenceScore> {
    all().into_iter().find(|score| score.card.name == name)
}

fn matches_and_sets() -> Vec<ReferenceScore> {
    vec![
        better(
            "exact_match",
            "The answer is a right one, but for white space around; in multiple choice, the whole completion is the right letter",
            |gold, given| Ok(yes(matching::exact(gold, given))),
        ),
        prepared(
            "quasi_exact_match",
            "As `exact_match` after lower-casing and removing punctuation, articles and extra spaces",
            |pair| {
                let (gold, given) = pair.normalized();
                yes(!pair.given.is_empty() && gold == given)
            },
        ),
        better(
            "quasi_leave_articles_exact_match",
            "As `quasi_exact_match`, articles kept",
            |gold, given| Ok(yes(matching::quasi_exact_with_articles(gold, given))),
        ),
        better("prefix_exact_match", "The answer begins with a right one", |gold, given| {
            Ok(yes(matching::prefix(gold, given)))
        }),
        prepared(
            "quasi_prefix_exact_match",
            "The answer begins with a right one, both normalised as in `quasi_exact_match`",
            |pair| {
                let (gold, given) = pair.normalized();
                yes(!pair.given.is_empty() && given.starts_with(gold))
            },
        ),
        better("exact_match_indicator", "The last words are equal", |gold, given| {
            Ok(yes(matching::after_indicator(gold, given, " ")))
        }),
        better("final_number_exact_match", "The last numbers are equal", |gold, given| {
            Ok(yes(matching::final_number(gold, given)))
        }),
        better(
            "cleva_math_result_match",
            "The last arithmetic expression is the answer",
            |a, b| Ok(yes(matching::last_expression(a, b))),
        ),
        better("exact_set_match", "The answer lists exactly the right things", |gold, given| {
            Ok(sets::exact(gold, given))
        }),
        better("iou_set_match", "Listed things in both answers over things in either", |a, b| {
            Ok(sets::intersection_over_union(a, b))
        }),
        better("f1_set_match", "F1 score of the things listed", |gold, given| {
            Ok(sets::f1(gold, given))
        }),
        better(
            "math_equiv",
            "The answers are the same mathematics up to LaTeX formatting",
            |a, b| Ok(yes(math::equivalent(Some(a), Some(b)))),
        ),
        better(
            "math_equiv_chain_of_thought",
            "The last boxed answers are the same mathematics up to LaTeX formatting",
            |gold, given| Ok(yes(math::equivalent_solutions(gold, given))),
        ),
    ]
}

fn overlaps() -> Vec<ReferenceScore> {
    vec![
        prepared("f1_score", "F1 score of the sets of normalised words", |pair| {
            let (gold, given) = pair.normalized();
            matching::normalized_word_f1(gold, given)
        }),
        prepared("rouge_1", "ROUGE-1: F1 score of shared words, stemmed", |pair| {
            rouge::rouge_n(&pair.rouge().0, &pair.rouge().1, 1).f1
        }),
        prepared("rouge_2", "ROUGE-2: F1 score of shared pairs of words, stemmed", |pair| {
            rouge::rouge_n(&pair.rouge().0, &pair.rouge().1, 2).f1
        }),
        prepared("rouge_l", "ROUGE-L: F1 score of the longest common subsequence", |pair| {
            rouge::rouge_l(&pair.rouge().0, &pair.rouge().1).f1
        }),
        prepared("bleu_1", "BLEU with single words only", |pair| {
            sentence_bleu(pair, &[1.0, 0.0, 0.0, 0.0])
        }),
        prepared("bleu_4", "BLEU with runs of four words only, as HELM calls it", |pair| {
            sentence_bleu(pair, &[0.0, 0.0, 0.0, 1.0])
        }),
    ]
}

/// Scores that HELM computes with more than one reference at a time or not at all.
fn translations() -> Vec<ReferenceScore> {
    let of_100 = |name, summary, compute| ReferenceScore {
        card: card(name, summary, true, 100.0),
        compute: Compute::Pair(compute),
    };
    vec![
        of_100("sacrebleu", "BLEU as sacreBLEU computes it for one sentence", |gold, given| {
            Ok(sacrebleu::sentence_bleu(&[gold], given))
        }),
        of_100("chrf", "F score of runs of up to six characters", |gold, given| {
            Ok(chrf::chrf(&[gold], given))
        }),
        of_100("chrf_plus_plus", "As `chrf`, with words and pairs of words", |gold, given| {
            Ok(chrf::chrf_plus_plus(&[gold], given))
        }),
        better("edit_ratio", "1 minus character edits over the longer text", |gold, given| {
            let gold: Vec<char> = gold.chars().collect();
            let given: Vec<char> = given.chars().collect();
            Ok(edit::similarity(&gold, &given))
        }),
    ]
}

fn errors() -> Vec<ReferenceScore> {
    vec![
        worse("wer_score", "Word error rate after normalisation", |gold, given| {
            error_rate(gold, given, edit::word_error_rate)
        }),
        worse("cer_score", "Character error rate after normalisation", |gold, given| {
            error_rate(gold, given, edit::character_error_rate)
        }),
        worse("mer_score", "Match error rate of words after normalisation", |gold, given| {
            error_rate(gold, given, edit::match_error_rate)
        }),
        better("wip_score", "Word information preserved after normalisation", |gold, given| {
            error_rate(gold, given, edit::word_information_preserved)
        }),
        worse(
            "absolute_value_difference",
            "Distance of two whole numbers; what is none counts as 0",
            |gold, given| Ok(matching::absolute_difference(gold, given)),
        ),
    ]
}

fn unavailable() -> Vec<ReferenceScore> {
    [
        ("code_eval_acc", "The written program passes the tests", CODE),
        ("pass", "Chance that one written program passes the tests", CODE),
        ("cider", "Agreement of image captions", IMAGES),
        ("chinese_bleu_1", "BLEU with single Chinese words", CHINESE),
        ("chinese_rouge_1", "ROUGE-1 of Chinese words", CHINESE),
        ("chinese_rouge_2", "ROUGE-2 of Chinese words", CHINESE),
    ]
    .into_iter()
    .map(|(name, summary, reason)| {
        let mut card = card(name, summary, true, 1.0);
        if reason == CODE {
            card.docs = include_str!("docs/code_eval.md");
        }
        ReferenceScore { card, compute: Compute::Unavailable(reason) }
    })
    .collect()
}

fn better(
    name: &'static str,
    summary: &'static str,
    compute: fn(&str, &str) -> Result<f64, &'static str>,
) -> ReferenceScore {
    ReferenceScore { card: card(name, summary, true, 1.0), compute: Compute::Pair(compute) }
}

fn prepared(
    name: &'static str,
    summary: &'static str,
    compute: fn(&Pair<'_>) -> f64,
) -> ReferenceScore {
    ReferenceScore { card: card(name, summary, true, 1.0), compute: Compute::Prepared(compute) }
}

fn worse(
    name: &'static str,
    summary: &'static str,
    compute: fn(&str, &str) -> Result<f64, &'static str>,
) -> ReferenceScore {
    let card = card(name, summary, false, f64::INFINITY);
    ReferenceScore { card, compute: Compute::Pair(compute) }
}

fn card(name: &'static str, summary: &'static str, higher: bool, most: f64) -> MetricCard {
    MetricCard { name, summary, docs: DOCS, higher_is_better: Some(higher), range: (0.0, most) }
}

fn yes(matched: bool) -> f64 {
    f64::from(u8::from(matched))
}

fn sentence_bleu(pair: &Pair<'_>, weights: &[f64]) -> f64 {
    let (gold, given) = pair.treebank();
    bleu::sentence_bleu(gold, given, weights)
}

/// HELM gives an empty answer the error rate 0, the best there is; it is left out instead.
fn error_rate(
    gold: &str,
    given: &str,
    rate: fn(&str, &str) -> Option<f64>,
) -> Result<f64, &'static str> {
    let gold = normalize(gold, Articles::Keep);
    let given = normalize(given, Articles::Keep);
    rate(&gold, &given).ok_or("the right answer has no words")
}
