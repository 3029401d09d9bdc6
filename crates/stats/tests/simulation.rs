//! What the intervals and tests promise, measured on simulated data: coverage, false positives, power.

use holometer_stats::rng::Rng;
use holometer_stats::{
    bootstrap_totals, mean_interval, paired, power, proportion_interval, wilson,
};
use rayon::prelude::*;

const DATA_SETS: u64 = 2_000;

/// The share of simulated data sets for which `hit` says yes.
fn share(hit: impl Fn(&mut Rng) -> bool + Sync) -> f64 {
    let hits =
        (0..DATA_SETS).into_par_iter().filter(|&set| hit(&mut Rng::new(0x5eed, set))).count();
    hits as f64 / DATA_SETS as f64
}

#[track_caller]
fn covers(coverage: f64) {
    assert!((0.935..=0.965).contains(&coverage), "the interval covers {coverage}");
}

/// Values with a shared part per cluster; the true mean is 0.
fn clustered(rng: &mut Rng, clusters: usize, size: usize) -> (Vec<f64>, Vec<usize>) {
    let mut values = Vec::new();
    let mut labels = Vec::new();
    for cluster in 0..clusters {
        let shared = rng.normal();
        for _ in 0..size {
            values.push(shared + rng.normal());
            labels.push(cluster);
        }
    }
    (values, labels)
}

/// Zeros and ones; in each cluster the chance of a one is 0.9 or 0.5, so the true mean is 0.7.
fn clustered_outcomes(rng: &mut Rng, clusters: usize, size: usize) -> (Vec<f64>, Vec<usize>) {
    let mut values = Vec::new();
    let mut labels = Vec::new();
    for cluster in 0..clusters {
        let chance = if rng.unit() < 0.5 { 0.9 } else { 0.5 };
        for _ in 0..size {
            values.push(f64::from(u8::from(rng.unit() < chance)));
            labels.push(cluster);
        }
    }
    (values, labels)
}

#[test]
fn wilson_covers() {
    for n in [50, 1000] {
        covers(share(|rng| {
            let successes = (0..n).filter(|_| rng.unit() < 0.7).count();
            wilson(successes, n, 0.95).contains(0.7)
        }));
    }
}

#[test]
fn t_intervals_cover_with_and_without_clusters() {
    for n in [50, 1000] {
        covers(share(|rng| {
            let values: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
            mean_interval(&values, None, 0.95).is_some_and(|i| i.contains(0.0))
        }));
        covers(share(|rng| {
            let (values, labels) = clustered(rng, n / 5, 5);
            mean_interval(&values, Some(&labels), 0.95).is_some_and(|i| i.contains(0.0))
        }));
    }
}

#[test]
fn intervals_that_ignore_clusters_do_not_cover() {
    let coverage = share(|rng| {
        let (values, _) = clustered(rng, 25, 40);
        mean_interval(&values, None, 0.95).is_some_and(|i| i.contains(0.0))
    });
    assert!(coverage < 0.5, "without clusters the interval covers {coverage}");
}

#[test]
fn proportion_intervals_cover_with_clusters() {
    for (clusters, size) in [(25, 2), (50, 20)] {
        covers(share(|rng| {
            let (values, labels) = clustered_outcomes(rng, clusters, size);
            proportion_interval(&values, Some(&labels), 0.95).is_some_and(|i| i.contains(0.7))
        }));
    }
}

#[test]
fn bootstrap_intervals_of_a_ratio_cover() {
    // The mean of values, as the ratio of two sums: clusters of 1 (n = 50) and of 20 (n = 1000).
    for (clusters, size) in [(50, 1), (50, 20)] {
        covers(share(|rng| {
            let (values, labels) = clustered(rng, clusters, size);
            let components: Vec<Vec<f64>> = values.iter().map(|v| vec![*v, 1.0]).collect();
            let mean = |sums: &[f64]| (sums[1] > 0.0).then(|| sums[0] / sums[1]);
            let seed = rng.bits();
            bootstrap_totals(&components, &labels, &mean, 400, 0.95, seed)
                .is_some_and(|i| i.contains(0.0))
        }));
    }
}

#[test]
fn tests_are_wrong_as_often_as_they_say() {
    let flips = share(|rng| {
        let (differences, labels) = clustered(rng, 12, 4);
        paired::sign_flip(&differences, &labels, 0, 0).is_some_and(|test| test.p_value < 0.05)
    });
    assert!((0.04..=0.06).contains(&flips), "sign flips reject {flips} under the null hypothesis");
    let sampled = share(|rng| {
        let (differences, labels) = clustered(rng, 25, 2);
        let seed = rng.bits();
        paired::sign_flip(&differences, &labels, 399, seed).is_some_and(|test| test.p_value <= 0.05)
    });
    assert!((0.04..=0.06).contains(&sampled), "sampled sign flips reject {sampled}");
}

#[test]
fn a_planted_gap_is_found_as_often_as_the_power_says() {
    // Two systems, 1,000 units, right 70% and 75% of the time, agreeing on most: each unit differs with probability 0.2.
    let (n, gap, differ) = (1000, 0.05, 0.2);
    let labels: Vec<usize> = (0..n).collect();
    let found = share(|rng| {
        let differences: Vec<f64> = (0..n)
            .map(|_| {
                let u = rng.unit();
                if u < f64::midpoint(differ, gap) {
                    1.0
                } else if u < differ {
                    -1.0
                } else {
                    0.0
                }
            })
            .collect();
        paired::paired_t(&differences, &labels).is_some_and(|test| test.p_value < 0.05)
    });
    let deviation = f64::sqrt(differ - gap * gap);
    let error = deviation / (n as f64).sqrt();
    let expected = power::power(gap, error, 0.05);
    assert!(found >= 0.8, "found {found}");
    assert!((found - expected).abs() < 0.02, "found {found}, expected {expected}");
    let detectable = power::minimum_detectable_effect(error, 0.05, 0.8);
    assert!((power::power(detectable, error, 0.05) - 0.8).abs() < 1e-4);
    let needed = power::units_needed(detectable, deviation, 1.0, 0.05, 0.8);
    assert_eq!(needed, Some(n));
}

#[test]
fn draws_do_not_depend_on_the_number_of_threads() {
    let mut rng = Rng::new(1, 0);
    let (values, labels) = clustered(&mut rng, 30, 3);
    let components: Vec<Vec<f64>> = values.iter().map(|v| vec![*v, 1.0]).collect();
    let mean = |sums: &[f64]| (sums[1] > 0.0).then(|| sums[0] / sums[1]);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bootstrap_totals(&components, &labels, &mean, 500, 0.95, 9))
    };
    let alone = with(1);
    assert!(alone.is_some());
    assert_eq!(alone, with(4));
}

#[test]
fn a_statistic_without_value_in_most_resamples_has_no_interval() {
    let components: Vec<Vec<f64>> = (0..40).map(|i| vec![f64::from(u8::from(i == 0))]).collect();
    let labels: Vec<usize> = (0..40).collect();
    let ratio = |sums: &[f64]| (sums[0] > 0.0).then(|| 1.0 / sums[0]);
    assert_eq!(bootstrap_totals(&components, &labels, &ratio, 300, 0.95, 1), None);
}
