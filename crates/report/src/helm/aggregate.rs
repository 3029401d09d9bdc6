//! From the statistics of units to those of a run, as HELM does it (`metrics/metric.py`): within each trial the mean over
//! instances and the worst cases over perturbations, then one count per trial.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use holometer_core::{Cell, InstanceId, PerturbationDescription, PerturbationName};

use super::instance::write_perturbation;
use super::stat::{Stat, StatName, UnitStats};

/// What the worst of several values is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Worst {
    /// HELM's: the smallest value, for every metric.
    Smallest,
    /// The largest value of these metrics, for which smaller is better; the smallest of all others.
    LargestOf(BTreeSet<String>),
    /// There are no worst cases, as in HELM's language modelling.
    Not,
}

/// Statistics by name and context, in the order in which they came up.
#[derive(Default)]
struct Table {
    stats: Vec<Stat>,
    places: HashMap<String, usize>,
}

impl Table {
    fn merge(&mut self, stat: &Stat) {
        let key = key(&stat.name);
        if let Some(place) = self.places.get(&key) {
            self.stats[*place].merge(stat);
        } else {
            self.places.insert(key, self.stats.len());
            self.stats.push(stat.clone());
        }
    }
}

/// A name with its context as a text.
fn key(name: &StatName) -> String {
    format!("{}\u{0}{}", name.name, context_key(name))
}

fn context_key(name: &StatName) -> String {
    let perturbation =
        name.perturbation.as_ref().map(|perturbation| write_perturbation(perturbation).to_string());
    format!("{:?}\u{0}{:?}\u{0}{}", name.split, name.sub_split, perturbation.unwrap_or_default())
}

/// The statistics of a run. Perplexity and its relatives are derived where the sums that they need are there.
pub fn aggregate(units: &[UnitStats], worst: &Worst) -> Vec<Stat> {
    let mut by_trial: BTreeMap<usize, Vec<&UnitStats>> = BTreeMap::new();
    for unit in units {
        by_trial.entry(unit.train_trial_index).or_default().push(unit);
    }
    let mut run = Table::default();
    for units in by_trial.into_values() {
        let mut trial = Table::default();
        for stat in units.iter().flat_map(|unit| &unit.stats) {
            trial.merge(stat);
        }
        for stat in ratios(&trial) {
            trial.merge(&stat);
        }
        if *worst != Worst::Not {
            worst_cases(&units, worst, &mut trial);
        }
        for stat in &trial.stats {
            run.merge(&stat.take_mean());
        }
    }
    run.stats
}

/// How many instances each context has, one count per trial: HELM's `num_instances`.
pub fn instance_counts(units: &[UnitStats]) -> Vec<Stat> {
    let mut by_trial: BTreeMap<usize, BTreeMap<String, (StatName, BTreeSet<&InstanceId>)>> =
        BTreeMap::new();
    for unit in units {
        let Some(stat) = unit.stats.first() else { continue };
        let name = StatName { name: "num_instances".to_owned(), ..stat.name.clone() };
        let trial = by_trial.entry(unit.train_trial_index).or_default();
        let context = trial.entry(context_key(&name)).or_insert_with(|| (name, BTreeSet::new()));
        context.1.insert(&unit.instance_id);
    }
    let mut run = Table::default();
    for (name, ids) in by_trial.into_values().flat_map(BTreeMap::into_values) {
        run.merge(&Stat::of(name, ids.len() as f64));
    }
    run.stats
}

/// Perplexity, bits per byte and log-probability per byte of each context.
fn ratios(trial: &Table) -> Vec<Stat> {
    let mut ratios = Vec::new();
    for logprob in trial.stats.iter().filter(|stat| stat.name.name == "logprob") {
        let named = |name: &str| StatName { name: name.to_owned(), ..logprob.name.clone() };
        let sum = |name: &str| {
            trial.places.get(&key(&named(name))).map_or(0.0, |place| trial.stats[*place].sum)
        };
        let (tokens, bytes) = (sum("num_perplexity_tokens"), sum("num_bytes"));
        if tokens > 0.0 {
            ratios.push(Stat::of(named("perplexity"), (-logprob.sum / tokens).exp()));
        }
        if bytes > 0.0 {
            let bits = -logprob.sum / bytes / std::f64::consts::LN_2;
            ratios.push(Stat::of(named("bits_per_byte"), bits));
            ratios.push(Stat::of(named("logprob_per_byte"), logprob.sum / bytes));
        }
    }
    ratios
}

/// What is known about one metric of one instance: the original and its perturbed copies.
#[derive(Default)]
struct Family<'a> {
    original: Option<&'a Stat>,
    copies: Vec<&'a Stat>,
}

