//! Choosing among references by their likelihood: HELM's `BasicReferenceMetric`.

use holometer_core::{
    Answer, Method, Metric, MetricCard, MetricOptions, Request, RequestMode, Response, Score,
    TotalsMetric, Unit, Value,
};

use crate::Plugin;
use crate::args;
use crate::calibration::{self, Calibration, Confidence};
use crate::error::MetricError;
use crate::group_calibration::GroupCalibration;
use crate::request_statistics;
use crate::unit::{all_unscored, is_per_reference};

const NAME: &str = "basic_reference";
const DOCS: &str = include_str!("../docs/basic_reference.md");

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    Ok(Box::new(BasicReference { options }))
}

fn cards() -> Vec<MetricCard> {
    let card = |name, summary, higher_is_better, most| MetricCard {
        name,
        summary,
        docs: DOCS,
        higher_is_better,
        range: (0.0, most),
    };
    let mut cards = request_statistics::cards();
    cards.extend([
        card("max_prob", "The probability that the model gave its own answer", None, 1.0),
        card("exact_match", "The likeliest choice is a right one", Some(true), 1.0),
        card("predicted_index", "Which choice is likeliest, counted from 0", None, f64::INFINITY),
        card(
            "exact_match_by_sum",
            "The choice of greatest summed log-probability is a right one",
            Some(true),
            1.0,
        ),
        card(
            "exact_match_per_byte",
            "The choice of greatest log-probability per byte is a right one",
            Some(true),
            1.0,
        ),
    ]);
    cards.extend(calibration::cards());
    cards
}

#[derive(Clone, Copy)]
struct BasicReference {
    options: MetricOptions,
}

/// The likelihood of one choice.
#[derive(Clone, Copy, Default)]
struct Likelihood {
    logprob: f64,
    tokens: usize,
}

impl Metric for BasicReference {
    fn cards(&self) -> Vec<MetricCard> {
        cards()
    }

    /// HELM has no calibration for choices that are scored one by one.
    fn totals(&self) -> Vec<Box<dyn TotalsMetric>> {
        if self.options.helm_compat {
            return Vec::new();
        }
        let metric = *self;
        let read = Box::new(move |unit: &Unit<'_>| metric.confidence(unit));
        let mut totals: Vec<Box<dyn TotalsMetric>> =
            vec![Box::new(Calibration { read, options: self.options })];
        if !self.options.helm_compat {
            let read = Box::new(move |unit: &Unit<'_>| metric.confidence(unit));
            totals.push(Box::new(GroupCalibration { read }));
        }
        totals
    }

    /// Nothing for units without requests that score single references: those are `basic_generation`'s.
    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        if !is_per_reference(unit) {
            return Vec::new();
        }
        let mut scores = request_statistics::scores(unit, self.options);
        scores.extend(self.choice(unit));
        scores
    }
}

impl BasicReference {
    /// How sure the model is of the likeliest choice, and whether that is right. Tied choices are right if all of them are.
    fn confidence(self, unit: &Unit<'_>) -> Result<Confidence, String> {
        if !is_per_reference(unit) {
            return Err("no choices were scored one by one".into());
        }
        let (original, scores) = self.scored(unit)?;
        let best = likeliest(&scores);
        Ok(Confidence {
            confidence: greatest_softmax(&scores),
            correct: share_right(unit, &best) == 1.0,
            logprob: original[best[0]].logprob,
        })
    }

    /// The choices' likelihoods, and the scores by which they are ranked.
    fn scored(self, unit: &Unit<'_>) -> Result<(Vec<Likelihood>, Vec<f64>), String> {
        let (original, calibration) = self.likelihoods(unit)?;
        let scores: Vec<f64> = match unit.spec.adapter.method {
            Method::MultipleChoiceSeparateCalibrated => original
                .iter()
                .zip(&calibration)
                .map(|(choice, without)| choice.logprob - without.logprob)
                .collect(),
            _ => original.iter().map(|choice| choice.logprob / choice.tokens as f64).collect(),
        };
        if scores.is_empty() || scores.iter().any(|score| !score.is_finite()) {
            return Err("the model reports no log-probabilities for a choice".into());
        }
        Ok((original, scores))
    }

