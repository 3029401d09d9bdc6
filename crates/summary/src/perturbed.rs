//! The cells that compare perturbed copies with their originals: the originals of the instances that have a copy, and the
//! worst case over an instance and its copies.

use std::collections::BTreeMap;

use holometer_core::{Cell, InstanceId, MetricName, PerturbationName, Slice, Split, Value};

use crate::cells::{Options, UnitScores, mean_cell};

/// `original` and `worst` cells of each perturbation, and the worst case over all perturbations that count as robustness
/// or as fairness.
pub(crate) fn cells(units: &[UnitScores], options: &Options) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (name, members) in families(units) {
        let mut by_split: BTreeMap<Split, Family<'_>> = BTreeMap::new();
        for unit in members {
            by_split.entry(unit.split).or_default().copies.push(unit);
        }
        for (split, mut family) in by_split {
            family.originals = originals(units, &family.copies);
            cells.extend(family.cells(&name, split, options));
        }
    }
    cells
}

/// The copies that belong to each perturbation's name, and to the pooled names `robustness` and `fairness`.
fn families(units: &[UnitScores]) -> BTreeMap<PerturbationName, Vec<&UnitScores>> {
    let mut families: BTreeMap<PerturbationName, Vec<&UnitScores>> = BTreeMap::new();
    for unit in units {
        let Some(perturbation) = &unit.perturbation else { continue };
        families.entry(perturbation.name.clone()).or_default().push(unit);
        for (counts, pooled) in
            [(perturbation.robustness, "robustness"), (perturbation.fairness, "fairness")]
        {
            if counts && perturbation.name.as_str() != pooled {
                families.entry(PerturbationName::from(pooled)).or_default().push(unit);
            }
        }
    }
    families
}

/// The unperturbed units of the instances that have a copy.
fn originals<'a>(units: &'a [UnitScores], copies: &[&UnitScores]) -> Vec<&'a UnitScores> {
    let with_copy: std::collections::BTreeSet<&InstanceId> =
        copies.iter().map(|unit| &unit.instance).collect();
    units
        .iter()
        .filter(|unit| unit.perturbation.is_none() && with_copy.contains(&unit.instance))
        .collect()
}

#[derive(Default)]
struct Family<'a> {
    copies: Vec<&'a UnitScores>,
    originals: Vec<&'a UnitScores>,
}

impl Family<'_> {
    fn cells(&self, name: &PerturbationName, split: Split, options: &Options) -> Vec<Cell> {
        let slice = |computed_on: &str| Slice {
            split: Some(split),
            sub_split: None,
            perturbation: Some(name.clone()),
            computed_on: Some(computed_on.to_owned()),
        };
        let mut cells = Vec::new();
        for (metric, values) in by_metric(&self.originals) {
            cells.push(mean_cell(metric, &slice("original"), &values, options));
        }
        let everything: Vec<&UnitScores> =
            self.originals.iter().chain(&self.copies).copied().collect();
        for (metric, values) in by_metric(&everything) {
            let worst = worst(metric, &values, options);
            let values: Vec<(&UnitScores, &Value)> =
                worst.iter().map(|(unit, value)| (*unit, value)).collect();
            cells.push(mean_cell(metric, &slice("worst"), &values, options));
        }
        cells
    }
}

fn by_metric<'a>(
    units: &[&'a UnitScores],
) -> BTreeMap<&'a MetricName, Vec<(&'a UnitScores, &'a Value)>> {
    let mut by_metric: BTreeMap<&MetricName, Vec<(&UnitScores, &Value)>> = BTreeMap::new();
    for unit in units {
        for score in &unit.scores {
            by_metric.entry(&score.metric).or_default().push((unit, &score.value));
        }
    }
    by_metric
}

/// Per instance and trial, the worst value over the original and its copies.
fn worst<'a>(
    metric: &MetricName,
    values: &[(&'a UnitScores, &'a Value)],
    options: &Options,
) -> Vec<(&'a UnitScores, Value)> {
    let largest = options.lower_is_better.contains(metric) && !options.helm_compat;
    let mut worst: BTreeMap<(&InstanceId, usize), (&UnitScores, Value)> = BTreeMap::new();
    for (unit, value) in values {
        let key = (&unit.instance, unit.train_trial_index);
        let entry = worst.entry(key).or_insert_with(|| (*unit, (*value).clone()));
        let replace = match (&entry.1, value) {
            (Value::Number(old), Value::Number(new)) => (new < old) != largest && new != old,
            (Value::Unscored(_), Value::Number(_)) => true,
            (_, Value::Unscored(_)) => false,
        };
        if replace {
            *entry = (*unit, (*value).clone());
        }
    }
    worst.into_values().collect()
}
