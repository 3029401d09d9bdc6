//! How far apart two samples of scores are as distributions, and whether a change moved the distribution more than chance does.
//!
//! The Wasserstein distance of order 1 is what LangFair and Huang and others (2020) call strict demographic parity. It forgets which
//! score belongs to which, so that changes which cancel are not seen, and it is above 0 by chance alone: it needs a test.

use rayon::prelude::*;

use crate::cluster::Clusters;
use crate::rng::Rng;

/// Up to this many clusters all exchanges are tried.
const EXACT_CLUSTERS: usize = 10;

/// The Wasserstein distance of order 1 between two samples of one size: the mean distance of their values in order of size. In the
/// scores' unit, 0 for equal distributions. `None` for samples of different sizes or without values.
pub fn wasserstein(one: &[f64], other: &[f64]) -> Option<f64> {
    if one.len() != other.len() || one.is_empty() {
        return None;
    }
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    let (one, other) = (sorted(one), sorted(other));
    let sum: f64 = one.iter().zip(&other).map(|(a, b)| (a - b).abs()).sum();
    Some(sum / one.len() as f64)
}

/// The p value that a change moved the distribution of scores: before and after are exchanged for whole clusters, and counted is how
/// often [`wasserstein`] is then at least as large. All exchanges are tried with at most 10 clusters, else `draws` random ones, where
/// the p value is (b + 1) / (draws + 1). All three lists have one entry per unit. `None` where there is no distance.
pub fn exchange_test(
    before: &[f64],
    after: &[f64],
    clusters: &[usize],
    draws: usize,
    seed: u64,
) -> Option<f64> {
    let observed = wasserstein(before, after)? * (1.0 - 1e-9);
    let clusters = Clusters::new(clusters);
    let of_unit = clusters.of_unit();
    let is_extreme = |exchanged: &dyn Fn(usize) -> bool| {
        let pick = |kept: &[f64], other: &[f64]| -> Vec<f64> {
            let pairs = kept.iter().zip(other).zip(of_unit);
            pairs.map(|((a, b), cluster)| if exchanged(*cluster) { *b } else { *a }).collect()
        };
        wasserstein(&pick(before, after), &pick(after, before)).is_some_and(|d| d >= observed)
    };
    if clusters.len() <= EXACT_CLUSTERS {
        let patterns = 1_usize << clusters.len();
        let extreme =
            (0..patterns).filter(|pattern| is_extreme(&|cluster| pattern >> cluster & 1 == 1));
        return Some(extreme.count() as f64 / patterns as f64);
    }
    let extreme = (0..draws as u64)
        .into_par_iter()
        .filter(|draw| {
            let mut rng = Rng::new(seed, *draw);
            let exchanged: Vec<bool> = (0..clusters.len()).map(|_| rng.unit() < 0.5).collect();
            is_extreme(&|cluster| exchanged[cluster])
        })
        .count();
    Some((extreme + 1) as f64 / (draws + 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_different_sizes_have_no_distance() {
        assert_eq!(wasserstein(&[1.0], &[1.0, 2.0]), None);
        assert_eq!(wasserstein(&[], &[]), None);
        assert_eq!(wasserstein(&[0.2, 0.9], &[0.9, 0.2]), Some(0.0));
    }

    #[test]
    fn exchanges_are_wrong_as_often_as_they_say_and_find_a_shift() {
        let rejected = |shift: f64, sets: u64| {
            (0..sets)
                .filter(|set| {
                    let mut rng = Rng::new(11, *set);
                    let before: Vec<f64> = (0..30).map(|_| rng.unit()).collect();
                    let after: Vec<f64> = (0..30).map(|_| rng.unit() + shift).collect();
                    let clusters: Vec<usize> = (0..30).map(|unit| unit / 2).collect();
                    exchange_test(&before, &after, &clusters, 199, *set).unwrap() <= 0.05
                })
                .count() as f64
                / sets as f64
        };
        let (null, shifted) = (rejected(0.0, 2000), rejected(0.4, 200));
        assert!((0.04..=0.06).contains(&null), "rejects {null} where nothing changes");
        assert!(shifted > 0.9, "finds {shifted} of the shifts");
        // Two clusters have four exchanges; of these the observed one and its mirror image are the most extreme.
        assert_eq!(exchange_test(&[0.0, 0.0], &[1.0, 1.0], &[0, 1], 99, 0), Some(0.5));
    }
}
