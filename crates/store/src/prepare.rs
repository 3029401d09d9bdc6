//! What a run is, in comparable form: the hash over everything that determines it.

use std::collections::HashMap;
use std::sync::Arc;

use holometer_core::{Instance, RequestState, RunSpec};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::store::Problem;
use crate::texts::{Hash, hash};
use crate::types::RunInputs;

/// Everything that is needed to compare a run with a stored one.
pub(crate) struct Prepared<'a> {
    pub(crate) name: &'a str,
    pub(crate) spec_json: String,
    pub(crate) data_json: String,
    /// The instances in order, with those that occur in requests only at the end.
    pub(crate) instances: Vec<&'a Arc<Instance>>,
    /// The instance's position of each request.
    pub(crate) placed: Vec<usize>,
    /// Over everything.
    pub(crate) hash: Hash,
}

/// What a request's row holds, apart from its body. Part of the inputs' hash.
#[derive(Serialize)]
pub(crate) struct RequestRow<'a> {
    pub(crate) instance: usize,
    pub(crate) trial: usize,
    pub(crate) reference: Option<usize>,
    pub(crate) mode: Option<&'static str>,
    pub(crate) mapping: Option<&'a [(String, String)]>,
    pub(crate) examples: usize,
    pub(crate) truncated: bool,
    pub(crate) conditioning: usize,
}

impl<'a> RequestRow<'a> {
    pub(crate) fn new(state: &'a RequestState, instance: usize) -> Self {
        Self {
            instance,
            trial: state.train_trial_index,
            reference: state.reference_index,
            mode: state.request_mode.map(holometer_core::RequestMode::as_str),
            mapping: state.output_mapping.as_deref(),
            examples: state.num_train_instances,
            truncated: state.prompt_truncated,
            conditioning: state.num_conditioning_tokens,
        }
    }
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(spec: &'a RunSpec, inputs: &RunInputs<'a>) -> Result<Self, Problem> {
        let spec_json = serde_json::to_string(spec)?;
        let data_json = serde_json::to_string(inputs.data_hashes)?;
        let mut digest = Sha256::new();
        // Lengths keep neighbouring fields apart.
        let mut add = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        };
        add(spec_json.as_bytes());
        add(inputs.fingerprint.as_bytes());
        add(data_json.as_bytes());
        let mut instances = Instances::new(inputs.instances)?;
        let mut placed = Vec::with_capacity(inputs.requests.len());
        let mut buffer = Vec::new();
        for state in inputs.requests {
            let position = instances.place(&state.instance)?;
            buffer.clear();
            serde_json::to_writer(&mut buffer, &state.request)?;
            add(&buffer);
            add(&serde_json::to_vec(&RequestRow::new(state, position))?);
            placed.push(position);
        }
        for hash in &instances.hashes {
            add(hash);
        }
        let hash = digest.finalize().into();
        let instances = instances.all;
        Ok(Self { name: spec.name.as_str(), spec_json, data_json, instances, placed, hash })
    }
}

/// The instances of a run by position, found again from requests.
struct Instances<'a> {
    all: Vec<&'a Arc<Instance>>,
    hashes: Vec<Hash>,
    by_address: HashMap<*const Instance, usize>,
    by_hash: HashMap<Hash, usize>,
}

impl<'a> Instances<'a> {
    fn new(given: &'a [Arc<Instance>]) -> Result<Self, Problem> {
        let mut instances = Self {
            all: Vec::with_capacity(given.len()),
            hashes: Vec::with_capacity(given.len()),
            by_address: HashMap::with_capacity(given.len()),
            by_hash: HashMap::with_capacity(given.len()),
        };
        for instance in given {
            let hash = hash(&serde_json::to_string(instance)?);
            instances.push(instance, hash);
        }
        Ok(instances)
    }

    fn push(&mut self, instance: &'a Arc<Instance>, hash: Hash) -> usize {
        let position = self.all.len();
        self.all.push(instance);
        self.hashes.push(hash);
        self.by_address.insert(Arc::as_ptr(instance), position);
        self.by_hash.entry(hash).or_insert(position);
        position
    }

    /// The position of a request's instance: usually the very same object, else an equal one.
    fn place(&mut self, instance: &'a Arc<Instance>) -> Result<usize, Problem> {
        if let Some(position) = self.by_address.get(&Arc::as_ptr(instance)) {
            return Ok(*position);
        }
        let hash = hash(&serde_json::to_string(instance)?);
        let position = match self.by_hash.get(&hash) {
            Some(position) => *position,
            None => return Ok(self.push(instance, hash)),
        };
        self.by_address.insert(Arc::as_ptr(instance), position);
        Ok(position)
    }
}
