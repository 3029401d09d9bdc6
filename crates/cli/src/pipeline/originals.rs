//! Changed copies of questions, compared with their originals.

use std::collections::BTreeMap;

use holometer_core::{Findings, Inquiry, InstanceId, Score, Unit};
use holometer_metrics::counterfactual;
use holometer_store::StoredUnit;

/// The answers to the original questions, by instance and trial.
#[derive(Default)]
pub(crate) struct Originals {
    texts: BTreeMap<(InstanceId, usize), Result<Vec<String>, String>>,
}

impl Originals {
    /// For a changed copy, what is asked about its answer and the original's.
    pub(crate) fn inquiry(&mut self, unit: &StoredUnit, view: &Unit<'_>) -> Option<Inquiry> {
        if unit.instance.perturbation.is_none() {
            self.compared(unit, view);
            return None;
        }
        let original = self.texts.get(&(unit.instance.id.clone(), unit.id.trial))?;
        counterfactual::inquiry(original, view)
    }

    /// For a changed copy, the cosine of its answer and the original's.
    pub(crate) fn cosine(
        &self,
        unit: &StoredUnit,
        view: &Unit<'_>,
        findings: &dyn Findings,
    ) -> Option<Score> {
        unit.instance.perturbation.as_ref()?;
        let original = self.texts.get(&(unit.instance.id.clone(), unit.id.trial))?;
        counterfactual::cosine(original, view, findings)
    }

    /// For a changed copy, its answers compared with the original's; an original is kept for its copies, which come after it.
    pub(crate) fn compared(&mut self, unit: &StoredUnit, view: &Unit<'_>) -> Vec<Score> {
        let key = (unit.instance.id.clone(), unit.id.trial);
        if unit.instance.perturbation.is_some() {
            let original = self.texts.get(&key);
            return original.map_or_else(Vec::new, |texts| counterfactual::scores(texts, view));
        }
        if let Some(texts) = counterfactual::texts_to_compare(view) {
            self.texts.insert(key, texts);
        }
        Vec::new()
    }
}
