//! HELM's statistics: a count with sums and extremes under a name with its context.

use holometer_core::{
    Instance, InstanceId, Method, PerturbationDescription, RunSpec, Score, Value as ScoreValue,
};
use serde_json::{Value, json};

use super::fields::{count, list, number, object, optional_text, text};
use super::instance::{read_perturbation, write_perturbation};

/// What a statistic is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatName {
    /// The metric.
    pub name: String,
    /// The split.
    pub split: Option<String>,
    /// The sub-split.
    pub sub_split: Option<String>,
    /// The perturbation; `None`: the original instances.
    pub perturbation: Option<PerturbationDescription>,
}

/// Values, summed up. Mean, population variance and standard deviation follow from the sums.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stat {
    /// What it is about.
    pub name: StatName,
    /// How many values.
    pub count: usize,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub sum_squared: f64,
    /// The smallest; `None` without values.
    pub min: Option<f64>,
    /// The largest; `None` without values.
    pub max: Option<f64>,
}

/// The statistics of one instance under one draw of few-shot examples.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitStats {
    /// The instance.
    pub instance_id: InstanceId,
    /// Its perturbation, if it is a perturbed copy.
    pub perturbation: Option<PerturbationDescription>,
    /// Which draw of few-shot examples.
    pub train_trial_index: usize,
    /// The statistics, each with its context in its name.
    pub stats: Vec<Stat>,
}

impl Stat {
    /// One value.
    pub fn of(name: StatName, value: f64) -> Self {
        Self { name, ..Self::default() }.with(value, 1)
    }

    /// Adds a value `times` times.
    pub(crate) fn with(mut self, value: f64, times: usize) -> Self {
        self.count += times;
        self.sum += value * times as f64;
        self.sum_squared += value * value * times as f64;
        self.min = Some(self.min.map_or(value, |min| min.min(value)));
        self.max = Some(self.max.map_or(value, |max| max.max(value)));
        self
    }

    /// Adds the values of another, whatever its name.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.sum_squared += other.sum_squared;
        for value in [other.min, other.max].into_iter().flatten() {
            self.min = Some(self.min.map_or(value, |min| min.min(value)));
            self.max = Some(self.max.map_or(value, |max| max.max(value)));
        }
    }

    /// The mean; `None` without values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// The population variance; `None` without values.
    pub fn variance(&self) -> Option<f64> {
        let mean = self.mean()?;
        Some((self.sum_squared / self.count as f64 - mean * mean).max(0.0))
    }

    /// A statistic of the mean alone, as HELM keeps of each trial; without values it stays as it is.
    pub(crate) fn take_mean(&self) -> Self {
        match self.mean() {
            Some(mean) => Self::of(self.name.clone(), mean),
            None => self.clone(),
        }
    }

    /// Whether it can be written: JSON has no infinities, and HELM drops what is not a number.
    pub(crate) fn is_finite(&self) -> bool {
        self.sum.is_finite() && self.sum_squared.is_finite()
    }
}

/// Reads a list of statistics; entries without a name are left out.
pub(crate) fn read_stats(values: &[Value]) -> Vec<Stat> {
    values
        .iter()
        .filter(|value| value["name"]["name"].is_string())
        .map(|value| {
            let name = &value["name"];
            Stat {
                name: StatName {
                    name: text(name, "name"),
                    split: optional_text(name, "split"),
                    sub_split: optional_text(name, "sub_split"),
                    perturbation: name.get("perturbation").and_then(read_perturbation),
                },
                count: count(value, "count", 0),
                sum: number(value, "sum", 0.0),
                sum_squared: number(value, "sum_squared", 0.0),
                min: value.get("min").and_then(Value::as_f64),
                max: value.get("max").and_then(Value::as_f64),
            }
        })
        .collect()
}

/// Reads `per_instance_stats.json`.
pub(crate) fn read_unit_stats(value: &Value) -> Vec<UnitStats> {
    let entries = value.as_array().into_iter().flatten();
    entries
        .map(|entry| UnitStats {
            instance_id: InstanceId(text(entry, "instance_id")),
            perturbation: entry.get("perturbation").and_then(read_perturbation),
            train_trial_index: count(entry, "train_trial_index", 0),
            stats: read_stats(list(entry, "stats")),
        })
        .collect()
}

