//! The scores of summaries that need a model: BERTScore and SummaC-ZS, as HELM's `SummarizationMetric` takes them.

use holometer_core::{Findings, Inquiry, Respondent, Score, ScorerRole, Value};
use holometer_text::punkt::Punkt;

use crate::neural::{Reply, Task};

/// BERTScore's three numbers, and SummaC's, under HELM's names.
pub(crate) const NAMES: [&str; 4] = ["BERTScore-P", "BERTScore-R", "BERTScore-F", "summac"];
/// Sentences of up to so many characters are left out, and sentences of the source after the hundredth.
const SHORT: usize = 10;
const MOST: usize = 100;

/// Who is asked for which score.
pub(crate) fn asking() -> Vec<(&'static str, Respondent)> {
    let role = |name: &str| match name {
        "summac" => ScorerRole::Entailment,
        _ => ScorerRole::Matching,
    };
    NAMES.iter().map(|name| (*name, Respondent::Scorer(role(name)))).collect()
}

fn matching(references: &[String], summary: &str) -> Task {
    Task::Match { candidate: summary.to_owned(), references: references.to_vec() }
}

fn entailment(source: &str, summary: &str) -> Task {
    let mut premises = sentences(source);
    premises.truncate(MOST);
    Task::Entailment { premises, hypotheses: sentences(summary) }
}

fn sentences(text: &str) -> Vec<String> {
    let sentences = Punkt::english().sentences(text).into_iter();
    sentences.filter(|one| one.chars().count() > SHORT).map(str::to_owned).collect()
}

/// What is asked about a summary.
pub(crate) fn inquiries(source: &str, references: &[String], summary: &str) -> Vec<Inquiry> {
    vec![
        matching(references, summary).inquiry(ScorerRole::Matching),
        entailment(source, summary).inquiry(ScorerRole::Entailment),
    ]
}

/// The four scores.
pub(crate) fn scores(
    source: &str,
    references: &[String],
    summary: &str,
    findings: &dyn Findings,
) -> Vec<Score> {
    let matched = matching(references, summary).look_up(ScorerRole::Matching, findings);
    let matched = matched.and_then(|reply| match reply {
        Reply::Match(each) if !each.is_empty() => Ok(best(&each)),
        _ => Err("the scorer's answer is no match with a reference".to_owned()),
    });
    let entailed = entailment(source, summary).look_up(ScorerRole::Entailment, findings);
    let entailed = entailed.and_then(|reply| match reply {
        Reply::Entailment(image) => Ok(summac(&image)),
        _ => Err("the scorer's answer is about no entailment".to_owned()),
    });
    let value = |result: Result<f64, String>| result.map_or_else(Value::Unscored, Value::number);
    let mut scores: Vec<Score> = NAMES[..3]
        .iter()
        .enumerate()
        .map(|(at, name)| Score::new(*name, value(matched.clone().map(|best| best[at]))))
        .collect();
    scores.push(Score::new(NAMES[3], value(entailed)));
    scores
}

/// Each number's best over all references, as bert-score takes it.
fn best(each: &[[f64; 3]]) -> [f64; 3] {
    each.iter().fold([f64::NEG_INFINITY; 3], |best, one| {
        [best[0].max(one[0]), best[1].max(one[1]), best[2].max(one[2])]
    })
}

/// SummaC-ZS (Laban et al. 2022): for each sentence of the summary its best entailment less its worst contradiction over the
/// source's sentences; the mean of these. 0 where either text has no sentences, as in the authors' program.
fn summac(image: &[Vec<[f64; 2]>]) -> f64 {
    let count = image.first().map_or(0, Vec::len);
    if count == 0 {
        return 0.0;
    }
    let most = |sentence: usize, kind: usize| {
        image.iter().map(|row| row[sentence][kind]).fold(f64::NEG_INFINITY, f64::max)
    };
    (0..count).map(|sentence| most(sentence, 0) - most(sentence, 1)).sum::<f64>() / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected values are worked out by hand from the formula of HELM's `SummaCZS.score_one`.
    #[test]
    fn the_formulas_are_the_authors() {
        let image = vec![vec![[0.9, 0.05], [0.2, 0.5]], vec![[0.3, 0.4], [0.6, 0.1]]];
        assert!((summac(&image) - f64::midpoint(0.9 - 0.4, 0.6 - 0.5)).abs() < 1e-15);
        assert!(summac(&[]).abs() < 1e-15);
        assert_eq!(best(&[[0.1, 0.9, 0.2], [0.4, 0.3, 0.35]]), [0.4, 0.9, 0.35]);
    }

    #[test]
    fn short_sentences_are_left_out() {
        assert_eq!(sentences("Yes. The cat sat on the mat."), ["The cat sat on the mat."]);
    }
}
