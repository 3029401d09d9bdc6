//! What HELM's web pages show of a run: the instances, a prediction and a request for each (instance, perturbation, trial).

use std::collections::{BTreeMap, HashMap, HashSet};

use holometer_core::{Instance, Method, Outcome, RequestMode, RequestState};
use serde_json::{Value, json};

use super::fields::object;
use super::instance::write_perturbation;
use super::run::{HelmRequest, HelmRun};
use super::stat::UnitStats;

/// The contents of the three files.
pub(crate) struct Displayed<'a> {
    /// The instances that have a prediction.
    pub(crate) instances: Vec<&'a Instance>,
    /// `display_predictions.json`.
    pub(crate) predictions: Vec<Value>,
    /// The request of each prediction.
    pub(crate) requests: Vec<&'a HelmRequest>,
}

/// One unit, by name.
type Key = (String, String, usize);

fn key(id: &str, perturbation: Option<Value>, trial: usize) -> Key {
    (id.to_owned(), perturbation.map(|value| value.to_string()).unwrap_or_default(), trial)
}

fn key_of(state: &RequestState) -> Key {
    let instance = &state.instance;
    key(
        instance.id.as_str(),
        instance.perturbation.as_ref().map(write_perturbation),
        state.train_trial_index,
    )
}

/// Of several requests per unit, those for the choice that was made, as HELM shows it.
pub(crate) fn displayed<'a>(run: &'a HelmRun, units: &[UnitStats]) -> Displayed<'a> {
    let stats = stats_by_unit(units);
    let none = BTreeMap::new();
    let separate = matches!(
        run.spec.adapter.method,
        Method::MultipleChoiceSeparateOriginal | Method::MultipleChoiceSeparateCalibrated
    );
    let mut shown =
        Displayed { instances: Vec::new(), predictions: Vec::new(), requests: Vec::new() };
    let mut seen: HashSet<(String, String)> = HashSet::new();
    for request in &run.requests {
        let state = &request.state;
        let Some(outcome) = &request.outcome else { continue };
        let key = key_of(state);
        let stats = stats.get(&key).unwrap_or(&none);
        let chosen = stats.get("predicted_index").copied();
        let another = chosen
            .is_some_and(|chosen| state.reference_index.map(|index| index as f64) != Some(chosen));
        if separate && (state.request_mode == Some(RequestMode::Calibration) || another) {
            continue;
        }
        if seen.insert((key.0, key.1)) {
            shown.instances.push(&state.instance);
        }
        shown.predictions.push(prediction(run, state, outcome, stats, separate));
        shown.requests.push(request);
    }
    shown
}

fn stats_by_unit(units: &[UnitStats]) -> HashMap<Key, BTreeMap<&str, f64>> {
    let mut by_unit: HashMap<Key, BTreeMap<&str, f64>> = HashMap::new();
    for unit in units {
        let perturbation = unit.perturbation.as_ref().map(write_perturbation);
        let stats = by_unit
            .entry(key(unit.instance_id.as_str(), perturbation, unit.train_trial_index))
            .or_default();
        let means =
            unit.stats.iter().filter_map(|stat| Some((stat.name.name.as_str(), stat.mean()?)));
        stats.extend(means.filter(|(_, mean)| mean.is_finite()));
    }
    by_unit
}

fn prediction(
    run: &HelmRun,
    state: &RequestState,
    outcome: &Outcome,
    stats: &BTreeMap<&str, f64>,
    separate: bool,
) -> Value {
    let completion = outcome.response().and_then(|response| response.completions.first());
    let text = completion.map(|completion| completion.text.as_str()).unwrap_or_default();
    let prefix = if separate {
        state.instance.input.text.as_str()
    } else if run.spec.adapter.method == Method::LanguageModeling {
        completion.and_then(|completion| completion.tokens.first()).map_or("", |token| &token.text)
    } else {
        ""
    };
    let truncated = Some(prefix)
        .filter(|prefix| !prefix.is_empty())
        .and_then(|prefix| text.strip_prefix(prefix));
    let mapped = state.output_mapping.as_ref().and_then(|mapping| {
        mapping.iter().find(|(label, _)| label == text.trim()).map(|(_, choice)| choice)
    });
    object(json!({
        "instance_id": state.instance.id,
        "perturbation": state.instance.perturbation.as_ref().map(write_perturbation),
        "train_trial_index": state.train_trial_index,
        "predicted_text": text,
        "truncated_predicted_text": truncated,
        "base64_images": [],
        "mapped_output": mapped,
        "reference_index": state.reference_index,
        "stats": stats,
        "thinking_text": completion.and_then(|completion| completion.thinking.as_ref()),
    }))
}
