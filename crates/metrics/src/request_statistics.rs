//! Counts and times that HELM attaches to every request: tokens, examples, finish reasons, seconds.

use holometer_core::{
    Answer, Completion, FinishReason, MetricCard, MetricOptions, Outcome, Request, Response, Score,
    Unit, Value,
};

use crate::efficiency_tables;
use crate::unit::prompt_text;

const DOCS: &str = include_str!("docs/request_statistics.md");

/// The names of all statistics, in HELM's order.
pub(crate) const NAMES: [&str; 12] = [
    "num_references",
    "num_train_trials",
    "num_prompt_tokens",
    "num_completion_tokens",
    "num_output_tokens",
    "inference_runtime",
    "finish_reason_length",
    "finish_reason_stop",
    "finish_reason_endoftext",
    "finish_reason_unknown",
    "num_train_instances",
    "prompt_truncated",
];

/// The names that only HELM's own numbers include.
const COMPAT_NAMES: [&str; 3] = ["training_co2_cost", "training_energy_cost", "batch_size"];

/// The name that HELM's numbers lack outside of its dry runs; where several completions are asked for.
const COMPLETIONS: &str = "num_completions";

/// Documents the statistics.
pub(crate) fn cards() -> Vec<MetricCard> {
    let summaries = [
        "How many possible answers the instance has",
        "How many draws of few-shot examples the run makes",
        "Tokens of the prompt",
        "Tokens written, over all completions",
        "Tokens written, without those that repeat the prompt",
        "Seconds from sending a request to its end, averaged over the unit's requests",
        "Share of answers that ended because the token limit was reached",
        "Share of answers that ended at a stop sequence",
        "Share of answers that the model itself ended",
        "Share of answers that ended for another or an unknown reason",
        "Few-shot examples that fitted into the prompt",
        "Share of prompts that were cut",
        "Published estimate of the emissions of the model's training; HELM's numbers only",
        "Published estimate of the energy of the model's training; HELM's numbers only",
        "Requests answered together; HELM's numbers only",
        "Completions of a request, of the several that were asked for",
    ];
    NAMES
        .into_iter()
        .chain(COMPAT_NAMES)
        .chain([COMPLETIONS])
        .zip(summaries)
        .map(|(name, summary)| MetricCard {
            name,
            summary,
            docs: DOCS,
            higher_is_better: match name {
                "inference_runtime" | "training_co2_cost" | "training_energy_cost" => Some(false),
                _ => None,
            },
            range: if name.starts_with("finish_reason") || name == "prompt_truncated" {
                (0.0, 1.0)
            } else {
                (0.0, f64::INFINITY)
            },
        })
        .collect()
}

/// The statistics of a unit: each is the mean over the unit's requests.
pub(crate) fn scores(unit: &Unit<'_>, options: MetricOptions) -> Vec<Score> {
    let mean = |name: &str, of: &dyn Fn(&Answer<'_>) -> Result<f64, String>| {
        let values: Result<Vec<f64>, String> = unit.answers.iter().map(of).collect();
        let value = values.map(|values| values.iter().sum::<f64>() / values.len() as f64);
        Score::new(name, value.map_or_else(Value::Unscored, Value::number))
    };
    let mut scores = vec![
        mean("num_references", &|_| Ok(unit.instance.references.len() as f64)),
        mean("num_train_trials", &|_| Ok(unit.spec.adapter.few_shot.num_train_trials as f64)),
        mean("num_prompt_tokens", &|answer| prompt_tokens(unit, answer, options)),
        mean("num_completion_tokens", &|answer| completion_tokens(unit, answer, options)),
        mean("num_output_tokens", &|answer| output_tokens(unit, answer, options)),
        mean("inference_runtime", &|answer| {
            answer.seconds.ok_or_else(|| "no time was recorded".to_owned())
        }),
    ];
    for (name, finish) in [
        ("finish_reason_length", Finish::Length),
        ("finish_reason_stop", Finish::Stop),
        ("finish_reason_endoftext", Finish::EndOfText),
        ("finish_reason_unknown", Finish::Unknown),
    ] {
        scores.push(mean(name, &|answer| {
            let first = response(answer)?.completions.first();
            Ok(f64::from(u8::from(finish_of(first) == finish)))
        }));
    }
    scores.push(mean("num_train_instances", &|answer| Ok(answer.state.num_train_instances as f64)));
    scores.push(mean("prompt_truncated", &|answer| {
        Ok(f64::from(u8::from(answer.state.prompt_truncated)))
    }));
    if unit.spec.adapter.num_outputs > 1 && !options.helm_compat {
        scores.push(mean(COMPLETIONS, &|answer| Ok(response(answer)?.completions.len() as f64)));
    }
    if options.helm_compat {
        scores.extend(helm_costs(unit));
        scores.push(mean("batch_size", &|_| Ok(1.0)));
        for (name, table) in [
            (
                "inference_idealized_runtime",
                efficiency_tables::idealized(&unit.spec.model.deployment),
            ),
            (
                "inference_denoised_runtime",
                efficiency_tables::denoised(&unit.spec.model.deployment),
            ),
        ] {
            // HELM has these for models that it profiled only.
            let Some(runtime) = table else { continue };
            scores.push(mean(name, &|answer| {
                let prompt = prompt_tokens(unit, answer, options)?;
                Ok(runtime.seconds(prompt, output_tokens(unit, answer, options)?))
            }));
        }
    }
    scores
}

