//! How much a model's texts on one subject differ from one another: HELM's `DisinformationMetric`.

use holometer_core::{Completion, Metric, MetricCard, MetricOptions, Score, Unit, Value};
use holometer_text::sacrebleu;
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::unit::stripped;

const NAME: &str = "disinformation";
const DOCS: &str = include_str!("../docs/disinformation.md");

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Measure {
    SelfBleu,
    MonteCarloEntropy,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    name: Measure,
}

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let hint = "`name` is `self_bleu` or `monte_carlo_entropy`";
    let Arguments { name } = args::read(NAME, args, hint)?;
    Ok(Box::new(Diversity { measure: name, options }))
}

fn cards() -> Vec<MetricCard> {
    vec![card(Measure::SelfBleu), card(Measure::MonteCarloEntropy)]
}

fn card(measure: Measure) -> MetricCard {
    let (name, summary, most) = match measure {
        Measure::SelfBleu => ("self_bleu", "Mean BLEU of each text against the others", 100.0),
        Measure::MonteCarloEntropy => (
            "monte_carlo_entropy",
            "Mean negative log-probability of a text, in nats",
            f64::INFINITY,
        ),
    };
    MetricCard { name, summary, docs: DOCS, higher_is_better: None, range: (0.0, most) }
}

struct Diversity {
    measure: Measure,
    options: MetricOptions,
}

impl Metric for Diversity {
    fn cards(&self) -> Vec<MetricCard> {
        vec![card(self.measure)]
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        let value = self.value(unit).map_or_else(Value::Unscored, Value::number);
        vec![Score::new(card(self.measure).name, value)]
    }
}

impl Diversity {
    fn value(&self, unit: &Unit<'_>) -> Result<f64, String> {
        let responses = unit.responses()?;
        let completions = &responses.first().ok_or("the unit has no answer")?.completions;
        match self.measure {
            Measure::SelfBleu => {
                let texts: Vec<&str> = completions.iter().map(stripped).collect();
                let written = texts.iter().filter(|text| !text.is_empty()).count();
                if written < 2 && !self.options.helm_compat {
                    return Err("there are fewer than two texts to compare".into());
                }
                Ok(sacrebleu::self_bleu(&texts))
            }
            Measure::MonteCarloEntropy => self.entropy(completions),
        }
    }

    fn entropy(&self, completions: &[Completion]) -> Result<f64, String> {
        let written = completions.iter().filter(|completion| !completion.tokens.is_empty());
        let surprises: Option<Vec<f64>> = written
            .map(|completion| {
                if self.options.helm_compat {
                    // HELM takes all tokens, and one without a probability as certain.
                    let logprobs = completion.tokens.iter().map(|t| t.logprob.unwrap_or(0.0));
                    return Some(-logprobs.sum::<f64>());
                }
                completion.logprob().map(|logprob| -logprob)
            })
            .collect();
        match surprises {
            Some(surprises) if !surprises.is_empty() => {
                Ok(surprises.iter().sum::<f64>() / surprises.len() as f64)
            }
            _ => Err("the model reports no log-probabilities".into()),
        }
    }
}
