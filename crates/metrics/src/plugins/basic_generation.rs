//! Scores of written answers: HELM's `BasicGenerationMetric`, and `choice_accuracy`.

use fancy_regex::Regex;
use holometer_core::{
    Completion, Findings, Inquiry, Metric, MetricCard, MetricOptions, Respondent, Response, Score,
    TotalsMetric, Unit, Value,
};
use holometer_text::matching;
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::calibration::{self, Calibration, Confidence};
use crate::code_scores;
use crate::error::{MetricError, nearest};
use crate::group_calibration::GroupCalibration;
use crate::pair::Pair;
use crate::plugins::language_modeling::{self, LikelihoodTotals};
use crate::reference_scores::{self, Compute, ReferenceScore};
use crate::request_statistics;
use crate::unit::{
    all_unscored, chosen_letter, is_language_modeling, is_per_reference, ranked, stripped,
};

const NAME: &str = "basic_generation";
const CHOICE_DOCS: &str = include_str!("../docs/choice_accuracy.md");

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// Scores by name; see [`reference_scores`].
    #[serde(default)]
    names: Vec<String>,
}

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let Arguments { names } = args::read(NAME, args, "`names` is a list of score names")?;
    let scores = names
        .iter()
        .map(|name| {
            reference_scores::find(name).ok_or_else(|| {
                let all = reference_scores::all();
                let hint = nearest(name, all.iter().map(|score| score.card.name));
                MetricError::arguments(NAME, format!("there is no score `{name}`"), hint)
            })
        })
        .collect::<Result<Vec<ReferenceScore>, MetricError>>()?;
    Ok(Box::new(BasicGeneration { scores, options }))
}

fn cards() -> Vec<MetricCard> {
    let mut cards = request_statistics::cards();
    cards.push(max_probability_card());
    cards.extend(reference_scores::all().into_iter().map(|score| score.card));
    cards.push(choice_card());
    cards.extend(language_modeling::likelihood_cards());
    cards.extend(calibration::cards());
    cards
}

struct BasicGeneration {
    scores: Vec<ReferenceScore>,
    options: MetricOptions,
}

impl Metric for BasicGeneration {
    fn cards(&self) -> Vec<MetricCard> {
        let mut cards = request_statistics::cards();
        cards.push(max_probability_card());
        cards.extend(self.scores.iter().map(|score| score.card));
        cards.push(choice_card());
        cards.extend(language_modeling::likelihood_cards());
        cards
    }

