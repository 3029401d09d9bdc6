//! References of classification tasks in which the wrong classes are references, too: HELM draws them at random, for all
//! instances of a run from one stream.

use std::collections::BTreeSet;

use holometer_core::Reference;
use holometer_pyrand::PyRandom;
use serde_json::Value;

/// HELM shows no more wrong classes than this.
const MOST_WRONG: usize = 30;

/// At most 30 of the wrong answers, in random order. Draws even for an empty list, like HELM.
pub(crate) fn drawn_wrong(random: &mut PyRandom, wrong: Vec<String>) -> Vec<Reference> {
    let mut wrong = wrong;
    random.shuffle(&mut wrong);
    wrong.truncate(MOST_WRONG);
    wrong.into_iter().map(Reference::wrong).collect()
}

/// The classes that are not among the right ones, in their order.
pub(crate) fn wrong_classes(classes: &[String], right: &[String]) -> Vec<String> {
    classes.iter().filter(|class| !right.contains(class)).cloned().collect()
}

/// Every number in a column of lists, as text, in the order of texts (Python's `sorted` over `str`).
pub(crate) fn classes_seen<'a>(rows: impl Iterator<Item = &'a Value>, column: &str) -> Vec<String> {
    let mut classes = BTreeSet::new();
    for row in rows {
        classes.extend(row[column].as_array().into_iter().flatten().map(ToString::to_string));
    }
    classes.into_iter().collect()
}
