//! The largest gap of a rate between groups, and whether the data can tell it from no gap.
//!
//! A unit may belong to several groups (a text may name women and men), and units of a cluster vary together. The gap of the
//! highest and the lowest rate is never negative and grows with the number of groups by chance alone, so that its own
//! resampling distribution says little; instead all pairs of groups are compared at once: cluster-robust t tests adjusted by
//! Holm, and intervals that hold for all pairs together (Bonferroni).

use std::collections::HashMap;

use crate::distribution::{normal_quantile, t_quantile, t_two_sided};
use crate::equivalence::tost;
use crate::interval::Interval;
use crate::multiplicity::holm;

/// What a unit adds to the rate of one of its groups. Rates are sums of numerators over sums of denominators.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// The group's number, from 0.
    pub group: usize,
    /// The unit's cluster; any label.
    pub cluster: usize,
    /// Added to the numerator.
    pub numerator: f64,
    /// Added to the denominator; 0 leaves the unit out.
    pub denominator: f64,
}

/// How gaps are judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GapOptions {
    /// The level of the interval, over all pairs together.
    pub level: f64,
    /// The significance level of the tests.
    pub alpha: f64,
    /// The power that the minimum detectable effect is for.
    pub power: f64,
    /// Gaps smaller than this do not matter; positive.
    pub margin: f64,
    /// Groups with fewer units are left out.
    pub least_units: usize,
    /// Whether every unit's share lies in [0, 1]. Then a group whose units all agree is not taken for certain (Agresti and Caffo 2000).
    pub bounded: bool,
}

impl Default for GapOptions {
    fn default() -> Self {
        Self { level: 0.95, alpha: 0.05, power: 0.8, margin: 0.02, least_units: 10, bounded: true }
    }
}

/// One group's rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupRate {
    /// How many units.
    pub units: usize,
    /// How many clusters.
    pub clusters: usize,
    /// The rate; `None` without units.
    pub rate: Option<f64>,
    /// Whether it has enough units and clusters to be compared.
    pub compared: bool,
}

/// The gap between the highest and the lowest rate.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupGap {
    /// Every group's rate, by the rate's number and the group's.
    pub rates: Vec<Vec<GroupRate>>,
    /// Which of several rates has the gap.
    pub rate: usize,
    /// The group with the highest rate.
    pub highest: usize,
    /// The group with the lowest rate.
    pub lowest: usize,
    /// Highest less lowest.
    pub difference: f64,
    /// Lowest over highest; `None` when the highest is 0.
    pub ratio: Option<f64>,
    /// The interval of that pair's difference, which holds for all pairs together.
    pub interval: Interval,
    /// The smallest p value of any pair, adjusted by Holm.
    pub p_value: f64,
    /// The pair that it belongs to, the higher group first, with the number of the rate.
    pub clearest: (usize, usize, usize),
    /// Every pair whose p value, adjusted by Holm, is below the significance level; the higher group first.
    pub differing: Vec<(usize, usize)>,
    /// The p value that some pair's difference is at least the margin.
    pub equivalence_p: f64,
    /// The smallest true difference of that pair that would be found with the wanted power.
    pub minimum_detectable_effect: f64,
    /// Units that were compared.
    pub n: usize,
    /// Clusters that were compared.
    pub clusters: usize,
    /// How many pairs were compared.
    pub pairs: usize,
}

/// Why there is no gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFewGroups {
    /// How many groups have enough units.
    pub groups: usize,
    /// How many units the second largest group has.
    pub units: usize,
}

