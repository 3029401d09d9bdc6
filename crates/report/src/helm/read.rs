//! Reading a run folder of any version of HELM since 0.2.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use holometer_core::{Instance, Outcome, Request, RunSpec, Tokenizer};
use serde_json::{Value, json};

use super::error::ImportError;
use super::fields::{optional_text, text, texts};
use super::files::{self, Salvaged};
use super::instance::read_instance;
use super::run::{HelmRequest, HelmRun, ImportedRun, ScenarioText};
use super::spec::read_spec;
use super::stat::UnitStats;
use super::stat::{Stat, read_stats, read_unit_stats};
use super::state::{Lengths, read_state};

/// Reads a run folder. What can be read is read; what can't is named in the notes. Where choices were scored one by one,
/// the scored tokens are those that spell the choice; [`read_run_with`] counts them exactly as HELM does.
///
/// # Errors
/// When nothing says what was run: neither `run_spec.json` nor the adapter spec in `scenario_state.json` can be read.
pub fn read_run(folder: &Path) -> Result<ImportedRun, ImportError> {
    read(folder, Lengths::Spelled)
}

/// As [`read_run`], with the tokenizer of the model whose answers these are.
///
/// # Errors
/// As [`read_run`].
pub fn read_run_with(folder: &Path, tokenizer: &dyn Tokenizer) -> Result<ImportedRun, ImportError> {
    read(folder, Lengths::Counted(tokenizer))
}

fn read(folder: &Path, lengths: Lengths<'_>) -> Result<ImportedRun, ImportError> {
    let mut notes = Vec::new();
    let state = read_state_file(folder, &mut notes);
    let spec = spec(folder, &state, &mut notes)?;
    let mut requests = Vec::new();
    let mut instances = Instances::default();
    for entry in &state.entries {
        if !entry["instance"].is_object() || !entry["request"].is_object() {
            notes.push(format!("request {} has no instance or no request", requests.len()));
            continue;
        }
        let instance = instances.share(&entry["instance"]);
        requests.push(read_state(entry, instance, spec.adapter.method, lengths));
    }
    let unit_stats = read_unit_stats(&files::value(folder, "per_instance_stats.json", &mut notes));
    let stats = files::value(folder, "stats.json", &mut notes);
    count_prompt_tokens(&mut requests, &unit_stats);
    notes.extend(remarks(&requests, &state.entries));
    Ok(ImportedRun {
        run: HelmRun { scenario: scenario_text(folder, &spec, &mut notes), spec, requests },
        instances: instances.all,
        stats: read_stats(stats.as_array().map(Vec::as_slice).unwrap_or_default()),
        unit_stats,
        notes,
    })
}

fn read_state_file(folder: &Path, notes: &mut Vec<String>) -> Salvaged {
    let name = "scenario_state.json";
    let Some((bytes, note)) = files::read(folder, name) else {
        notes.push(format!("{name} is missing: there are no requests"));
        return Salvaged::default();
    };
    notes.extend(note);
    let found = files::salvage(&bytes, "request_states");
    if let Some(fault) = &found.broken {
        let complete = found.entries.len();
        notes.push(format!("{name} is broken: {fault}; {complete} complete requests were read"));
    }
    found
}

/// The run's spec; without `run_spec.json`, as far as `scenario_state.json` and the folder's name tell it.
fn spec(folder: &Path, state: &Salvaged, notes: &mut Vec<String>) -> Result<RunSpec, ImportError> {
    let folder_name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let folder_name = folder_name.unwrap_or_default();
    let value = files::value(folder, "run_spec.json", notes);
    if value["adapter_spec"].is_object() {
        return Ok(read_spec(&value, &folder_name, notes));
    }
    let adapter = state.members.iter().find(|(name, _)| name == "adapter_spec");
    let Some((_, adapter)) = adapter.filter(|(_, adapter)| adapter.is_object()) else {
        return Err(ImportError::NoSpec { folder: folder.to_owned(), notes: notes.clone() });
    };
    notes.push(
        "without run_spec.json, scenario and metrics are not known; the name is the folder's"
            .to_owned(),
    );
    Ok(read_spec(&json!({ "adapter_spec": adapter }), &folder_name, notes))
}

fn scenario_text(folder: &Path, spec: &RunSpec, notes: &mut Vec<String>) -> ScenarioText {
    let value = files::value(folder, "scenario.json", notes);
    ScenarioText {
        name: optional_text(&value, "name").unwrap_or_else(|| spec.scenario.name.to_string()),
        description: text(&value, "description"),
        tags: texts(&value, "tags"),
        definition_path: text(&value, "definition_path"),
    }
}

