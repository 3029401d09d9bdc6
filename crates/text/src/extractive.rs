//! How much of a summary is copied from its source: the fragments of Grusky and others, *Newsroom* (NAACL 2018), and the
//! share of n-grams that the source does not have.

use std::collections::HashSet;
use std::hash::Hash;

/// A summary beside its source, both as words.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extractiveness {
    /// Words of the summary that belong to a copied fragment, over its words, in [0, 1].
    pub coverage: f64,
    /// Mean length of the fragment that a word of the summary belongs to.
    pub density: f64,
    /// Words of the source over words of the summary.
    pub compression: f64,
}

impl Extractiveness {
    /// Compares word by word; the caller settles upper and lower case. All zero for a summary without words.
    pub fn new<T: PartialEq>(source: &[T], summary: &[T]) -> Self {
        if summary.is_empty() {
            return Self::default();
        }
        let lengths = fragments(source, summary);
        let words = summary.len() as f64;
        Self {
            coverage: lengths.iter().sum::<usize>() as f64 / words,
            density: lengths.iter().map(|length| length * length).sum::<usize>() as f64 / words,
            compression: source.len() as f64 / words,
        }
    }
}

/// The lengths of the copied fragments: from left to right, the longest run of words that also occurs in the source.
fn fragments<T: PartialEq>(source: &[T], summary: &[T]) -> Vec<usize> {
    let mut lengths = Vec::new();
    let mut at = 0;
    while at < summary.len() {
        let mut longest = 0;
        let mut from = 0;
        while from < source.len() {
            let length = crate::edit::common_prefix(&summary[at..], &source[from..]);
            longest = longest.max(length);
            // As the reference implementation: the search goes on after what was matched.
            from += length.max(1);
        }
        if longest > 0 {
            lengths.push(longest);
        }
        at += longest.max(1);
    }
    lengths
}

/// The share of the summary's distinct n-grams that the source does not have, in [0, 1]; `None` for a summary of fewer than
/// n words.
pub fn novel_share<T: Eq + Hash>(source: &[T], summary: &[T], n: usize) -> Option<f64> {
    let known: HashSet<&[T]> = source.windows(n).collect();
    let used: HashSet<&[T]> = summary.windows(n).collect();
    let novel = used.iter().filter(|gram| !known.contains(**gram)).count();
    (!used.is_empty()).then(|| novel as f64 / used.len() as f64)
}