    /// Nothing for units whose requests score single references: those are `basic_reference`'s.
    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        if is_per_reference(unit) || is_language_modeling(unit) {
            return Vec::new();
        }
        let mut scores = request_statistics::scores(unit, self.options);
        if !unit.instance.references.is_empty() {
            scores.extend(self.against_references(unit));
        }
        scores.extend(language_modeling::likelihood(unit, self.options));
        scores
    }

    fn inquiries(&self, unit: &Unit<'_>) -> Vec<Inquiry> {
        code_scores::inquiries(&self.names(), unit)
    }

    fn asking(&self) -> Vec<(&'static str, Respondent)> {
        code_scores::asking(&self.names())
    }

    fn score_with(&self, unit: &Unit<'_>, findings: &dyn Findings) -> Vec<Score> {
        let mut scores = self.score(unit);
        code_scores::fill_in(&mut scores, unit, findings);
        scores
    }

    fn totals(&self) -> Vec<Box<dyn TotalsMetric>> {
        let mut totals: Vec<Box<dyn TotalsMetric>> =
            vec![Box::new(LikelihoodTotals { options: self.options })];
        if self.scores.iter().any(|score| score.card.name == "exact_match") {
            let options = self.options;
            let read = Box::new(move |unit: &Unit<'_>| confidence(unit, options));
            totals.push(Box::new(Calibration { read, options }));
            if !options.helm_compat {
                let read = Box::new(move |unit: &Unit<'_>| confidence(unit, options));
                totals.push(Box::new(GroupCalibration { read }));
            }
        }
        totals
    }
}

/// How sure the model is of its likeliest completion, and whether that is right.
fn confidence(unit: &Unit<'_>, options: MetricOptions) -> Result<Confidence, String> {
    if is_per_reference(unit) || is_language_modeling(unit) {
        return Err("the model wrote no answer".into());
    }
    let responses = unit.responses()?;
    let completions = responses.first().map(|response| ranked(response)).unwrap_or_default();
    let completion = *completions.first().ok_or("the response holds no completion")?;
    if unit.instance.first_correct_reference().is_none() {
        return Err("the instance has no right answer".into());
    }
    let logprob = completion.logprob().ok_or("the model reports no log-probabilities")?;
    let lettered = unit.answers[0].state.output_mapping.is_some() && !options.helm_compat;
    let correct = if lettered {
        choice_accuracy(unit, responses[0]).as_number() == Some(1.0)
    } else {
        let given = predictions(unit, &[completion])?;
        let mut golds = unit.instance.correct_references();
        golds.any(|gold| matching::exact(&gold.output.text, &given[0]))
    };
    Ok(Confidence { confidence: logprob.exp(), correct, logprob })
}

impl BasicGeneration {
    fn names(&self) -> Vec<&'static str> {
        self.scores.iter().map(|score| score.card.name).collect()
    }

    /// The names of what [`Self::against_references`] gives.
    fn names_against_references(&self, outputs: usize, choice: bool) -> Vec<String> {
        let mut names: Vec<String> = vec!["max_prob".into()];
        for score in &self.scores {
            names.push(score.card.name.into());
            if outputs != 1 {
                names.push(format!("{}@{outputs}", score.card.name));
            }
        }
        if choice {
            names.push("choice_accuracy".into());
        }
        names
    }

    fn against_references(&self, unit: &Unit<'_>) -> Vec<Score> {
        let outputs = unit.spec.adapter.num_outputs;
        let choice = unit.answers[0].state.output_mapping.is_some() && !self.options.helm_compat;
        let unscored = |reason: &str| {
            let names = self.names_against_references(outputs, choice);
            all_unscored(names.iter().map(String::as_str), reason)
        };
        let responses = match unit.responses() {
            Ok(responses) => responses,
            Err(reason) => return unscored(&reason),
        };
        let completions = responses.first().map(|response| ranked(response)).unwrap_or_default();
        if completions.is_empty() {
            return unscored("the response holds no completion");
        }
        if unit.instance.first_correct_reference().is_none() {
            return unscored("the instance has no right answer");
        }
        let predictions = match predictions(unit, &completions) {
            Ok(predictions) => predictions,
            Err(reason) => return unscored(&reason),
        };
        let golds: Vec<&str> =
            unit.instance.correct_references().map(|gold| gold.output.text.as_str()).collect();
        let pairs: Vec<Vec<Pair<'_>>> = predictions
            .iter()
            .map(|given| golds.iter().map(|gold| Pair::new(gold, given)).collect())
            .collect();
        let mut scores = vec![max_probability(completions[0])];
        for score in &self.scores {
            let name = score.card.name;
            scores.push(Score::new(name, self.best(score, &pairs[..1])));
            if outputs != 1 {
                scores.push(Score::new(format!("{name}@{outputs}"), self.best(score, &pairs)));
            }
        }
        if choice {
            scores.push(Score::new("choice_accuracy", choice_accuracy(unit, responses[0])));
        }
        scores
    }

    /// The best score of any prediction against any right answer. In HELM *best* is the greatest, even of error rates.
    fn best(&self, score: &ReferenceScore, pairs: &[Vec<Pair<'_>>]) -> Value {
        let ReferenceScore { card, compute } = score;
        let better = if card.higher_is_better == Some(false) && !self.options.helm_compat {
            f64::min
        } else {
            f64::max
        };
        let free_of_errors = |given: &str| {
            let rate = card.name.ends_with("er_score") || card.name == "wip_score";
            self.options.helm_compat && given.is_empty() && rate
        };
        let mut best: Option<f64> = None;
        for pair in pairs.iter().flatten() {
            let value = match compute {
                Compute::Unavailable(reason) => return Value::Unscored((*reason).into()),
                _ if free_of_errors(pair.given) => Ok(0.0),
                Compute::Pair(compute) => compute(pair.gold, pair.given),
                Compute::Prepared(compute) => Ok(compute(pair)),
            };
            match value {
                Ok(value) => best = Some(best.map_or(value, |best| better(best, value))),
                Err(reason) => return Value::Unscored(reason.into()),
            }
        }
        best.map_or_else(|| Value::Unscored("there is nothing to compare".into()), Value::number)
    }
}

/// What each completion answers: its text, or the choice that its letter stands for (empty when it is no letter).
fn predictions(unit: &Unit<'_>, completions: &[&Completion]) -> Result<Vec<String>, String> {
    let mapping = unit.answers[0].state.output_mapping.as_ref();
    let pattern = match (&unit.spec.adapter.output_mapping_pattern, mapping) {
        (Some(pattern), Some(_)) => Some(
            Regex::new(pattern)
                .map_err(|error| format!("the output mapping pattern is invalid: {error}"))?,
        ),
        _ => None,
    };
    completions
        .iter()
        .map(|completion| {
            let text = stripped(completion);
            let Some(mapping) = mapping else { return Ok(text.to_owned()) };
            let letter = match &pattern {
                Some(pattern) => extracted(pattern, text)?,
                None => text,
            };
            let choice = mapping.iter().rev().find(|(known, _)| known == letter);
            Ok(choice.map(|(_, choice)| choice.clone()).unwrap_or_default())
        })
        .collect()
}

/// The pattern's first group, or the whole match if it has none; empty without a match.
fn extracted<'a>(pattern: &Regex, text: &'a str) -> Result<&'a str, String> {
    let captures = pattern
        .captures(text)
        .map_err(|error| format!("the output mapping pattern can't be applied: {error}"))?;
    let group = usize::from(pattern.captures_len() > 1);
    Ok(captures.and_then(|captures| captures.get(group)).map_or("", |found| found.as_str()))
}

