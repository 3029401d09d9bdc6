//! ROUGE (Lin 2004) as Google's `rouge-score` package computes it, with stemming.

use std::hash::{BuildHasherDefault, Hash};

use crate::porter;
use crate::quick::QuickMap;

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
    Words::new(text).iter().map(str::to_owned).collect()
}

/// What [`tokenize`] gives, in one piece of memory.
pub struct Words {
    joined: String,
    /// Where each word ends in `joined`.
    ends: Vec<usize>,
}

impl Words {
    /// The words of a text.
    pub fn new(text: &str) -> Self {
        let lowered = text.to_lowercase();
        let mut words = Self {
            joined: String::with_capacity(lowered.len()),
            ends: Vec::with_capacity(lowered.len() / 4),
        };
        let mut stemmed = String::new();
        // Parts that are not empty are ASCII, so that none begins or ends within a character.
        let parts =
            lowered.as_bytes().split(|byte| !(byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        let mut at = 0;
        for part in parts {
            let start = at;
            at += part.len() + 1;
            if part.is_empty() {
                continue;
            }
            let word = &lowered[start..start + part.len()];
            if word.len() > 3 {
                stemmed.clear();
                stemmed.push_str(word);
                porter::reduce(&mut stemmed);
                words.push(&stemmed);
            } else {
                words.push(word);
            }
        }
        words
    }

    fn push(&mut self, word: &str) {
        self.joined.push_str(word);
        self.ends.push(self.joined.len());
    }

    /// The words in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.joined[start..*end])
    }
}

/// ROUGE-N on tokens, N at least 1.
pub fn rouge_n<T: Eq + Hash>(reference: &[T], given: &[T], n: usize) -> Overlap {
    let in_reference = count(reference, n);
    let in_given = count(given, n);
    let shared =
        in_reference.iter().map(|(gram, times)| *times.min(in_given.get(gram).unwrap_or(&0))).sum();
    Overlap::new(shared, in_reference.values().sum(), in_given.values().sum())
}

/// ROUGE-L on tokens: the longest common subsequence.
pub fn rouge_l<T: Eq + Hash>(reference: &[T], given: &[T]) -> Overlap {
    if reference.is_empty() || given.is_empty() {
        return Overlap::default();
    }
    Overlap::new(common_subsequence(reference, given), reference.len(), given.len())
}

/// The length of the longest common subsequence, 64 elements at a time (Hyyrö, *Bit-parallel LCS-length computation
/// revisited*, 2004): bit i of the state is 0 where the i-th element of `a` lengthens the subsequence.
pub fn common_subsequence<T: Eq + Hash>(a: &[T], b: &[T]) -> usize {
    let blocks = a.len().div_ceil(64);
    // For each element, in which of `masks`' rows it has its places in `a`.
    let mut rows: QuickMap<&T, usize> =
        QuickMap::with_capacity_and_hasher(a.len(), BuildHasherDefault::default());
    let mut masks: Vec<u64> = Vec::with_capacity(a.len() * blocks);
    for (at, x) in a.iter().enumerate() {
        let row = *rows.entry(x).or_insert_with(|| {
            masks.resize(masks.len() + blocks, 0);
            masks.len() - blocks
        });
        masks[row + at / 64] |= 1 << (at % 64);
    }
    let mut state = vec![u64::MAX; blocks];
    for y in b {
        let Some(&row) = rows.get(y) else { continue };
        let mut carry = false;
        for (block, bits) in state.iter_mut().zip(&masks[row..row + blocks]) {
            let (sum, over) = block.overflowing_add(*block & bits);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            carry = over || over_again;
            *block = sum | (*block & !bits);
        }
    }
    let kept = |(at, block): (usize, &u64)| {
        let used = (a.len() - at * 64).min(64);
        let mask = if used == 64 { u64::MAX } else { (1 << used) - 1 };
        (!block & mask).count_ones() as usize
    };
    state.iter().enumerate().map(kept).sum()
}

fn count<T: Eq + Hash>(tokens: &[T], n: usize) -> QuickMap<&[T], usize> {
    let mut counts =
        QuickMap::with_capacity_and_hasher(tokens.len(), BuildHasherDefault::default());
    for gram in tokens.windows(n) {
        *counts.entry(gram).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The textbook's table.
    fn table(a: &[u8], b: &[u8]) -> usize {
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

    #[test]
    fn subsequences_longer_than_a_word_of_bits_are_as_long_as_in_the_table() {
        let mut state = 7_u32;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        for _ in 0..300 {
            let letters = 2 + next(5);
            let mut text = |most: u32| -> Vec<u8> {
                let length = next(most);
                (0..length).map(|_| next(letters) as u8).collect()
            };
            let (a, b) = (text(260), text(200));
            assert_eq!(common_subsequence(&a, &b), table(&a, &b), "{a:?} {b:?}");
        }
    }
}
