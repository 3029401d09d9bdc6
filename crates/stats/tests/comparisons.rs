//! What paired differences, gaps between groups and win rates promise, measured on simulated data.

use holometer_stats::difference::{
    DifferenceOptions, Stratum, paired_difference, stratified_difference,
};
use holometer_stats::group_gap::{GapOptions, Part, group_gap};
use holometer_stats::rng::Rng;
use holometer_stats::win_rate::{Task, TaskValues, win_rates};
use rayon::prelude::*;

const DATA_SETS: u64 = 2_000;

fn share(hit: impl Fn(&mut Rng) -> bool + Sync) -> f64 {
    let hits =
        (0..DATA_SETS).into_par_iter().filter(|&set| hit(&mut Rng::new(0xca11, set))).count();
    hits as f64 / DATA_SETS as f64
}

#[track_caller]
fn covers(coverage: f64) {
    assert!((0.935..=0.965).contains(&coverage), "the interval covers {coverage}");
}

#[track_caller]
fn honest(rejected: f64) {
    assert!((0.04..=0.06).contains(&rejected), "a true null hypothesis is rejected {rejected}");
}

fn options(flips: usize, seed: u64) -> DifferenceOptions {
    DifferenceOptions { flips, seed, ..DifferenceOptions::default() }
}

/// Units that are right with probability 0.7, and two answers to rewritten questions, each of which flips the outcome for every
/// tenth unit. Units of a cluster flip together half of the time.
fn rewritten(rng: &mut Rng, clusters: usize, size: usize) -> Vec<(f64, f64, f64, usize)> {
    let mut units = Vec::new();
    for cluster in 0..clusters {
        let (first_shared, second_shared) = (rng.unit() < 0.1, rng.unit() < 0.1);
        for _ in 0..size {
            let right = rng.unit() < 0.7;
            let mut flip = |shared: bool| {
                let flips = if rng.unit() < 0.5 { shared } else { rng.unit() < 0.1 };
                f64::from(u8::from(right != flips))
            };
            let (first, second) = (flip(first_shared), flip(second_shared));
            units.push((f64::from(u8::from(right)), first, second, cluster));
        }
    }
    units
}

/// A rewriting and its placebo that flip as many answers: the change less the placebo's is 0.
fn less_placebo(rng: &mut Rng, clusters: usize, size: usize) -> (Vec<f64>, Vec<usize>) {
    rewritten(rng, clusters, size).iter().map(|unit| (unit.1 - unit.2, unit.3)).unzip()
}

#[test]
fn a_placebo_takes_away_what_instability_alone_does() {
    // The worst of the original and three rewritings falls to 0.7 * 0.9^3; the mean change less placebo stays at 0.
    let mut rng = Rng::new(3, 0);
    let mut worst = 0.0;
    let mut net = Vec::new();
    let n = 20_000;
    for _ in 0..n {
        let right = rng.unit() < 0.7;
        let mut flipped = || f64::from(u8::from(right != (rng.unit() < 0.1)));
        let (one, two, three, placebo) = (flipped(), flipped(), flipped(), flipped());
        worst += one.min(two).min(three).min(f64::from(u8::from(right))) / f64::from(n);
        net.push(one - placebo);
    }
    let labels: Vec<usize> = (0..net.len()).collect();
    let net = paired_difference(&net, &labels, &options(199, 0)).unwrap();
    assert!((worst - 0.510_3).abs() < 0.01, "{worst}");
    assert!(net.value.abs() < 0.01, "{}", net.value);
    assert!(net.equivalence_p.unwrap() < 0.05, "{:?}", net.equivalence_p);
}

#[test]
fn changes_less_placebo_are_wrong_as_often_as_they_say() {
    let rejected = |clusters, size| {
        share(|rng| {
            let (differences, labels) = less_placebo(rng, clusters, size);
            let how = options(399, rng.bits());
            paired_difference(&differences, &labels, &how).is_some_and(|d| d.p_value <= 0.05)
        })
    };
    honest(rejected(50, 20));
    // Where few units differ, an exact test of zeros and ones can't use up its 5%.
    for (clusters, least) in [(1000, 0.03), (50, 0.01)] {
        let few = rejected(clusters, 1);
        assert!((least..=0.06).contains(&few), "a true null hypothesis is rejected {few}");
    }
}

#[test]
fn changes_of_graded_scores_are_wrong_as_often_as_they_say() {
    for (clusters, size) in [(50, 1), (1000, 1), (50, 20)] {
        honest(share(|rng| {
            let (mut differences, mut labels) = (Vec::new(), Vec::new());
            for cluster in 0..clusters {
                let shared = rng.unit() - rng.unit();
                for _ in 0..size {
                    differences.push(shared + rng.unit() - rng.unit());
                    labels.push(cluster);
                }
            }
            let how = options(199, rng.bits());
            paired_difference(&differences, &labels, &how).is_some_and(|d| d.p_value <= 0.05)
        }));
    }
}

#[test]
fn intervals_of_paired_changes_cover_with_and_without_clusters() {
    for (clusters, size) in [(50, 1), (25, 2), (1000, 1), (50, 20)] {
        covers(share(|rng| {
            let (differences, labels) = less_placebo(rng, clusters, size);
            let found = paired_difference(&differences, &labels, &options(1, 0)).unwrap();
            found.interval.is_some_and(|interval| interval.contains(0.0))
        }));
    }
}