/// Instances, each once: many requests may be made from one.
#[derive(Default)]
struct Instances {
    all: Vec<Arc<Instance>>,
    places: HashMap<String, usize>,
}

impl Instances {
    fn share(&mut self, value: &Value) -> Arc<Instance> {
        let place = *self.places.entry(value.to_string()).or_insert_with(|| {
            self.all.push(Arc::new(read_instance(value)));
            self.all.len() - 1
        });
        Arc::clone(&self.all[place])
    }
}

/// Takes the prompts' lengths from HELM's statistics, which count with the model's tokenizer. Where a unit has several
/// requests only their sum is known: then the echoed tokens tell, if they add up to it.
fn count_prompt_tokens(requests: &mut [HelmRequest], units: &[UnitStats]) {
    let mut known: HashMap<(String, String, usize), Vec<&Stat>> = HashMap::new();
    for unit in units {
        if let Some(stat) = unit.stats.iter().find(|stat| stat.name.name == "num_prompt_tokens") {
            let perturbation = format!("{:?}", unit.perturbation);
            known
                .entry((unit.instance_id.0.clone(), perturbation, unit.train_trial_index))
                .or_default()
                .push(stat);
        }
    }
    let mut by_unit: HashMap<(String, String, usize), Vec<usize>> = HashMap::new();
    for (at, request) in requests.iter().enumerate() {
        let instance = &request.state.instance;
        let key = (
            instance.id.0.clone(),
            format!("{:?}", instance.perturbation),
            request.state.train_trial_index,
        );
        by_unit.entry(key).or_default().push(at);
    }
    for (key, members) in by_unit {
        let Some(stats) = known.get(&key) else { continue };
        let Some(lengths) = prompt_lengths(stats, &members, requests) else { continue };
        for (at, length) in members.into_iter().zip(lengths) {
            if let Some(Outcome::Answered(response)) = &mut requests[at].outcome {
                response.prompt_tokens = Some(length);
            }
        }
    }
}

/// The lengths of a unit's prompts, in the requests' order.
fn prompt_lengths(
    stats: &[&Stat],
    members: &[usize],
    requests: &[HelmRequest],
) -> Option<Vec<usize>> {
    // In language modelling, HELM writes an entry for each window.
    if stats.len() == members.len() && stats.iter().all(|stat| stat.count == 1) {
        return Some(stats.iter().map(|stat| stat.sum as usize).collect());
    }
    let stat = stats.first()?;
    let lengths: Vec<usize> = if stat.min == stat.max {
        members.iter().map(|_| stat.min.unwrap_or(0.0) as usize).collect()
    } else {
        members.iter().map(|at| echoed_tokens(&requests[*at])).collect()
    };
    let adds_up = lengths.iter().sum::<usize>() as f64 == stat.sum;
    (stat.count == members.len() && adds_up).then_some(lengths)
}

fn echoed_tokens(request: &HelmRequest) -> usize {
    let response = request.outcome.as_ref().and_then(Outcome::response);
    let first = response.and_then(|response| response.completions.first());
    match request.state.request {
        Request::ScoreContinuation { .. } => first.map_or(0, |completion| completion.tokens.len()),
        Request::Generate { .. } => 0,
    }
}

/// What is worth knowing about the answers.
fn remarks(requests: &[HelmRequest], entries: &[Value]) -> Vec<String> {
    let mut notes = Vec::new();
    let mut count = |number: usize, what: &str| {
        if number > 0 {
            notes.push(format!("{number} {what}"));
        }
    };
    let without = requests.iter().filter(|request| request.outcome.is_none()).count();
    count(without, "requests were not run (a dry run, or cut off)");
    let media = entries.iter().filter(|entry| entry["request"]["multimodal_prompt"].is_object());
    count(media.count(), "requests have images or sound, which are not kept");
    let annotated = entries.iter().filter(|entry| entry["annotations"].is_object());
    count(annotated.count(), "requests have annotations, which are not kept");
    let mut tokens = requests
        .iter()
        .filter_map(|request| request.outcome.as_ref()?.response())
        .flat_map(|response| {
            response.completions.iter().flat_map(holometer_core::Completion::answer_tokens)
        });
    if tokens.next().is_some_and(|token| token.logprob == Some(0.0))
        && tokens.all(|token| token.logprob == Some(0.0))
    {
        notes.push(
            "all log-probabilities are 0: HELM reports those after sampling at temperature 0, and calibration means nothing"
                .to_owned(),
        );
    }
    notes
}
