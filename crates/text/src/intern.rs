//! Numbers for words, so that comparing two texts word by word compares numbers.

use std::hash::BuildHasherDefault;

use crate::quick::QuickMap;

/// The words of two texts as numbers; equal words, and only these, have equal numbers.
pub fn words(first: &[String], second: &[String]) -> (Vec<u32>, Vec<u32>) {
    let mut known: QuickMap<&str, u32> =
        QuickMap::with_capacity_and_hasher(first.len(), BuildHasherDefault::default());
    let mut number = |word| {
        let next = known.len() as u32;
        *known.entry(word).or_insert(next)
    };
    let first = first.iter().map(|word| number(word.as_str())).collect();
    (first, second.iter().map(|word| number(word.as_str())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_have_equal_numbers() {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let (first, second) = words(&list(&["a", "b", "a"]), &list(&["c", "b"]));
        assert_eq!((first, second), (vec![0, 1, 0], vec![2, 1]));
    }
}
