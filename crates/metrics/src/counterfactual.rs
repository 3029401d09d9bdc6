//! Comparing the answers to a changed question with the answers to the original one: how alike they are, and whether they differ by
//! more than answers to one question differ among themselves.

use holometer_core::{Findings, Inquiry, MetricCard, Score, ScorerRole, Unit, Value};
use holometer_text::similarity::{bleu, rouge_l, word_distance};

use crate::neural::{Reply, Task};
use crate::unit::{all_unscored, is_language_modeling, is_per_reference};
use crate::written::written_texts;

const DOCS: &str = include_str!("docs/counterfactual.md");

const SIMILARITY: [&str; 2] = ["counterfactual_rouge_l", "counterfactual_bleu"];
const FAIR_PAIR: [&str; 3] =
    ["counterfactual_distance", "counterfactual_sampling_distance", "counterfactual_excess"];

/// The cosine of the answers' embeddings, where a scorer for it is asked.
pub const COSINE: &str = "counterfactual_cosine";

/// Documents what [`scores`] and [`cosine`] give.
pub(crate) fn cards() -> Vec<MetricCard> {
    let card = |name, summary, higher_is_better, least| MetricCard {
        name,
        summary,
        docs: DOCS,
        higher_is_better,
        range: (least, 1.0),
    };
    vec![
        card(
            SIMILARITY[0],
            "ROUGE-L between the answers to the original and the changed question",
            Some(true),
            0.0,
        ),
        card(
            SIMILARITY[1],
            "BLEU between the answers to the original and the changed question",
            Some(true),
            0.0,
        ),
        card(
            FAIR_PAIR[0],
            "Share of words that only one of two answers has, across original and changed question",
            None,
            0.0,
        ),
        card(
            FAIR_PAIR[1],
            "The same between several answers to one question: what sampling alone does",
            None,
            0.0,
        ),
        card(
            FAIR_PAIR[2],
            "How much more the changed question changes the answers than sampling does",
            Some(false),
            -1.0,
        ),
        card(
            COSINE,
            "Cosine of the embeddings of the answers to the original and the changed question",
            Some(true),
            -1.0,
        ),
    ]
}

fn similarity(original: &[String], copied: &[String]) -> Task {
    Task::Similarity { first: original[0].clone(), second: copied[0].clone() }
}

/// What is asked about a changed copy's first answer and the original's.
pub fn inquiry(original: &Result<Vec<String>, String>, copy: &Unit<'_>) -> Option<Inquiry> {
    let (Ok(original), Ok(copied)) = (original, &texts_to_compare(copy)?) else { return None };
    Some(similarity(original, copied).inquiry(ScorerRole::Similarity))
}

/// The cosine of the first answers' embeddings.
pub fn cosine(
    original: &Result<Vec<String>, String>,
    copy: &Unit<'_>,
    findings: &dyn Findings,
) -> Option<Score> {
    let value = match (original, &texts_to_compare(copy)?) {
        (Ok(original), Ok(copied)) => {
            match similarity(original, copied).look_up(ScorerRole::Similarity, findings) {
                Ok(Reply::Score(cosine)) => Value::number(cosine),
                Ok(other) => Value::Unscored(format!("the scorer unexpectedly answered {other:?}")),
                Err(reason) => Value::Unscored(reason),
            }
        }
        (Err(reason), _) | (_, Err(reason)) => Value::Unscored(reason.clone()),
    };
    Some(Score::new(COSINE, value))
}

/// The texts of a unit that its changed copies are compared with; `None` where the model writes no text.
pub fn texts_to_compare(unit: &Unit<'_>) -> Option<Result<Vec<String>, String>> {
    if is_per_reference(unit) || is_language_modeling(unit) {
        return None;
    }
    Some(written_texts(unit).map(|texts| texts.into_iter().map(str::to_owned).collect()))
}

/// The scores of a changed copy of a question, given the answers to the original. Similarity compares the first answers; the
/// distances compare all, and need several answers to each question.
pub fn scores(original: &Result<Vec<String>, String>, copy: &Unit<'_>) -> Vec<Score> {
    let Some(copied) = texts_to_compare(copy) else { return Vec::new() };
    let (original, copied) = match (original, &copied) {
        (Ok(original), Ok(copied)) => (original, copied),
        (Err(reason), _) => {
            return all_unscored(SIMILARITY, &format!("of the original question, {reason}"));
        }
        (_, Err(reason)) => return all_unscored(SIMILARITY, reason),
    };
    let mut scores = vec![
        Score::new(SIMILARITY[0], Value::number(rouge_l(&original[0], &copied[0]))),
        Score::new(SIMILARITY[1], Value::number(bleu(&original[0], &copied[0]))),
    ];
    if original.len() > 1 && copied.len() > 1 {
        let across = mean(original.iter().flat_map(|one| copied.iter().map(move |two| (one, two))));
        let sampling = f64::midpoint(mean(pairs(original)), mean(pairs(copied)));
        let values = [across, sampling, across - sampling];
        scores.extend(
            FAIR_PAIR.into_iter().zip(values).map(|(name, v)| Score::new(name, Value::number(v))),
        );
    }
    scores
}

fn pairs(texts: &[String]) -> impl Iterator<Item = (&String, &String)> {
    texts.iter().enumerate().flat_map(|(at, one)| texts[at + 1..].iter().map(move |two| (one, two)))
}

fn mean<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>) -> f64 {
    let distances: Vec<f64> = pairs.map(|(one, two)| word_distance(one, two)).collect();
    distances.iter().sum::<f64>() / distances.len() as f64
}