    fn choice(self, unit: &Unit<'_>) -> Vec<Score> {
        let mut names = vec!["max_prob", "exact_match", "predicted_index"];
        if !self.options.helm_compat {
            names.extend(["exact_match_by_sum", "exact_match_per_byte"]);
        }
        let (original, scores) = match self.scored(unit) {
            Ok(scored) => scored,
            Err(reason) => return all_unscored(names, &reason),
        };
        let sums: Vec<f64> = original.iter().map(|choice| choice.logprob).collect();
        let best = likeliest(&scores);
        let mut results = vec![
            Score::new("max_prob", Value::number(greatest_softmax(&scores))),
            Score::new("exact_match", Value::number(share_right(unit, &best))),
            Score::new("predicted_index", Value::number(best[0] as f64)),
        ];
        if !self.options.helm_compat {
            let lengths = unit.instance.references.iter().map(|r| r.output.text.len().max(1));
            let per_byte: Vec<f64> =
                sums.iter().zip(lengths).map(|(sum, bytes)| sum / bytes as f64).collect();
            for (name, scores) in
                [("exact_match_by_sum", &sums), ("exact_match_per_byte", &per_byte)]
            {
                let share = share_right(unit, &likeliest(scores));
                results.push(Score::new(name, Value::number(share)));
            }
        }
        results
    }

    /// The likelihood of every reference after the question and, in calibrated multiple choice, without it.
    fn likelihoods(self, unit: &Unit<'_>) -> Result<(Vec<Likelihood>, Vec<Likelihood>), String> {
        let choices = unit.instance.references.len();
        let mut found = [vec![None; choices], vec![None; choices]];
        for (answer, response) in unit.answers.iter().zip(unit.responses()?) {
            let state = answer.state;
            let calibration = usize::from(state.request_mode == Some(RequestMode::Calibration));
            let slot = state.reference_index.and_then(|index| found[calibration].get_mut(index));
            if let Some(slot) = slot {
                *slot = Some(self.likelihood(unit, answer, response)?);
            }
        }
        let [original, calibration] = found;
        let original = original.into_iter().collect::<Option<Vec<_>>>();
        let original = original.ok_or("a choice was not scored")?;
        let calibrated = unit.spec.adapter.method == Method::MultipleChoiceSeparateCalibrated;
        let calibration = calibration.into_iter().collect::<Option<Vec<_>>>();
        match calibration {
            Some(calibration) => Ok((original, calibration)),
            None if calibrated => Err("a choice was not scored without its question".into()),
            None => Ok((original, Vec::new())),
        }
    }

    fn likelihood(
        self,
        unit: &Unit<'_>,
        answer: &Answer<'_>,
        response: &Response,
    ) -> Result<Likelihood, String> {
        let completion = response.completions.first().ok_or("the response holds no completion")?;
        if self.options.helm_compat
            && let (Some(tokenizer), Some(index)) = (unit.tokenizer, answer.state.reference_index)
        {
            // HELM takes as many tokens from the end as the reference has after a space, and divides by that number.
            let reference = &unit.instance.references[index].output.text;
            let tokens = tokenizer.count(&format!(" {reference}"));
            let from = completion.tokens.len().saturating_sub(tokens);
            let logprob =
                completion.tokens[from..].iter().map(|token| token.logprob.unwrap_or(0.0)).sum();
            return Ok(Likelihood { logprob, tokens });
        }
        let scored: Vec<f64> =
            completion.answer_tokens().iter().filter_map(|token| token.logprob).collect();
        if scored.is_empty() {
            let reason = match &answer.state.request {
                Request::ScoreContinuation { continuation, .. } if continuation.is_empty() => {
                    "the prompt was cut before the choice"
                }
                _ => "the model reports no log-probabilities for a choice",
            };
            return Err(reason.into());
        }
        Ok(Likelihood { logprob: scored.iter().sum(), tokens: scored.len() })
    }
}

/// The positions of the greatest score; several when they tie.
fn likeliest(scores: &[f64]) -> Vec<usize> {
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (0..scores.len()).filter(|&index| scores[index] >= greatest).collect()
}

/// The share of right references among those at the given positions.
fn share_right(unit: &Unit<'_>, positions: &[usize]) -> f64 {
    let right = positions.iter().filter(|&&index| unit.instance.references[index].is_correct());
    right.count() as f64 / positions.len() as f64
}

/// The greatest value of the softmax.
fn greatest_softmax(scores: &[f64]) -> f64 {
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    1.0 / scores.iter().map(|score| (score - greatest).exp()).sum::<f64>()
}
