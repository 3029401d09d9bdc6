//! From a run spec to its requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use holometer_adapt::{AdaptContext, adapt, sample_eval_instances};
use holometer_core::{Instance, RequestState, RunSpec, ScenarioSpec, Tokenizer, Window};
use holometer_perturb::augment;

use crate::pipeline::{Environment, perturbation_resources};
use crate::progress::Talk;

/// A run's instances and requests.
pub(crate) struct Prepared {
    /// The evaluated instances in order, perturbed copies included.
    pub(crate) instances: Vec<Arc<Instance>>,
    /// The requests in HELM's order.
    pub(crate) requests: Vec<RequestState>,
    /// What a reader of the results should know about the prompts.
    pub(crate) notes: Vec<String>,
    /// The files that were read, with their hashes.
    pub(crate) data_hashes: BTreeMap<String, String>,
}

/// What prompts are fitted into.
pub(crate) struct Prompting {
    /// The model's tokenizer, if known.
    pub(crate) tokenizer: Option<Arc<dyn Tokenizer>>,
    /// Its context window.
    pub(crate) window: Window,
}

/// All instances of a scenario; fetches its data first.
pub(crate) fn instances_of(
    spec: &ScenarioSpec,
    environment: &Environment,
    talk: &Talk,
) -> Result<Vec<Instance>, String> {
    environment
        .catalogue
        .instances(spec, &environment.library, talk)
        .map_err(|error| error.to_string())
}

/// Samples, perturbs and adapts a scenario's instances, as HELM does in this order.
pub(crate) fn prepare(
    spec: &RunSpec,
    instances: Vec<Instance>,
    prompting: &Prompting,
    environment: &Environment,
    talk: &Talk,
) -> Result<Prepared, String> {
    let instances = sample_eval_instances(instances, &spec.adapter.few_shot);
    let resources = perturbation_resources(&environment.library, talk);
    let augmented =
        augment(instances, &spec.augmentation, &resources).map_err(|error| error.to_string())?;
    let mut notes = Vec::new();
    if augmented.unchanged > 0 {
        notes.push(format!(
            "{} perturbed copies are left out: nothing in them changed",
            augmented.unchanged
        ));
    }
    let instances: Vec<Arc<Instance>> = augmented.instances.into_iter().map(Arc::new).collect();
    let context =
        AdaptContext { tokenizer: prompting.tokenizer.as_deref(), window: &prompting.window };
    let adaptation =
        adapt(&spec.adapter, &instances, &context).map_err(|error| error.to_string())?;
    notes.extend(adaptation.notes.iter().map(ToString::to_string));
    let evaluated = instances.into_iter().filter(|instance| instance.split.is_eval()).collect();
    let data_hashes = data_hashes(&spec.scenario, environment)?;
    Ok(Prepared { instances: evaluated, requests: adaptation.requests, notes, data_hashes })
}

/// The pinned hashes of a scenario's files, by name; files without one are listed with their place.
fn data_hashes(
    spec: &ScenarioSpec,
    environment: &Environment,
) -> Result<BTreeMap<String, String>, String> {
    let files = environment.catalogue.files(spec).map_err(|error| error.to_string())?;
    Ok(files
        .into_iter()
        .map(|file| (file.name(), file.sha256.clone().unwrap_or_else(|| "not pinned".to_owned())))
        .collect())
}
