//! BLEU of one sentence (Papineni and others 2002) as NLTK's `sentence_bleu` computes it with one reference and without
//! smoothing.

use std::hash::{BuildHasherDefault, Hash};

use crate::quick::QuickMap;

/// The weighted geometric mean of modified n-gram precisions times the brevity penalty, in [0, 1]. `weights[n - 1]` is
/// the weight of n-grams of length n. 0 when no word is shared. A precision of 0 counts as the smallest positive double, so the
/// result is then about 0 but not quite.
pub fn sentence_bleu<T: Eq + Hash>(reference: &[T], given: &[T], weights: &[f64]) -> f64 {
    let single = modified_precision(reference, given, 1);
    if weights.is_empty() || single.0 == 0 {
        return 0.0;
    }
    let logs: f64 = weights
        .iter()
        .zip(1..)
        .filter(|(weight, _)| **weight != 0.0)
        .map(|(weight, n)| {
            let (shared, total) =
                if n == 1 { single } else { modified_precision(reference, given, n) };
            let precision =
                if shared == 0 { f64::MIN_POSITIVE } else { shared as f64 / total as f64 };
            weight * precision.ln()
        })
        .sum();
    brevity_penalty(reference.len(), given.len()) * logs.exp()
}

/// Shared n-grams, each counted at most as often as in the reference, and all n-grams of the given text (at least 1).
pub(crate) fn modified_precision<T: Eq + Hash>(
    reference: &[T],
    given: &[T],
    n: usize,
) -> (usize, usize) {
    let mut available: QuickMap<&[T], usize> =
        QuickMap::with_capacity_and_hasher(reference.len(), BuildHasherDefault::default());
    for gram in reference.windows(n) {
        *available.entry(gram).or_insert(0) += 1;
    }
    let mut shared = 0;
    let mut total = 0;
    for gram in given.windows(n) {
        total += 1;
        if let Some(left) = available.get_mut(gram).filter(|left| **left > 0) {
            *left -= 1;
            shared += 1;
        }
    }
    (shared, total.max(1))
}

pub(crate) fn brevity_penalty(reference: usize, given: usize) -> f64 {
    if given > reference {
        1.0
    } else if given == 0 {
        0.0
    } else {
        (1.0 - reference as f64 / given as f64).exp()
    }
}
