//! Which instances are asked, and which examples precede them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use holometer_core::{FewShot, Instance};
use holometer_pyrand::{NumpyRandom, PyRandom};

/// The instances of a run: all train instances, then the evaluated ones.
///
/// Where there are more evaluated instances than `max_eval_instances`, as many are drawn without replacement by NumPy's
/// legacy generator seeded with 0, in the order drawn, so that a smaller maximum gives a prefix of a larger one's
/// instances. `eval_splits` limits which instances are evaluated. Instances must be numbered before, because their ids
/// count the whole scenario.
pub fn sample_eval_instances(instances: Vec<Instance>, few_shot: &FewShot) -> Vec<Instance> {
    let is_wanted = |instance: &Instance| match &few_shot.eval_splits {
        Some(splits) => splits.contains(&instance.split),
        None => true,
    };
    let (mut chosen, others): (Vec<_>, Vec<_>) =
        instances.into_iter().partition(|instance| !instance.split.is_eval());
    let evaluated: Vec<Instance> = others.into_iter().filter(is_wanted).collect();
    let drawn = few_shot
        .max_eval_instances
        .filter(|count| *count < evaluated.len())
        .and_then(|count| NumpyRandom::new(0).choice_without_replacement(evaluated.len(), count));
    match drawn {
        None => chosen.extend(evaluated),
        Some(indices) => {
            let mut slots: Vec<Option<Instance>> = evaluated.into_iter().map(Some).collect();
            chosen.extend(indices.into_iter().filter_map(|index| slots[index].take()));
        }
    }
    chosen
}

/// The examples of one train trial, at most `max_train_instances`.
///
/// Sampled examples cover the labels (the text of the first right answer): labels are ordered by how many train
/// instances have them, ties shuffled, and each in turn gives one instance, until there are enough. Instances without a
/// label come only when labelled ones have run out. Unsampled examples are taken in order, each trial after the one
/// before.
pub(crate) fn train_examples(
    train: &[&Arc<Instance>],
    few_shot: &FewShot,
    trial: usize,
) -> Vec<Arc<Instance>> {
    let count = few_shot.max_train_instances.min(train.len());
    if !few_shot.sample_train {
        let in_order = train.iter().skip(count * trial).take(count);
        return in_order.map(|instance| Arc::clone(instance)).collect();
    }
    let mut random = PyRandom::from_int(trial as i64);
    let mut labelled: BTreeMap<&str, Vec<&Arc<Instance>>> = BTreeMap::new();
    let mut unlabelled: Vec<&Arc<Instance>> = Vec::new();
    for instance in train {
        match instance.first_correct_reference() {
            Some(reference) => labelled.entry(&reference.output.text).or_default().push(instance),
            None => unlabelled.push(instance),
        }
    }
    let mut examples = draw_by_label(&mut random, labelled, count);
    let missing = (count - examples.len()).min(unlabelled.len());
    examples.extend(random.sample(&unlabelled, missing).unwrap_or_default());
    examples.into_iter().map(Arc::clone).collect()
}

/// Draws one instance per label in turn. A label without text ends the drawing, as in HELM.
fn draw_by_label<'a>(
    random: &mut PyRandom,
    labelled: BTreeMap<&str, Vec<&'a Arc<Instance>>>,
    count: usize,
) -> Vec<&'a Arc<Instance>> {
    let order = labels_by_frequency(random, &labelled);
    let mut labelled = labelled;
    let mut turns: VecDeque<&str> = order.into();
    let mut examples = Vec::with_capacity(count);
    while examples.len() < count
        && let Some(label) = turns.pop_front().filter(|label| !label.is_empty())
    {
        let pool = labelled.entry(label).or_default();
        let index = random.randbelow(pool.len() as u64) as usize;
        examples.push(pool.remove(index));
        if !pool.is_empty() {
            turns.push_back(label);
        }
    }
    examples
}

fn labels_by_frequency<'a>(
    random: &mut PyRandom,
    labelled: &BTreeMap<&'a str, Vec<&Arc<Instance>>>,
) -> Vec<&'a str> {
    let mut by_count: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (label, instances) in labelled {
        by_count.entry(instances.len()).or_default().push(label);
    }
    let mut order = Vec::with_capacity(labelled.len());
    for mut labels in by_count.into_values().rev() {
        random.shuffle(&mut labels);
        order.extend(labels);
    }
    order
}