#[test]
fn a_planted_change_of_five_points_is_found_with_power_0_8_at_n_1000() {
    // Answers differ for 20% of the units: 12.5% to the better and 7.5% to the worse.
    let labels: Vec<usize> = (0..1000).collect();
    let found = share(|rng| {
        let differences: Vec<f64> = (0..1000)
            .map(|_| match rng.unit() {
                u if u < 0.125 => 1.0,
                u if u < 0.2 => -1.0,
                _ => 0.0,
            })
            .collect();
        let how = options(399, rng.bits());
        paired_difference(&differences, &labels, &how).is_some_and(|d| d.p_value <= 0.05)
    });
    assert!(found >= 0.8, "found {found}");
}

#[test]
fn equivalence_is_claimed_wrongly_at_most_as_often_as_it_says() {
    // The true difference is the margin itself.
    let labels: Vec<usize> = (0..1000).collect();
    let claimed = share(|rng| {
        let differences: Vec<f64> = (0..1000)
            .map(|_| match rng.unit() {
                u if u < 0.11 => 1.0,
                u if u < 0.2 => -1.0,
                _ => 0.0,
            })
            .collect();
        paired_difference(&differences, &labels, &options(1, 0))
            .is_some_and(|found| found.equivalence_p.is_some_and(|p| p < 0.05))
    });
    assert!(claimed <= 0.06, "claimed {claimed}");
}

#[test]
fn overall_differences_cover_and_are_wrong_as_often_as_they_say() {
    let simulate = |rng: &mut Rng, flips: usize| {
        let parts: Vec<(Vec<f64>, Vec<usize>)> = [(40, 1), (25, 4), (100, 1)]
            .into_iter()
            .map(|(clusters, size)| less_placebo(rng, clusters, size))
            .collect();
        let strata: Vec<Stratum<'_>> =
            parts.iter().map(|(differences, clusters)| Stratum { differences, clusters }).collect();
        stratified_difference(&strata, &options(flips, rng.bits())).unwrap()
    };
    covers(share(|rng| simulate(rng, 1).interval.is_some_and(|i| i.contains(0.0))));
    honest(share(|rng| simulate(rng, 399).p_value <= 0.05));
}

/// Units of groups that are right with a probability that their cluster shares. With `within`, a cluster holds units of all groups.
fn grouped(rng: &mut Rng, groups: usize, clusters: usize, within: bool, gap: f64) -> Vec<Part> {
    let mut parts = Vec::new();
    for cluster in 0..clusters {
        let shared = if rng.unit() < 0.5 { 0.85 } else { 0.55 };
        for unit in 0..4 {
            let group = if within { unit % groups } else { cluster % groups };
            let chance = if group == 0 { shared - gap } else { shared };
            let numerator = f64::from(u8::from(rng.unit() < chance));
            parts.push(Part { group, cluster, numerator, denominator: 1.0 });
        }
    }
    parts
}

#[test]
fn gaps_of_two_groups_are_wrong_as_often_as_they_say_and_cover() {
    for within in [false, true] {
        let gap = |rng: &mut Rng| {
            let parts = grouped(rng, 2, 120, within, 0.0);
            group_gap(&[parts], 2, &GapOptions::default()).unwrap()
        };
        honest(share(|rng| gap(rng).p_value < 0.05));
        // The gap is the absolute value of a signed difference whose truth is 0.
        covers(share(|rng| gap(rng).interval.contains(0.0)));
    }
}

#[test]
fn gaps_of_many_groups_do_not_find_more_than_they_should() {
    let found = share(|rng| {
        let parts = grouped(rng, 5, 200, false, 0.0);
        group_gap(&[parts], 5, &GapOptions::default()).unwrap().p_value < 0.05
    });
    assert!((0.015..=0.06).contains(&found), "found {found}");
}

#[test]
fn a_planted_gap_between_groups_is_found_as_often_as_the_mde_says() {
    // With 125 clusters of four that hold both groups, the smallest gap that is found with power 0.8 is about 0.11.
    let (mut detectable, mut rng) = (0.0, Rng::new(5, 0));
    for _ in 0..50 {
        let parts = grouped(&mut rng, 2, 125, true, 0.11);
        let gap = group_gap(&[parts], 2, &GapOptions::default()).unwrap();
        detectable += gap.minimum_detectable_effect / 50.0;
    }
    let found = share(|rng| {
        let parts = grouped(rng, 2, 125, true, detectable);
        group_gap(&[parts], 2, &GapOptions::default()).unwrap().p_value < 0.05
    });
    assert!((0.76..=0.84).contains(&found), "found {found} at {detectable}");
}

#[test]
fn models_that_do_not_differ_are_told_apart_as_often_as_they_should() {
    let found = share(|rng| {
        let tasks: Vec<Task> = (0..4)
            .map(|_| Task {
                lower_is_better: false,
                values: TaskValues::Units {
                    scores: (0..60)
                        .map(|_| {
                            (0..3).map(|_| Some(f64::from(u8::from(rng.unit() < 0.6)))).collect()
                        })
                        .collect(),
                    clusters: (0..60).collect(),
                },
            })
            .collect();
        win_rates(&tasks, 3, 200, 0.95, rng.bits()).same_p[0][1] < 0.05
    });
    assert!(found <= 0.06, "found {found}");
}
