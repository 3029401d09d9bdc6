//! Numbers for words, so that comparing two texts word by word compares numbers.

use std::hash::BuildHasherDefault;

use crate::quick::QuickMap;

/// The words of two texts as numbers; equal words, and only these, have equal numbers.
pub fn words<'a>(
    first: impl Iterator<Item = &'a str>,
    second: impl Iterator<Item = &'a str>,
) -> (Vec<u32>, Vec<u32>) {
    let mut known: QuickMap<&str, u32> =
        QuickMap::with_capacity_and_hasher(first.size_hint().0, BuildHasherDefault::default());
    let mut number = |word| {
        let next = known.len() as u32;
        *known.entry(word).or_insert(next)
    };
    let first = first.map(&mut number).collect();
    (first, second.map(number).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_have_equal_numbers() {
        let (first, second) = words(["a", "b", "a"].into_iter(), ["c", "b"].into_iter());
        assert_eq!((first, second), (vec![0, 1, 0], vec![2, 1]));
    }
}
