//! What the user selected: the same for `plan` and `run`.

use holometer_core::ArgValue;

use crate::plugin::SelectedModel;
use crate::suite::{SourcedEntry, SuiteFile};

/// The expander that `perturbations` stands for.
const AUGMENTATION: &str = "data_augmentation";

/// Entries, models and filters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// The suite's name.
    pub suite: Option<String>,
    /// The entries, in order.
    pub entries: Vec<SourcedEntry>,
    /// The models given by the user, in order.
    pub models: Vec<SelectedModel>,
    /// At most this many evaluated instances per run that sets no number of its own.
    pub max_instances: Option<usize>,
    /// How many draws of few-shot examples, for runs that have any.
    pub trials: Option<usize>,
    /// The named set of perturbations for entries without one of their own; `none` for none.
    pub perturbations: Option<String>,
    /// Only runs in one of these groups; empty: all.
    pub groups: Vec<String>,
    /// Only entries of this priority or a more important one (a lower number).
    pub max_priority: Option<u32>,
    /// Only these scenarios; empty: all.
    pub scenarios: Vec<String>,
}

impl Selection {
    /// Adds a file's entries. Of the file's settings only those count that the selection doesn't have yet, so flags
    /// go first; its perturbations concern its own entries alone. The file's models are the caller's to look up.
    pub fn add_file(&mut self, file: SuiteFile) {
        let perturbations = file.perturbations.filter(|_| self.perturbations.is_none());
        let entries =
            file.entries.into_iter().map(|entry| perturbed(entry, perturbations.as_deref()));
        self.entries.extend(entries);
        self.suite = self.suite.take().or(file.suite);
        self.max_instances = self.max_instances.or(file.max_instances);
        self.trials = self.trials.or(file.trials);
    }
}

/// An entry with a set of perturbations, if it has none of its own.
pub(crate) fn perturbed(mut entry: SourcedEntry, set: Option<&str>) -> SourcedEntry {
    let set = set.filter(|_| entry.entry.args.get(AUGMENTATION).is_none());
    if let Some(set) = set {
        entry.entry.args.set(AUGMENTATION, ArgValue::Text(set.to_owned()));
    }
    entry
}

/// The entry without a set of perturbations that means none.
pub(crate) fn without_none(mut entry: SourcedEntry) -> SourcedEntry {
    if entry.entry.args.text(AUGMENTATION).as_deref() == Some("none") {
        let at = entry.entry.args.0.iter().position(|(key, _)| key == AUGMENTATION);
        entry.entry.args.remove(AUGMENTATION);
        if let Some(at) = at.filter(|at| *at < entry.argument_positions.len()) {
            entry.argument_positions.remove(at);
        }
    }
    entry
}
