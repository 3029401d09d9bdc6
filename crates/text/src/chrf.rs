//! chrF: the F score of character n-grams (Popović, *chrF: character n-gram F-score for automatic MT evaluation*, WMT 2015)
//! and chrF++, with word n-grams too, as the `sacrebleu` package computes them with its defaults. From 0 to 100.

use std::collections::HashMap;
use std::hash::Hash;

use crate::python::split;

/// The longest n-grams of characters.
const CHARACTERS: usize = 6;
/// Recall counts twice as much as precision.
const BETA_SQUARED: f64 = 4.0;
/// Stands for a precision or recall without any n-grams.
const TINY: f64 = 1e-16;

/// chrF: n-grams of one to six characters, white space removed. With several references, the best counts.
pub fn chrf(references: &[&str], given: &str) -> f64 {
    best(references, given, 0)
}

/// chrF++: as [`chrf`], with single words and pairs of words.
pub fn chrf_plus_plus(references: &[&str], given: &str) -> f64 {
    best(references, given, 2)
}

fn best(references: &[&str], given: &str, word_order: usize) -> f64 {
    let given = Units::new(given);
    references
        .iter()
        .map(|reference| score(&Units::new(reference), &given, word_order))
        .fold(0.0, f64::max)
}

/// A text as characters and as words.
struct Units {
    characters: Vec<char>,
    words: Vec<String>,
}

impl Units {
    fn new(text: &str) -> Self {
        let characters = split(text).flat_map(str::chars).collect();
        Self { characters, words: split(text).flat_map(without_punctuation).collect() }
    }
}

/// A word, and the punctuation mark at its end or else at its beginning.
fn without_punctuation(word: &str) -> Vec<String> {
    let mark = |c: char| c.is_ascii_punctuation();
    let mut characters = word.chars();
    let (Some(first), Some(last)) = (characters.next(), characters.next_back()) else {
        return vec![word.to_owned()];
    };
    if mark(last) {
        let end = word.len() - last.len_utf8();
        vec![word[..end].to_owned(), word[end..].to_owned()]
    } else if mark(first) {
        vec![first.to_string(), word[first.len_utf8()..].to_owned()]
    } else {
        vec![word.to_owned()]
    }
}

/// N-grams of one length: how many the given text has, how many the reference has, how many they share.
struct Matches {
    given: f64,
    reference: f64,
    shared: f64,
}

fn matches<T: Eq + Hash>(reference: &[T], given: &[T], n: usize) -> Matches {
    let mut left: HashMap<&[T], usize> = HashMap::new();
    for gram in reference.windows(n) {
        *left.entry(gram).or_default() += 1;
    }
    let grams = |units: &[T]| (units.len() + 1).saturating_sub(n) as f64;
    let reference_grams = grams(reference);
    let mut shared = 0.0;
    for gram in given.windows(n) {
        if let Some(times) = left.get_mut(gram).filter(|times| **times > 0) {
            *times -= 1;
            shared += 1.0;
        }
    }
    // Without n-grams in the reference, those of the given text do not count.
    let given = if reference_grams > 0.0 { grams(given) } else { 0.0 };
    Matches { given, reference: reference_grams, shared }
}

fn score(reference: &Units, given: &Units, word_order: usize) -> f64 {
    let characters = (1..=CHARACTERS).map(|n| matches(&reference.characters, &given.characters, n));
    let words = (1..=word_order).map(|n| matches(&reference.words, &given.words, n));
    let (mut precision, mut recall, mut lengths) = (0.0, 0.0, 0.0);
    for counted in characters.chain(words) {
        if counted.given > 0.0 && counted.reference > 0.0 {
            precision += counted.shared / counted.given;
            recall += counted.shared / counted.reference;
            lengths += 1.0;
        }
    }
    if lengths == 0.0 || precision + recall < TINY {
        return 0.0;
    }
    let (precision, recall) = (precision / lengths, recall / lengths);
    100.0 * (1.0 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall)
}
