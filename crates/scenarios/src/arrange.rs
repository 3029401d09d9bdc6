//! What happens to all instances of a scenario: seeded shuffles, cuts, splits by position.

use std::collections::HashSet;

use holometer_core::Instance;
use holometer_pyrand::{NumpyRandom, PyRandom, tables};

use crate::definition::{Arrange, Shuffle, Stream, Text, UniqueBy};
use crate::template::{Scope, TemplateError, applies, expression, value_of};

/// Applies every step in order.
pub(crate) fn arrange(
    steps: &[Arrange],
    scope: &Scope,
    instances: Vec<Instance>,
) -> Result<Vec<Instance>, TemplateError> {
    let mut instances = instances;
    for step in steps {
        if !applies(step.when.as_ref(), scope)? {
            continue;
        }
        instances = match step.only {
            None => one_step(step, scope, instances)?,
            Some(split) => {
                let (chosen, mut others): (Vec<_>, Vec<_>) =
                    instances.into_iter().partition(|instance| instance.split == split);
                others.extend(one_step(step, scope, chosen)?);
                others
            }
        };
    }
    Ok(instances)
}

fn one_step(
    step: &Arrange,
    scope: &Scope,
    instances: Vec<Instance>,
) -> Result<Vec<Instance>, TemplateError> {
    let mut instances = instances;
    if let Some(shuffle) = step.shuffle {
        instances = shuffled(shuffle, instances);
    }
    if let Some(by) = step.unique {
        keep_first(by, &mut instances);
    }
    if let Some(take) = &step.take {
        let count = count(take, scope, instances.len())?;
        instances.truncate(count);
    }
    if !step.splits.is_empty() {
        let length = instances.len();
        let mut at = 0;
        for range in &step.splits {
            let end = match &range.count {
                Some(text) => at + count(text, scope, length)?,
                None => length,
            };
            for instance in instances.iter_mut().take(end).skip(at) {
                instance.split = range.split;
            }
            at = end.min(length);
        }
    }
    if !step.order.is_empty() {
        instances.sort_by_key(|instance| {
            step.order.iter().position(|split| *split == instance.split).unwrap_or(step.order.len())
        });
    }
    Ok(instances)
}

/// A count, never below zero; fractions are cut off as by Python's `int`.
fn count(text: &Text, scope: &Scope, length: usize) -> Result<usize, TemplateError> {
    let mut scope = scope.clone();
    scope.insert("n".into(), length.into());
    let value = expression(text)?.eval(&value_of(&scope))?;
    let number = f64::try_from(value)
        .map_err(|_| TemplateError::say(text, format!("`{}` is no number", text.as_ref())))?;
    Ok(number.max(0.0) as usize)
}

fn shuffled(shuffle: Shuffle, instances: Vec<Instance>) -> Vec<Instance> {
    let order = order(shuffle, instances.len());
    let mut slots: Vec<Option<Instance>> = instances.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| slots[index].take()).collect()
}

/// Which of so many things comes first, second, ... after a seeded shuffle.
pub(crate) fn order(shuffle: Shuffle, length: usize) -> Vec<usize> {
    match shuffle.stream {
        Stream::Python => {
            let mut order: Vec<usize> = (0..length).collect();
            PyRandom::from_int(shuffle.seed as i64).shuffle(&mut order);
            order
        }
        Stream::NumpyLegacy => NumpyRandom::new(shuffle.seed as u32).permutation(length),
        Stream::HuggingFace => tables::dataset_shuffle(length, shuffle.seed),
    }
}

fn keep_first(by: UniqueBy, instances: &mut Vec<Instance>) {
    let mut seen = HashSet::new();
    instances.retain(|instance| {
        let key = match by {
            UniqueBy::Input => instance.input.text.clone(),
            UniqueBy::Answer => instance
                .first_correct_reference()
                .map(|reference| reference.output.text.clone())
                .unwrap_or_default(),
        };
        seen.insert(key)
    });
}
