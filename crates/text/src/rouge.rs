//! ROUGE (Lin 2004) as Google's `rouge-score` package computes it, with stemming.

use std::collections::HashMap;

use crate::porter::stem;

/// Precision, recall and their harmonic mean, each in [0, 1].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overlap {
    /// Shared units over units of the given text.
    pub precision: f64,
    /// Shared units over units of the reference.
    pub recall: f64,
    /// The harmonic mean; 0 when both are 0.
    pub f1: f64,
}

impl Overlap {
    fn new(shared: usize, reference: usize, given: usize) -> Self {
        let precision = shared as f64 / given.max(1) as f64;
        let recall = shared as f64 / reference.max(1) as f64;
        let sum = precision + recall;
        Self { precision, recall, f1: if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 } }
    }
}

/// Words for ROUGE: lower case, runs of a-z and 0-9, words over 3 letters stemmed.
pub fn tokenize(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit()))
        .filter(|word| !word.is_empty())
        .map(|word| if word.len() > 3 { stem(word) } else { word.to_owned() })
        .collect()
}

/// ROUGE-N on tokens, N at least 1.
pub fn rouge_n(reference: &[String], given: &[String], n: usize) -> Overlap {
    let in_reference = count(reference, n);
    let in_given = count(given, n);
    let shared =
        in_reference.iter().map(|(gram, times)| *times.min(in_given.get(gram).unwrap_or(&0))).sum();
    Overlap::new(shared, in_reference.values().sum(), in_given.values().sum())
}

/// ROUGE-L on tokens: the longest common subsequence.
pub fn rouge_l(reference: &[String], given: &[String]) -> Overlap {
    if reference.is_empty() || given.is_empty() {
        return Overlap::default();
    }
    Overlap::new(common_subsequence(reference, given), reference.len(), given.len())
}

/// The length of the longest common subsequence. Time in the product of the lengths, memory in the second's.
pub fn common_subsequence<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

fn count(tokens: &[String], n: usize) -> HashMap<&[String], usize> {
    let mut counts = HashMap::new();
    for gram in tokens.windows(n) {
        *counts.entry(gram).or_insert(0) += 1;
    }
    counts
}