/// Published estimates of what the model's training cost.
fn helm_costs(unit: &Unit<'_>) -> Vec<Score> {
    let deployment = unit.spec.model.deployment.as_str();
    [
        ("training_co2_cost", efficiency_tables::training_carbon(deployment)),
        ("training_energy_cost", efficiency_tables::training_energy(deployment)),
    ]
    .into_iter()
    .map(|(name, cost)| {
        let reason = "no estimate of this model's training was published with HELM";
        let none = || Value::Unscored(reason.into());
        Score::new(name, cost.map_or_else(none, Value::number))
    })
    .collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Finish {
    Length,
    Stop,
    EndOfText,
    Unknown,
}

fn finish_of(completion: Option<&Completion>) -> Finish {
    match completion.and_then(|completion| completion.finish_reason.as_ref()) {
        Some(FinishReason::Length) => Finish::Length,
        Some(FinishReason::Stop) => Finish::Stop,
        Some(FinishReason::EndOfText) => Finish::EndOfText,
        _ => Finish::Unknown,
    }
}

fn response<'a>(answer: &Answer<'a>) -> Result<&'a Response, String> {
    match answer.outcome {
        Outcome::Answered(response) => Ok(response),
        Outcome::Refused { reason } => Err(format!("the provider refused: {reason}")),
        Outcome::Failed { message, .. } => Err(format!("the request failed: {message}")),
    }
}

/// HELM counts with the model's tokenizer; by default the server's own count comes first.
pub(crate) fn prompt_tokens(
    unit: &Unit<'_>,
    answer: &Answer<'_>,
    options: MetricOptions,
) -> Result<f64, String> {
    let counted =
        || unit.tokenizer.map(|tokenizer| tokenizer.count(&prompt_text(&answer.state.request)));
    let reported = response(answer)?.prompt_tokens;
    let count =
        if options.helm_compat { counted().or(reported) } else { reported.or_else(counted) };
    count
        .map(|count| count as f64)
        .ok_or_else(|| "neither the server nor a tokenizer gives the prompt's length".to_owned())
}

fn completion_tokens(
    unit: &Unit<'_>,
    answer: &Answer<'_>,
    options: MetricOptions,
) -> Result<f64, String> {
    let response = response(answer)?;
    let scoring = matches!(answer.state.request, Request::ScoreContinuation { .. });
    if scoring && options.helm_compat {
        // HELM lets the model echo the whole prompt and counts the echo.
        let echoed: usize = response.completions.iter().map(|c| c.tokens.len()).sum();
        let whole = response.completions.iter().any(|c| c.echoed_tokens > 0)
            || matches!(&answer.state.request, Request::ScoreContinuation { context, .. } if context.is_empty());
        return if whole { Ok(echoed as f64) } else { prompt_tokens(unit, answer, options) };
    }
    if scoring {
        return Ok(0.0);
    }
    let listed: usize = response.completions.iter().map(|c| c.tokens.len()).sum();
    let reported = response.completion_tokens.map(|count| count as f64);
    let in_lists = (listed > 0).then_some(listed as f64);
    let count = if options.helm_compat { in_lists.or(reported) } else { reported.or(in_lists) };
    match count {
        Some(count) => Ok(count),
        None if response.completions.iter().all(|c| c.text.is_empty()) => Ok(0.0),
        None => Err("the server reports neither tokens nor their number".to_owned()),
    }
}

pub(crate) fn output_tokens(
    unit: &Unit<'_>,
    answer: &Answer<'_>,
    options: MetricOptions,
) -> Result<f64, String> {
    let written = completion_tokens(unit, answer, options)?;
    match answer.state.request {
        Request::ScoreContinuation { .. } if options.helm_compat => {
            Ok((written - prompt_tokens(unit, answer, options)?).max(0.0))
        }
        _ => Ok(written),
    }
}
