//! How likely a text is to the model: HELM's `LanguageModelingMetric`, and the likelihood of written answers.

use holometer_core::{
    Metric, MetricCard, MetricOptions, Response, Score, ScoredToken, TotalsMetric, Unit, Value,
};
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::request_statistics;
use crate::unit::{all_unscored, is_per_reference};

const NAME: &str = "language_modeling";
const DOCS: &str = include_str!("../docs/language_modeling.md");

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// Always empty in HELM.
    #[serde(default)]
    names: Vec<String>,
}

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let Arguments { names } = args::read(NAME, args, "`names` is an empty list")?;
    if let Some(name) = names.first() {
        let problem = format!("there is no score `{name}`");
        return Err(MetricError::arguments(NAME, problem, "leave `names` empty"));
    }
    Ok(Box::new(LanguageModeling { options }))
}

fn cards() -> Vec<MetricCard> {
    let mut cards = request_statistics::cards();
    cards.extend(likelihood_cards());
    cards
}

struct LanguageModeling {
    options: MetricOptions,
}

impl Metric for LanguageModeling {
    fn cards(&self) -> Vec<MetricCard> {
        cards()
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        let mut scores = request_statistics::scores(unit, self.options);
        scores.extend(likelihood(unit, self.options));
        scores
    }

    fn totals(&self) -> Vec<Box<dyn TotalsMetric>> {
        vec![Box::new(LikelihoodTotals { options: self.options })]
    }
}

/// Documents what [`likelihood`] and [`LikelihoodTotals`] give.
pub(crate) fn likelihood_cards() -> Vec<MetricCard> {
    let card = |name, summary, higher_is_better, range| MetricCard {
        name,
        summary,
        docs: DOCS,
        higher_is_better,
        range,
    };
    let mut cards = vec![
        card(
            "logprob",
            "Summed natural-log probability of the scored tokens",
            Some(true),
            (f64::NEG_INFINITY, 0.0),
        ),
        card("num_perplexity_tokens", "Scored tokens", None, (0.0, f64::INFINITY)),
        card("num_bytes", "Bytes of the scored tokens", None, (0.0, f64::INFINITY)),
    ];
    cards.extend(ratio_cards());
    cards
}

fn ratio_cards() -> Vec<MetricCard> {
    let card = |name, summary, higher, range| MetricCard {
        name,
        summary,
        docs: DOCS,
        higher_is_better: Some(higher),
        range,
    };
    vec![
        card("perplexity", "Effective number of choices per token", false, (1.0, f64::INFINITY)),
        card("bits_per_byte", "Bits needed per byte of text", false, (0.0, f64::INFINITY)),
        card(
            "logprob_per_byte",
            "Natural-log probability per byte of text",
            true,
            (f64::NEG_INFINITY, 0.0),
        ),
    ]
}

const LIKELIHOOD_NAMES: [&str; 3] = ["logprob", "num_perplexity_tokens", "num_bytes"];

/// Log-probability, tokens and bytes of the first completion; over all windows of a text that is scored in pieces.
/// HELM's numbers are means over the windows.
pub(crate) fn likelihood(unit: &Unit<'_>, options: MetricOptions) -> Vec<Score> {
    match sums(unit, options) {
        Err(reason) => all_unscored(LIKELIHOOD_NAMES, &reason),
        Ok(sums) => {
            let windows = if options.helm_compat { unit.answers.len() as f64 } else { 1.0 };
            LIKELIHOOD_NAMES
                .into_iter()
                .zip(sums)
                .map(|(name, sum)| Score::new(name, Value::number(sum / windows)))
                .collect()
        }
    }
}

/// The sums over a unit's answers: log-probability, tokens, bytes.
fn sums(unit: &Unit<'_>, options: MetricOptions) -> Result<[f64; 3], String> {
    let mut sums = [0.0; 3];
    for response in unit.responses()? {
        let tokens = scored_tokens(response)?;
        for token in tokens {
            let logprob = match token.logprob {
                Some(logprob) => logprob,
                // HELM counts a token without a probability as certain.
                None if options.helm_compat => 0.0,
                None => continue,
            };
            sums[0] += logprob;
            sums[1] += 1.0;
            sums[2] += bytes(&token.text) as f64;
        }
    }
    if sums[1] == 0.0 && !options.helm_compat {
        return Err("the model reports no log-probabilities".into());
    }
    Ok(sums)
}

fn scored_tokens(response: &Response) -> Result<&[ScoredToken], String> {
    response
        .completions
        .first()
        .map(holometer_core::Completion::answer_tokens)
        .ok_or_else(|| "the response holds no completion".into())
}

/// The length in bytes; a token that is written as escaped bytes (`bytes:\xe2\x80`) has as many as are escaped.
fn bytes(token: &str) -> usize {
    token.strip_prefix("bytes:").map_or(token.len(), |escaped| escaped.matches("\\x").count())
}

/// Perplexity and its relatives, from sums over units.
pub(crate) struct LikelihoodTotals {
    pub(crate) options: MetricOptions,
}

impl TotalsMetric for LikelihoodTotals {
    fn cards(&self) -> Vec<MetricCard> {
        ratio_cards()
    }

    fn components(&self, unit: &Unit<'_>) -> Result<Vec<f64>, String> {
        if is_per_reference(unit) {
            return Err("each choice is scored on its own".into());
        }
        sums(unit, self.options).map(Vec::from)
    }

    fn combine(&self, sums: &[f64]) -> Vec<Score> {
        let &[logprob, tokens, bytes] = sums else { return Vec::new() };
        let ratio = |denominator: f64, value: f64| {
            if denominator > 0.0 {
                Value::number(value)
            } else {
                Value::Unscored("no token was scored".into())
            }
        };
        vec![
            Score::new("perplexity", ratio(tokens, (-logprob / tokens).exp())),
            Score::new("bits_per_byte", ratio(bytes, -logprob / bytes / std::f64::consts::LN_2)),
            Score::new("logprob_per_byte", ratio(bytes, logprob / bytes)),
        ]
    }
}