/// The gap over groups `0..groups` of one rate, or the widest of several rates (true and false positive rates, for
/// equalised odds). A unit appears once for each of its groups.
///
/// # Errors
/// When fewer than two groups have [`GapOptions::least_units`] units in two clusters, for any of the rates.
pub fn group_gap(
    rates: &[Vec<Part>],
    groups: usize,
    options: &GapOptions,
) -> Result<GroupGap, TooFewGroups> {
    let estimated: Vec<Rates> =
        rates.iter().map(|parts| Rates::of(parts, groups, options)).collect();
    let mut pairs = Vec::new();
    for (rate, estimate) in estimated.iter().enumerate() {
        let compared = estimate.compared();
        if compared.len() < 2 {
            let mut sizes: Vec<usize> = estimate.groups.iter().map(|group| group.units).collect();
            sizes.sort_unstable_by(|a, b| b.cmp(a));
            let units = sizes.get(1).copied().unwrap_or_default();
            return Err(TooFewGroups { groups: compared.len(), units });
        }
        for (at, &one) in compared.iter().enumerate() {
            for &other in &compared[at + 1..] {
                pairs.push(estimate.pair(rate, one, other));
            }
        }
    }
    let widest = pairs.iter().max_by(|a, b| a.difference.total_cmp(&b.difference));
    let Some(widest) = widest else { return Err(TooFewGroups { groups: 0, units: 0 }) };
    let adjusted = holm(&pairs.iter().map(Pair::p_value).collect::<Vec<_>>());
    let clearest = pairs
        .iter()
        .zip(&adjusted)
        .min_by(|a, b| a.1.total_cmp(b.1).then_with(|| b.0.difference.total_cmp(&a.0.difference)));
    let differing = pairs.iter().zip(&adjusted).filter(|(_, p)| **p < options.alpha);
    let differing = differing.map(|(pair, _)| (pair.high, pair.low)).collect();
    let (clearest, p_value) = clearest.map_or((widest, 1.0), |(pair, p)| (pair, *p));
    let many = pairs.len() as f64;
    let reach = widest.standard_error
        * t_quantile(1.0 - (1.0 - options.level) / (2.0 * many), widest.degrees);
    let critical =
        normal_quantile(1.0 - options.alpha / (2.0 * many)) + normal_quantile(options.power);
    let equivalence = pairs
        .iter()
        .map(|pair| tost(pair.difference, pair.standard_error, pair.degrees, options.margin))
        .fold(0.0, f64::max);
    let (n, clusters) = compared_units(rates, &estimated);
    let rate_of = |group: usize| estimated[widest.rate].groups[group].rate.unwrap_or_default();
    let highest = rate_of(widest.high);
    Ok(GroupGap {
        rate: widest.rate,
        highest: widest.high,
        lowest: widest.low,
        difference: widest.difference,
        ratio: (highest > 0.0).then(|| rate_of(widest.low) / highest),
        interval: Interval {
            low: widest.difference - reach,
            high: widest.difference + reach,
            level: options.level,
            method: format!("t, cluster-robust, simultaneous over {} pairs of groups", pairs.len()),
        },
        p_value,
        clearest: (clearest.high, clearest.low, clearest.rate),
        differing,
        equivalence_p: equivalence,
        minimum_detectable_effect: critical * widest.standard_error,
        n,
        clusters,
        pairs: pairs.len(),
        rates: estimated.into_iter().map(|estimate| estimate.groups).collect(),
    })
}

/// The rates of all groups, with what each cluster adds to their errors.
struct Rates {
    groups: Vec<GroupRate>,
    /// By cluster and group.
    influence: Vec<Vec<f64>>,
    /// Which clusters have units of which group.
    present: Vec<Vec<bool>>,
    variances: Vec<f64>,
}

impl Rates {
    fn of(parts: &[Part], groups: usize, options: &GapOptions) -> Self {
        let mut numbers = HashMap::new();
        let counted: Vec<(usize, &Part)> = parts
            .iter()
            .filter(|part| part.denominator > 0.0 && part.group < groups)
            .map(|part| {
                let next = numbers.len();
                (*numbers.entry(part.cluster).or_insert(next), part)
            })
            .collect();
        let mut sums = vec![(0.0, 0.0, 0_usize); groups];
        for (_, part) in &counted {
            let sum = &mut sums[part.group];
            *sum = (sum.0 + part.numerator, sum.1 + part.denominator, sum.2 + 1);
        }
        let mut influence = vec![vec![0.0; groups]; numbers.len()];
        let mut present = vec![vec![false; groups]; numbers.len()];
        for (cluster, part) in &counted {
            let (numerator, denominator, _) = sums[part.group];
            let rate = numerator / denominator;
            influence[*cluster][part.group] +=
                (part.numerator - rate * part.denominator) / denominator;
            present[*cluster][part.group] = true;
        }
        let mut estimate = Self {
            groups: Vec::with_capacity(groups),
            influence,
            present,
            variances: vec![0.0; groups],
        };
        for (group, (numerator, denominator, units)) in sums.into_iter().enumerate() {
            let clusters = estimate.present.iter().filter(|row| row[group]).count();
            let correction = clusters as f64 / (clusters as f64 - 1.0).max(1.0);
            for row in &mut estimate.influence {
                row[group] *= correction.sqrt();
            }
            let variance: f64 = estimate.influence.iter().map(|row| row[group].powi(2)).sum();
            let pulled = (numerator + 1.0) / (denominator + 2.0);
            let least =
                if options.bounded { pulled * (1.0 - pulled) / (units as f64 + 2.0) } else { 0.0 };
            estimate.variances[group] = variance.max(least);
            estimate.groups.push(GroupRate {
                units,
                clusters,
                rate: (units > 0).then(|| numerator / denominator),
                compared: units >= options.least_units.max(2) && clusters >= 2,
            });
        }
        estimate
    }