/// A statistic under HELM's field names.
pub(crate) fn write_stat(stat: &Stat) -> Value {
    let name = &stat.name;
    let mut value = object(json!({
        "name": object(json!({
            "name": name.name,
            "split": name.split,
            "sub_split": name.sub_split,
            "perturbation": name.perturbation.as_ref().map(write_perturbation),
        })),
        "count": stat.count,
        "sum": stat.sum,
        "sum_squared": stat.sum_squared,
        "min": stat.min,
        "max": stat.max,
        "mean": stat.mean(),
        "variance": stat.variance(),
        "stddev": stat.variance().map(f64::sqrt),
    }));
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

/// A unit's entry of `per_instance_stats.json`.
pub(crate) fn write_unit_stats(unit: &UnitStats) -> Value {
    object(json!({
        "instance_id": unit.instance_id,
        "perturbation": unit.perturbation.as_ref().map(write_perturbation),
        "train_trial_index": unit.train_trial_index,
        "stats": unit.stats.iter().filter(|stat| stat.is_finite()).map(write_stat).collect::<Vec<_>>(),
    }))
}

/// What all copies of a perturbation have in common: how many words changed differs from one to the next.
fn of_every_copy(mut description: PerturbationDescription) -> PerturbationDescription {
    description.parameters.retain(|name, _| !matches!(name.as_str(), "edits" | "edits_wanted"));
    description
}

/// What HELM measures once per request; where an instance has several, its value counts as often.
pub(crate) const PER_REQUEST: [&str; 14] = [
    "num_references",
    "num_train_trials",
    "num_prompt_tokens",
    "num_completion_tokens",
    "num_output_tokens",
    "inference_runtime",
    "batch_size",
    "finish_reason_length",
    "finish_reason_stop",
    "finish_reason_endoftext",
    "finish_reason_unknown",
    "num_train_instances",
    "prompt_truncated",
    "num_completions",
];

/// What HELM keeps without a value where it does not know it.
const KEPT_EMPTY: [&str; 2] = ["training_co2_cost", "training_energy_cost"];

/// What is known about one request of a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RequestNumbers {
    /// Seconds that it took.
    pub seconds: Option<f64>,
    /// Tokens of its prompt.
    pub prompt_tokens: Option<f64>,
    /// Tokens that came back, echoed ones included.
    pub completion_tokens: Option<f64>,
}

impl RequestNumbers {
    fn get(&self, name: &str) -> Option<f64> {
        match name {
            "inference_runtime" => self.seconds,
            "num_prompt_tokens" => self.prompt_tokens,
            "num_completion_tokens" => self.completion_tokens,
            _ => None,
        }
    }
}

/// The statistics of a unit from its scores; scores without a number are left out. A score that is a mean over the unit's
/// requests becomes their values again where these are known and have that mean; else it counts once for each request.
pub fn unit_stats(
    spec: &RunSpec,
    instance: &Instance,
    train_trial_index: usize,
    requests: &[RequestNumbers],
    scores: &[Score],
) -> UnitStats {
    let scored_text = spec.adapter.method == Method::LanguageModeling;
    let stats = scores.iter().filter_map(|score| {
        let name = StatName {
            name: score.metric.to_string(),
            split: Some(instance.split.as_str().to_owned()),
            sub_split: instance.sub_split.clone(),
            perturbation: instance.perturbation.clone().map(of_every_copy),
        };
        let metric = score.metric.as_str();
        let ScoreValue::Number(value) = score.value else {
            return KEPT_EMPTY.contains(&metric).then(|| Stat { name, ..Stat::default() });
        };
        let values: Option<Vec<f64>> = requests.iter().map(|request| request.get(metric)).collect();
        if let Some(values) = values {
            let empty = Stat { name: name.clone(), ..Stat::default() };
            let stat = values.into_iter().fold(empty, |stat, value| stat.with(value, 1));
            if stat.mean().is_some_and(|mean| (mean - value).abs() <= 1e-9 * mean.abs().max(1.0)) {
                return Some(stat);
            }
        }
        let per_request = scored_text || PER_REQUEST.contains(&metric);
        let times = if per_request { requests.len() } else { 1 };
        Some(Stat { name, ..Stat::default() }.with(value, times))
    });
    UnitStats {
        instance_id: instance.id.clone(),
        perturbation: instance.perturbation.clone(),
        train_trial_index,
        stats: stats.collect(),
    }
}