/// Adds the worst cases of a trial, and the originals of the instances that have a copy. HELM's pooled `robustness` and
/// `fairness` include the original, so that they are there without any perturbation, too.
fn worst_cases(units: &[&UnitStats], worst: &Worst, trial: &mut Table) {
    let mut families: Vec<Family<'_>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for unit in units {
        for stat in &unit.stats {
            let name = StatName { perturbation: None, ..stat.name.clone() };
            let place = *places
                .entry(format!("{}\u{0}{}", key(&name), unit.instance_id))
                .or_insert_with(|| {
                    families.push(Family::default());
                    families.len() - 1
                });
            let family = &mut families[place];
            if stat.name.perturbation.is_some() {
                family.copies.push(stat);
            } else {
                family.original = Some(stat);
            }
        }
    }
    for family in &families {
        for case in cases(family) {
            if let Some(before) = &case.before {
                trial.merge(before);
            }
            let largest =
                matches!(worst, Worst::LargestOf(names) if names.contains(&case.all.name.name));
            let value = if largest { case.all.max } else { case.all.min };
            if let Some(value) = value {
                trial.merge(&Stat::of(case.all.name.clone(), value));
            }
        }
    }
}

/// A perturbation, or a pool of them, with everything about one instance.
struct Case {
    /// Everything, under the name of the worst case.
    all: Stat,
    /// The original, under the perturbation's name; not for pools.
    before: Option<Stat>,
}

fn cases(family: &Family<'_>) -> Vec<Case> {
    let Some(any) = family.original.or(family.copies.first().copied()) else { return Vec::new() };
    let mut cases = Vec::new();
    for pool in ["robustness", "fairness"] {
        let description = pooled(pool);
        let members = family.copies.iter().filter(|stat| {
            let counts = |description: &PerturbationDescription| {
                if pool == "robustness" { description.robustness } else { description.fairness }
            };
            stat.name.perturbation.as_ref().is_some_and(counts)
        });
        cases.push(Case {
            all: together(any, description, members.copied(), family.original),
            before: None,
        });
    }
    for copy in &family.copies {
        let Some(description) = copy.name.perturbation.clone() else { continue };
        let original =
            PerturbationDescription { computed_on: "original".to_owned(), ..description.clone() };
        let before = family.original.map(|stat| Stat {
            name: StatName { perturbation: Some(original), ..stat.name.clone() },
            ..stat.clone()
        });
        let worst = PerturbationDescription { computed_on: "worst".to_owned(), ..description };
        cases.push(Case {
            all: together(any, worst, std::iter::once(*copy), family.original),
            before,
        });
    }
    cases
}

fn together<'a>(
    any: &Stat,
    description: PerturbationDescription,
    copies: impl Iterator<Item = &'a Stat>,
    original: Option<&'a Stat>,
) -> Stat {
    let name = StatName { perturbation: Some(description), ..any.name.clone() };
    let mut all = Stat { name, ..Stat::default() };
    for stat in copies.chain(original) {
        all.merge(stat);
    }
    all
}

/// The description of HELM's pooled perturbations.
fn pooled(name: &str) -> PerturbationDescription {
    PerturbationDescription {
        name: PerturbationName::from(name),
        robustness: name == "robustness",
        fairness: name == "fairness",
        computed_on: "worst".to_owned(),
        seed: None,
        parameters: BTreeMap::new(),
    }
}

/// The statistics of a run that are not means over its units (ratios of sums, bias scores), from its report's cells: those
/// that `stats` does not have yet.
pub fn stats_of_cells(cells: &[Cell], units: &[UnitStats], stats: &[Stat]) -> Vec<Stat> {
    let known: BTreeSet<&str> = stats.iter().map(|stat| stat.name.name.as_str()).collect();
    let has_sub_splits =
        units.iter().flat_map(|unit| &unit.stats).any(|stat| stat.name.sub_split.is_some());
    let mut more = Vec::new();
    for cell in cells {
        let (Some(split), Some(estimate)) = (cell.slice.split, &cell.estimate) else { continue };
        let slice = &cell.slice;
        // HELM's contexts are the smallest ones: it does not pool sub-splits.
        if known.contains(cell.metric.as_str()) || (has_sub_splits && slice.sub_split.is_none()) {
            continue;
        }
        let perturbation = slice.perturbation.as_ref().map(|name| {
            let mut description = units
                .iter()
                .filter_map(|unit| unit.perturbation.as_ref())
                .find(|perturbation| perturbation.name == *name)
                .cloned()
                .unwrap_or_else(|| pooled(name.as_str()));
            description.computed_on =
                slice.computed_on.clone().unwrap_or_else(|| "perturbed".to_owned());
            description
        });
        let name = StatName {
            name: cell.metric.to_string(),
            split: Some(split.as_str().to_owned()),
            sub_split: slice.sub_split.clone(),
            perturbation,
        };
        more.push(Stat::of(name, estimate.value));
    }
    more
}
