//! What one model still has to be asked, each request once, and which runs wait for it.

use std::collections::HashMap;
use std::sync::Arc;

use holometer_core::{Model, Request, RequestKey};
use holometer_store::{OutcomeKey, Store, StoreError};

use crate::execute::{Options, Place};
use crate::worker::Slice;

/// A request to be asked.
#[derive(Clone, Copy)]
struct Task {
    key: OutcomeKey,
    /// The first run that needs it, by its place among the jobs.
    run: usize,
}

/// A model with its tasks. A task's place in the list is its key towards the model.
pub(crate) struct Ledger {
    pub(crate) model: Arc<dyn Model>,
    pub(crate) place: Place,
    tasks: Vec<Task>,
    /// Further runs (or further positions of the same run) that need a task's outcome.
    repeats: HashMap<usize, Vec<usize>>,
    /// The first task that was not yet handed out.
    next: usize,
}

impl Ledger {
    pub(crate) fn new(model: Arc<dyn Model>, place: Place) -> Self {
        Self { model, place, tasks: Vec::new(), repeats: HashMap::new(), next: 0 }
    }

    /// Adds what the runs need, in their order. `pending` holds (run, key) pairs.
    pub(crate) fn add(&mut self, pending: impl IntoIterator<Item = (usize, OutcomeKey)>) {
        let mut known: HashMap<OutcomeKey, usize> = HashMap::new();
        for (run, key) in pending {
            if let Some(task) = known.get(&key) {
                self.repeats.entry(*task).or_default().push(run);
            } else {
                known.insert(key, self.tasks.len());
                self.tasks.push(Task { key, run });
            }
        }
    }

    /// Whether everything has been handed out.
    pub(crate) fn is_done(&self) -> bool {
        self.next == self.tasks.len()
    }

    /// Reads the next requests, at most as many as the options allow at once; empty at the end.
    pub(crate) fn next_slice(
        &mut self,
        store: &Store,
        options: &Options,
    ) -> Result<Slice, StoreError> {
        let mut slice = Vec::new();
        let mut bytes = 0;
        while slice.len() < options.slice_requests.max(1) && bytes < options.slice_bytes.max(1) {
            let Some(task) = self.tasks.get(self.next) else {
                break;
            };
            let request = store.request(task.key)?;
            bytes += text_bytes(&request);
            slice.push((RequestKey(self.next as u64), request));
            self.next += 1;
        }
        Ok(slice)
    }

    /// Where a task's outcome is kept, and the runs that need it: first the one it was asked for, then the others,
    /// as often as they need it.
    pub(crate) fn settle(
        &mut self,
        key: RequestKey,
    ) -> Option<(OutcomeKey, impl Iterator<Item = usize>)> {
        let place = usize::try_from(key.0).ok()?;
        let task = *self.tasks.get(place)?;
        let repeats = self.repeats.remove(&place).unwrap_or_default();
        Some((task.key, std::iter::once(task.run).chain(repeats)))
    }
}

fn text_bytes(request: &Request) -> usize {
    use holometer_core::Prompt;
    match request {
        Request::Generate { prompt: Prompt::Text(text), .. } => text.len(),
        Request::Generate { prompt: Prompt::Chat(messages), .. } => {
            messages.iter().map(|message| message.content.len()).sum()
        }
        Request::ScoreContinuation { context, continuation } => context.len() + continuation.len(),
    }
}
