//! Comparing answers that list things, such as `Bob is cold and kind.` (HELM's synthetic reasoning in natural language).

use std::collections::BTreeSet;

/// The things an answer lists: what follows the last ` is `, cut at ` and `, full stops removed. `Nothing.` is the empty set.
pub fn listed(text: &str) -> BTreeSet<String> {
    if text == "Nothing." {
        return BTreeSet::new();
    }
    let bare = text.replace('.', "");
    let list = bare.rsplit(" is ").next().unwrap_or(&bare);
    list.split(" and ").map(str::to_owned).collect()
}

/// Whether both list the same things. Of the given answer, only the first line counts.
pub fn exact(gold: &str, given: &str) -> f64 {
    let (gold, given) = pair(gold, given);
    f64::from(u8::from(gold == given))
}

/// Things in both over things in either, in [0, 1].
pub fn intersection_over_union(gold: &str, given: &str) -> f64 {
    let (gold, given) = pair(gold, given);
    if gold.is_empty() {
        return f64::from(u8::from(given.is_empty()));
    }
    gold.intersection(&given).count() as f64 / gold.union(&given).count() as f64
}

/// The F1 score of the two sets, in [0, 1].
pub fn f1(gold: &str, given: &str) -> f64 {
    let (gold, given) = pair(gold, given);
    if gold.is_empty() {
        return f64::from(u8::from(given.is_empty()));
    }
    2.0 * gold.intersection(&given).count() as f64 / (gold.len() + given.len()) as f64
}

fn pair(gold: &str, given: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    (listed(gold), listed(given.split('\n').next().unwrap_or(given)))
}