fn max_probability(completion: &Completion) -> Score {
    let value = completion.logprob().map_or_else(
        || Value::Unscored("the model reports no log-probabilities".into()),
        |logprob| Value::number(logprob.exp()),
    );
    Score::new("max_prob", value)
}

/// Whether the letter that the first completion begins with is the right one.
fn choice_accuracy(unit: &Unit<'_>, response: &Response) -> Value {
    let (Some(completion), Some(mapping)) =
        (response.completions.first(), unit.answers[0].state.output_mapping.as_ref())
    else {
        return Value::Unscored("the response holds no completion".into());
    };
    let letter = chosen_letter(unit, completion);
    let chosen = mapping.iter().find(|(known, _)| Some(known.as_str()) == letter);
    let right = chosen.is_some_and(|(_, choice)| {
        unit.instance.correct_references().any(|gold| gold.output.text == *choice)
    });
    Value::indicator(right)
}

fn max_probability_card() -> MetricCard {
    MetricCard {
        name: "max_prob",
        summary: "The probability that the model gave its own answer",
        docs: include_str!("../docs/max_prob.md"),
        higher_is_better: None,
        range: (0.0, 1.0),
    }
}

fn choice_card() -> MetricCard {
    MetricCard {
        name: "choice_accuracy",
        summary: "The letter that the completion begins with is the right one",
        docs: CHOICE_DOCS,
        higher_is_better: Some(true),
        range: (0.0, 1.0),
    }
}