    fn compared(&self) -> Vec<usize> {
        (0..self.groups.len()).filter(|group| self.groups[*group].compared).collect()
    }

    fn pair(&self, rate: usize, one: usize, other: usize) -> Pair {
        let of = |group: usize| self.groups[group].rate.unwrap_or_default();
        let (high, low) = if of(other) > of(one) { (other, one) } else { (one, other) };
        let shared: f64 = self.influence.iter().map(|row| row[high] * row[low]).sum();
        let overlap = self.present.iter().any(|row| row[high] && row[low]);
        let (a, b) = (self.variances[high], self.variances[low]);
        let variance = (a + b - 2.0 * shared).max(1e-15);
        let freedom = |group: usize| self.groups[group].clusters as f64 - 1.0;
        let (free_a, free_b) = (freedom(high), freedom(low));
        let spread = a * a / free_a + b * b / free_b;
        let welch = if spread > 0.0 { (a + b).powi(2) / spread } else { free_a + free_b };
        // In clusters that hold both groups the two rates are paired.
        let degrees = if overlap { welch.min(free_a.max(free_b)) } else { welch };
        Pair {
            rate,
            high,
            low,
            difference: of(high) - of(low),
            standard_error: variance.sqrt(),
            degrees: degrees.max(1.0),
        }
    }
}

/// Two groups compared.
struct Pair {
    rate: usize,
    high: usize,
    low: usize,
    difference: f64,
    standard_error: f64,
    degrees: f64,
}

impl Pair {
    fn p_value(&self) -> f64 {
        t_two_sided(self.difference / self.standard_error, self.degrees)
    }
}

/// How many memberships of compared groups, and in how many clusters. With several rates, over all of them.
fn compared_units(rates: &[Vec<Part>], estimated: &[Rates]) -> (usize, usize) {
    let mut clusters = std::collections::HashSet::new();
    let mut units = 0;
    for (parts, estimate) in rates.iter().zip(estimated) {
        for part in parts {
            let compared = estimate.groups.get(part.group).is_some_and(|group| group.compared);
            if part.denominator > 0.0 && compared {
                units += 1;
                clusters.insert(part.cluster);
            }
        }
    }
    (units, clusters.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(group: usize, values: &[f64], first_cluster: usize) -> Vec<Part> {
        let part = |(at, value): (usize, &f64)| Part {
            group,
            cluster: first_cluster + at,
            numerator: *value,
            denominator: 1.0,
        };
        values.iter().enumerate().map(part).collect()
    }

    #[test]
    fn groups_in_the_same_clusters_are_paired() {
        // Every cluster has one unit of each group, and the differences are all 1: nothing varies between pairs.
        let a: Vec<f64> = (0..20).map(|i| f64::from(i % 5) + 1.0).collect();
        let b: Vec<f64> = (0..20).map(|i| f64::from(i % 5)).collect();
        let options = GapOptions { bounded: false, ..GapOptions::default() };
        let paired = [parts(0, &a, 0), parts(1, &b, 0)].concat();
        let apart = [parts(0, &a, 0), parts(1, &b, 100)].concat();
        let paired = group_gap(&[paired], 2, &options).unwrap();
        let apart = group_gap(&[apart], 2, &options).unwrap();
        assert!(paired.p_value < 1e-6, "{}", paired.p_value);
        assert!(apart.p_value > 0.01, "{}", apart.p_value);
    }

    #[test]
    fn groups_that_agree_to_a_unit_are_not_certain() {
        let a = [1.0; 12];
        let b: Vec<f64> = (0..400).map(|i| if i % 20 == 0 { 0.0 } else { 1.0 }).collect();
        let all = [parts(0, &a, 0), parts(1, &b, 100)].concat();
        let gap = group_gap(&[all], 2, &GapOptions::default()).unwrap();
        assert!((gap.difference - 0.05).abs() < 1e-12);
        assert!(gap.p_value > 0.2, "{}", gap.p_value);
    }

    #[test]
    fn small_groups_are_left_out_and_one_group_is_no_gap() {
        let all = [parts(0, &[1.0; 30], 0), parts(1, &[0.0; 3], 50)].concat();
        assert_eq!(
            group_gap(&[all], 2, &GapOptions::default()),
            Err(TooFewGroups { groups: 1, units: 3 })
        );
    }
}
