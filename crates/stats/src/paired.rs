//! Tests of two systems on the same units.

use rayon::prelude::*;

use crate::cluster::Clusters;
use crate::distribution::{binomial_cdf, normal_cdf, t_two_sided};
use crate::rng::Rng;

/// Up to this many clusters all sign patterns are tried.
pub const EXACT_CLUSTERS: usize = 16;

/// Random sign patterns that one thread tries at a time.
const BATCH: usize = 1000;

/// The outcome of a sign-flip test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignFlip {
    /// The two-sided p value, in (0, 1].
    pub p_value: f64,
    /// Whether all sign patterns were tried.
    pub exact: bool,
    /// How many clusters.
    pub clusters: usize,
}

/// The paired sign-flip permutation test that the mean difference is 0. Under the null hypothesis the two systems are
/// exchangeable within each cluster, so all differences of a cluster may change sign together. `differences` and `clusters` have one
/// entry per unit. All 2^G patterns are tried when there are at most [`EXACT_CLUSTERS`] clusters; else `draws` random ones, and
/// the p value is (b + 1) / (draws + 1) (Phipson and Smyth 2010). `None` without units.
pub fn sign_flip(
    differences: &[f64],
    clusters: &[usize],
    draws: usize,
    seed: u64,
) -> Option<SignFlip> {
    if differences.is_empty() {
        return None;
    }
    let sums = Clusters::new(clusters).sums(differences);
    let observed = sums.iter().sum::<f64>().abs();
    // Sums of the same numbers in another order differ by rounding; they count as equal.
    let threshold = observed - 1e-9 * sums.iter().map(|sum| sum.abs()).sum::<f64>();
    let groups = sums.len();
    if groups <= EXACT_CLUSTERS {
        let patterns = 1_usize << groups;
        let extreme = (0..patterns)
            .filter(|pattern| {
                let flipped: f64 = sums
                    .iter()
                    .enumerate()
                    .map(|(bit, sum)| if pattern >> bit & 1 == 1 { -sum } else { *sum })
                    .sum();
                flipped.abs() >= threshold
            })
            .count();
        let p_value = extreme as f64 / patterns as f64;
        return Some(SignFlip { p_value, exact: true, clusters: groups });
    }
    // A stream of random numbers per batch of patterns, so that the result does not depend on the number of threads.
    let extreme: usize = (0..draws.div_ceil(BATCH))
        .into_par_iter()
        .map(|batch| {
            let mut rng = Rng::new(seed, batch as u64);
            let size = BATCH.min(draws - batch * BATCH);
            (0..size).filter(|_| flipped(&sums, &mut rng).abs() >= threshold).count()
        })
        .sum();
    let p_value = (extreme + 1) as f64 / (draws + 1) as f64;
    Some(SignFlip { p_value, exact: false, clusters: groups })
}

fn flipped(sums: &[f64], rng: &mut Rng) -> f64 {
    let mut total = 0.0;
    for chunk in sums.chunks(64) {
        let signs = rng.bits();
        for (bit, sum) in chunk.iter().enumerate() {
            total += if signs >> bit & 1 == 1 { -sum } else { *sum };
        }
    }
    total
}

/// The outcome of McNemar's test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct McNemar {
    /// The exact two-sided binomial p value.
    pub exact: f64,
    /// The mid-p value, less conservative (Fagerland and others 2013).
    pub mid: f64,
    /// The p value of the chi-squared statistic with continuity correction.
    pub chi_squared: f64,
}

/// McNemar's test of two classifiers on the same independent units: `only_first` units only the first got right,
/// `only_second` only the second. Not for clustered units: use [`sign_flip`] there.
pub fn mcnemar(only_first: usize, only_second: usize) -> McNemar {
    let n = only_first + only_second;
    if n == 0 {
        return McNemar { exact: 1.0, mid: 1.0, chi_squared: 1.0 };
    }
    let smaller = only_first.min(only_second);
    let at_most = binomial_cdf(smaller, n, 0.5);
    let fewer = if smaller == 0 { 0.0 } else { binomial_cdf(smaller - 1, n, 0.5) };
    let gap = only_first.abs_diff(only_second) as f64;
    let statistic = (gap - 1.0).powi(2) / n as f64;
    McNemar {
        exact: (2.0 * at_most).min(1.0),
        mid: (at_most + fewer).min(1.0),
        chi_squared: 2.0 * normal_cdf(-statistic.sqrt()),
    }
}

/// The outcome of a t test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TTest {
    /// The mean difference.
    pub mean: f64,
    /// Its standard error, cluster-robust.
    pub standard_error: f64,
    /// Degrees of freedom: clusters less one.
    pub degrees_of_freedom: f64,
    /// Two-sided.
    pub p_value: f64,
}

/// The paired t test with the cluster-robust standard error. `None` with fewer than two clusters or without any spread.
pub fn paired_t(differences: &[f64], clusters: &[usize]) -> Option<TTest> {
    let summary = Clusters::new(clusters).summarise(differences)?;
    if summary.standard_error == 0.0 {
        return None;
    }
    let degrees_of_freedom = summary.degrees_of_freedom();
    Some(TTest {
        mean: summary.mean,
        standard_error: summary.standard_error,
        degrees_of_freedom,
        p_value: t_two_sided(summary.mean / summary.standard_error, degrees_of_freedom),
    })
}
