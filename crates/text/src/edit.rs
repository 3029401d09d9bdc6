//! Edit distance, and the error rates of speech recognition that rest on it.

use crate::python::split;

/// The least number of insertions, deletions and replacements that turn one sequence into the other (Levenshtein 1966).
pub fn distance<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Word error rate: word edits over words of the reference; may exceed 1. `None` when the reference has no words.
pub fn word_error_rate(reference: &str, given: &str) -> Option<f64> {
    let reference: Vec<&str> = split(reference).collect();
    let given: Vec<&str> = split(given).collect();
    rate(&reference, &given)
}

/// Character error rate: character edits over characters of the reference; may exceed 1. `None` when it is empty.
pub fn character_error_rate(reference: &str, given: &str) -> Option<f64> {
    let reference: Vec<char> = reference.chars().collect();
    let given: Vec<char> = given.chars().collect();
    rate(&reference, &given)
}

/// One minus the distance over the longer length, in [0, 1]; 1 for two empty sequences.
pub fn similarity<T: PartialEq>(a: &[T], b: &[T]) -> f64 {
    let longest = a.len().max(b.len());
    if longest == 0 { 1.0 } else { 1.0 - distance(a, b) as f64 / longest as f64 }
}

/// How many elements two sequences share at the beginning.
pub fn common_prefix<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

fn rate<T: PartialEq>(reference: &[T], given: &[T]) -> Option<f64> {
    (!reference.is_empty()).then(|| distance(reference, given) as f64 / reference.len() as f64)
}
