//! The scores of summaries that need a model: BERTScore and SummaC-ZS, as HELM's `SummarizationMetric` takes them.

use holometer_core::{Findings, Inquiry, Respondent, Score, ScorerRole, Value};
use holometer_text::punkt::Punkt;
use holometer_text::python::strip;

use crate::neural::{Baseline, Reply, Task};

/// BERTScore's three numbers, and SummaC's, under HELM's names.
pub(crate) const NAMES: [&str; 4] = ["BERTScore-P", "BERTScore-R", "BERTScore-F", "summac"];
/// Sentences of up to so many characters are left out, and sentences of the source after the hundredth.
const SHORT: usize = 10;
const MOST: usize = 100;

/// How the scores are taken: what HELM's metric has as arguments.
#[derive(Clone, Debug)]
pub(crate) struct Faithfulness {
    /// BERTScore is rescaled by the model's baseline.
    pub(crate) rescale: bool,
    /// The texts' language, as `en`.
    pub(crate) language: String,
    /// SummaC takes lines apart before it looks for sentences.
    pub(crate) by_lines: bool,
}

/// Who is asked for which score.
pub(crate) fn asking() -> Vec<(&'static str, Respondent)> {
    let role = |name: &str| match name {
        "summac" => ScorerRole::Entailment,
        _ => ScorerRole::Matching,
    };
    NAMES.iter().map(|name| (*name, Respondent::Scorer(role(name)))).collect()
}

impl Faithfulness {
    /// What is asked about a summary.
    pub(crate) fn inquiries(
        &self,
        source: &str,
        references: &[String],
        summary: &str,
    ) -> Vec<Inquiry> {
        vec![
            matching(references, summary).inquiry(ScorerRole::Matching),
            self.entailment(source, summary).inquiry(ScorerRole::Entailment),
        ]
    }

    /// The four scores.
    pub(crate) fn scores(
        &self,
        source: &str,
        references: &[String],
        summary: &str,
        findings: &dyn Findings,
    ) -> Vec<Score> {
        let matched = matching(references, summary).look_up(ScorerRole::Matching, findings);
        let matched = matched.and_then(|reply| match reply {
            Reply::Matched { each, baseline } if !each.is_empty() => {
                self.rescaled(best(&each), baseline)
            }
            _ => Err("the scorer's answer is no match with a reference".to_owned()),
        });
        let entailed = self.entailment(source, summary).look_up(ScorerRole::Entailment, findings);
        let entailed = entailed.and_then(|reply| match reply {
            Reply::Entailment(image) => Ok(summac(&image)),
            _ => Err("the scorer's answer is about no entailment".to_owned()),
        });
        let value =
            |result: Result<f64, String>| result.map_or_else(Value::Unscored, Value::number);
        let mut scores: Vec<Score> = NAMES[..3]
            .iter()
            .enumerate()
            .map(|(at, name)| Score::new(*name, value(matched.clone().map(|best| best[at]))))
            .collect();
        scores.push(Score::new(NAMES[3], value(entailed)));
        scores
    }

    /// Stretched so that unrelated texts are near 0 and equal ones at 1; a model without a baseline stays as it is, which its name says.
    fn rescaled(&self, scores: [f64; 3], baseline: Option<Baseline>) -> Result<[f64; 3], String> {
        let Some(Baseline { language, values }) = baseline.filter(|_| self.rescale) else {
            return Ok(scores);
        };
        if let Some(other) = language.filter(|language| *language != self.language) {
            return Err(format!(
                "the scorer's baseline is for `{other}`, the texts are `{}`",
                self.language
            ));
        }
        Ok(std::array::from_fn(|at| (scores[at] - values[at]) / (1.0 - values[at])))
    }

    fn entailment(&self, source: &str, summary: &str) -> Task {
        let mut premises = self.sentences(source);
        premises.truncate(MOST);
        Task::Entailment { premises, hypotheses: self.sentences(summary) }
    }

    fn sentences(&self, text: &str) -> Vec<String> {
        let punkt = Punkt::english();
        let sentences: Vec<&str> = if self.by_lines {
            text.split('\n').flat_map(|line| punkt.sentences(strip(line))).map(strip).collect()
        } else {
            punkt.sentences(text)
        };
        let long = sentences.into_iter().filter(|one| one.chars().count() > SHORT);
        long.map(str::to_owned).collect()
    }
}

fn matching(references: &[String], summary: &str) -> Task {
    Task::Match { candidate: summary.to_owned(), references: references.to_vec() }
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

    fn whole() -> Faithfulness {
        Faithfulness { rescale: true, language: "en".into(), by_lines: false }
    }

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
        let sentences = whole().sentences("Yes. The cat sat on the mat.");
        assert_eq!(sentences, ["The cat sat on the mat."]);
    }

    #[test]
    fn only_texts_in_the_baselines_language_are_rescaled_by_it() {
        let baseline = |language: Option<&str>| {
            Some(Baseline { language: language.map(str::to_owned), values: [0.5, 0.2, 0.0] })
        };
        let scores = [0.75, 0.2, -0.5];
        assert_eq!(whole().rescaled(scores, baseline(Some("en"))), Ok([0.5, 0.0, -0.5]));
        assert_eq!(whole().rescaled(scores, None), Ok(scores));
        let raw = Faithfulness { rescale: false, ..whole() };
        assert_eq!(raw.rescaled(scores, baseline(Some("en"))), Ok(scores));
        let other = Faithfulness { language: "vi".into(), ..whole() };
        assert!(other.rescaled(scores, baseline(Some("en"))).unwrap_err().contains("`vi`"));
        assert_eq!(other.rescaled(scores, baseline(None)), Ok([0.5, 0.0, -0.5]));
    }
}
