//! What an answer costs: idealised and denoised time, energy and emissions, by HELM's tables or by stated assumptions.

use std::collections::BTreeMap;

use holometer_core::{Answer, Metric, MetricCard, MetricOptions, Score, Unit, Value};
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::efficiency_tables::{self, Runtime};
use crate::error::MetricError;
use crate::request_statistics;
use crate::unit::all_unscored;

const NAME: &str = "efficiency";
const DOCS: &str = include_str!("../docs/efficiency.md");

/// Assumed power of the machine while it answers, in watts: a desktop processor under load.
const WATTS: f64 = 65.0;
/// Energy of the whole facility over that of its machines; HELM's assumption.
const FACILITY: f64 = 1.1;
/// Grams of CO2 per kilowatt hour; HELM's assumption for Google's europe-west4.
const GRAMS_PER_KWH: f64 = 410.0;

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// Seconds per output token after the first; overrides the tables.
    #[serde(default)]
    runtime_per_output_token: Option<f64>,
    /// Seconds to read a prompt, by its number of tokens; overrides the tables.
    #[serde(default)]
    runtime_for_prompt_tokens: BTreeMap<String, f64>,
    #[serde(default)]
    overhead: Option<f64>,
    #[serde(default = "watts")]
    watts: f64,
    #[serde(default = "facility")]
    pue: f64,
    #[serde(default = "grams_per_kwh")]
    grams_per_kwh: f64,
}

fn watts() -> f64 {
    WATTS
}

fn facility() -> f64 {
    FACILITY
}

fn grams_per_kwh() -> f64 {
    GRAMS_PER_KWH
}

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let hint = "`watts`, `pue`, `grams_per_kwh`, `runtime_per_output_token` and `overhead` are numbers; `runtime_for_prompt_tokens` maps prompt lengths to seconds";
    let arguments: Arguments = args::read(NAME, args, hint)?;
    let own = match arguments.runtime_per_output_token {
        None => None,
        Some(per_token) => {
            let mut prompts = Vec::new();
            for (tokens, seconds) in &arguments.runtime_for_prompt_tokens {
                let tokens = tokens.parse().ok().filter(|tokens| *tokens > 0).ok_or_else(|| {
                    let problem = format!("`{tokens}` is no prompt length");
                    MetricError::arguments(NAME, problem, hint)
                })?;
                prompts.push((tokens, *seconds));
            }
            prompts.sort_by_key(|(tokens, _)| *tokens);
            if prompts.is_empty() {
                let problem = "`runtime_for_prompt_tokens` is missing";
                return Err(MetricError::arguments(NAME, problem, hint));
            }
            Some(Runtime { per_token, prompts, overhead: arguments.overhead })
        }
    };
    Ok(Box::new(Efficiency { arguments, own, options }))
}

const NAMES: [&str; 4] = [
    "inference_idealized_runtime",
    "inference_denoised_runtime",
    "inference_energy",
    "inference_emissions",
];

fn cards() -> Vec<MetricCard> {
    let summaries = [
        "Seconds of the request on HELM's reference hardware and software",
        "Seconds of the request by the provider's profile, without waiting for others",
        "Estimated energy of the request in watt hours, by stated assumptions",
        "Estimated emissions of the request in grams of CO2, by stated assumptions",
    ];
    NAMES
        .into_iter()
        .zip(summaries)
        .map(|(name, summary)| MetricCard {
            name,
            summary,
            docs: DOCS,
            higher_is_better: Some(false),
            range: (0.0, f64::INFINITY),
        })
        .collect()
}

struct Efficiency {
    arguments: Arguments,
    own: Option<Runtime>,
    options: MetricOptions,
}

impl Metric for Efficiency {
    fn cards(&self) -> Vec<MetricCard> {
        cards()
    }

    /// Means over the unit's requests.
    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        if let Err(reason) = unit.responses() {
            return all_unscored(NAMES, &reason);
        }
        let deployment = unit.spec.model.deployment.as_str();
        let idealized = self.own.as_ref().or_else(|| efficiency_tables::idealized(deployment));
        let denoised = efficiency_tables::denoised(deployment);
        let watt_hours = |answer: &Answer<'_>| {
            let seconds = answer.seconds.ok_or("no time was recorded")?;
            Ok(seconds / 3600.0 * self.arguments.watts * self.arguments.pue)
        };
        vec![
            Score::new(NAMES[0], self.runtime(unit, idealized)),
            Score::new(NAMES[1], self.runtime(unit, denoised)),
            Score::new(NAMES[2], mean(unit, &watt_hours)),
            Score::new(
                NAMES[3],
                mean(unit, &|answer| {
                    Ok(watt_hours(answer)? / 1000.0 * self.arguments.grams_per_kwh)
                }),
            ),
        ]
    }
}

impl Efficiency {
    fn runtime(&self, unit: &Unit<'_>, runtime: Option<&Runtime>) -> Value {
        let Some(runtime) = runtime else {
            return Value::Unscored("no profile of this model was published with HELM".into());
        };
        mean(unit, &|answer| {
            let prompt = request_statistics::prompt_tokens(unit, answer, self.options)?;
            let output = request_statistics::output_tokens(unit, answer, self.options)?;
            Ok(runtime.seconds(prompt, output))
        })
    }
}

fn mean(unit: &Unit<'_>, of: &dyn Fn(&Answer<'_>) -> Result<f64, String>) -> Value {
    let values: Result<Vec<f64>, String> = unit.answers.iter().map(of).collect();
    let mean = values.map(|values| values.iter().sum::<f64>() / values.len() as f64);
    mean.map_or_else(Value::Unscored, Value::number)
}
