//! What paired differences say: their mean with its interval, whether it is 0, whether it is too small to matter, and what
//! the data could have shown.
//!
//! A unit's difference is one number (one system less another, or a changed question less the original). Units of a cluster
//! vary together: the standard error is cluster-robust, the test flips the signs of whole clusters. The interval is
//! Student's t, because for differences of zeros and ones it covers as often as it says (95 to 96% in 2,000 simulated data sets of 50 to
//! 1,000 units), where the bias-corrected and accelerated bootstrap covers 91 to 95%: few units differ, so that its
//! acceleration is mostly noise.

use crate::cluster::Clusters;
use crate::distribution::{normal_quantile, t_quantile};
use crate::equivalence::tost;
use crate::interval::{Interval, wilson};
use crate::paired::sign_flip;
use crate::power::minimum_detectable_effect;

/// How differences are judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DifferenceOptions {
    /// The level of intervals, in (0, 1).
    pub level: f64,
    /// The significance level of the tests.
    pub alpha: f64,
    /// The power that the minimum detectable effect is for.
    pub power: f64,
    /// Differences smaller than this do not matter; positive.
    pub margin: f64,
    /// The greatest difference that one unit can have: 1 for outcomes in [0, 1], infinity where there is no bound.
    pub greatest: f64,
    /// Random sign patterns, where there are too many clusters to try all.
    pub flips: usize,
    /// Seeds the draws.
    pub seed: u64,
}

impl Default for DifferenceOptions {
    fn default() -> Self {
        Self {
            level: 0.95,
            alpha: 0.05,
            power: 0.8,
            margin: 0.02,
            greatest: 1.0,
            flips: 9999,
            seed: 0,
        }
    }
}

/// A mean difference and what is known about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The mean over units (over strata of their means, where there are several).
    pub value: f64,
    /// How many units.
    pub n: usize,
    /// How many clusters.
    pub clusters: usize,
    /// The cluster-robust standard error; `None` with fewer than two clusters.
    pub standard_error: Option<f64>,
    /// The interval; `None` with fewer than two clusters.
    pub interval: Option<Interval>,
    /// The two-sided p value of the sign-flip test that the mean is 0.
    pub p_value: f64,
    /// Whether that test tried all sign patterns.
    pub exact: bool,
    /// The p value that the mean is at least the margin away from 0; small means equivalent.
    pub equivalence_p: Option<f64>,
    /// The smallest true difference that would be found with the wanted power.
    pub minimum_detectable_effect: Option<f64>,
    /// The variance of the mean over what it would be if all units were independent.
    pub design_effect: f64,
}

/// Judges differences; `clusters` has one label per unit. `None` without units.
///
/// Where no unit differs at all, nothing varies and the usual formulas promise certainty. Then at most a share q of clusters
/// differs, by [`wilson`]'s bound, each by at most [`DifferenceOptions::greatest`], and that is the interval.
pub fn paired_difference(
    differences: &[f64],
    clusters: &[usize],
    options: &DifferenceOptions,
) -> Option<Difference> {
    let test = sign_flip(differences, clusters, options.flips, options.seed)?;
    let value = differences.iter().sum::<f64>() / differences.len() as f64;
    let mut result = Difference {
        value,
        n: differences.len(),
        clusters: test.clusters,
        standard_error: None,
        interval: None,
        p_value: test.p_value,
        exact: test.exact,
        equivalence_p: None,
        minimum_detectable_effect: None,
        design_effect: 1.0,
    };
    if differences.iter().all(|difference| *difference == 0.0) {
        result.unchanged(&[test.clusters], options);
        return Some(result);
    }
    let Some(summary) = Clusters::new(clusters).summarise(differences) else { return Some(result) };
    result.design_effect = summary.design_effect;
    result.standard_error = Some(summary.standard_error);
    let degrees = summary.degrees_of_freedom();
    if summary.standard_error > 0.0 {
        result.judge(summary.standard_error, degrees, options);
    }
    let t = t_quantile(0.5 + options.level / 2.0, degrees);
    result.interval = Some(Interval {
        low: value - t * summary.standard_error,
        high: value + t * summary.standard_error,
        level: options.level,
        method: format!("t, cluster-robust, {} clusters", summary.clusters),
    });
    Some(result)
}

/// One stratum of [`stratified_difference`]: the differences of its units and their clusters' labels.
#[derive(Clone, Copy, Debug)]
pub struct Stratum<'a> {
    /// One per unit.
    pub differences: &'a [f64],
    /// One label per unit, meaningful within the stratum.
    pub clusters: &'a [usize],
}

/// The mean over strata of their mean differences, each stratum counting the same. The standard error adds up the strata's, with
/// Satterthwaite's degrees of freedom; the sign-flip test flips clusters of all strata. Strata without units do not
/// count; `None` without any unit.
pub fn stratified_difference(
    strata: &[Stratum<'_>],
    options: &DifferenceOptions,
) -> Option<Difference> {
    let strata: Vec<&Stratum<'_>> = strata.iter().filter(|s| !s.differences.is_empty()).collect();
    let count = strata.len() as f64;
    let (mut weighted, mut labels, mut first_label) = (Vec::new(), Vec::new(), 0);
    let (mut variance, mut spread, mut sizes) = (0.0, 0.0, Vec::new());
    let mut known = true;
    for stratum in &strata {
        let clusters = Clusters::new(stratum.clusters);
        let weight = 1.0 / (stratum.differences.len() as f64 * count);
        weighted.extend(stratum.differences.iter().map(|difference| difference * weight));
        labels.extend(clusters.of_unit().iter().map(|cluster| first_label + cluster));
        first_label += clusters.len();
        sizes.push(clusters.len());
        match clusters.summarise(stratum.differences) {
            Some(summary) => {
                let part = (summary.standard_error / count).powi(2);
                variance += part;
                spread += part * part / summary.degrees_of_freedom();
            }
            None => known = false,
        }
    }
    let test = sign_flip(&weighted, &labels, options.flips, options.seed)?;
    let mut result = Difference {
        value: without_rounding(weighted.iter().sum(), &weighted),
        n: weighted.len(),
        clusters: test.clusters,
        standard_error: known.then(|| variance.sqrt()),
        interval: None,
        p_value: test.p_value,
        exact: test.exact,
        equivalence_p: None,
        minimum_detectable_effect: None,
        design_effect: 1.0,
    };
    if weighted.iter().all(|difference| *difference == 0.0) {
        result.unchanged(&sizes, options);
    } else if known && variance > 0.0 {
        let degrees = variance * variance / spread;
        let error = variance.sqrt();
        result.judge(error, degrees, options);
        let reach = t_quantile(0.5 + options.level / 2.0, degrees) * error;
        result.interval = Some(Interval {
            low: result.value - reach,
            high: result.value + reach,
            level: options.level,
            method: format!("t, cluster-robust, {} strata", strata.len()),
        });
    }
    Some(result)
}

/// A sum of numbers that cancel each other is 0, not what their rounding leaves.
fn without_rounding(sum: f64, parts: &[f64]) -> f64 {
    let size: f64 = parts.iter().map(|part| part.abs()).sum();
    if sum.abs() <= 1e-12 * size { 0.0 } else { sum }
}

impl Difference {
    fn judge(&mut self, standard_error: f64, degrees: f64, options: &DifferenceOptions) {
        self.equivalence_p = Some(tost(self.value, standard_error, degrees, options.margin));
        self.minimum_detectable_effect =
            Some(minimum_detectable_effect(standard_error, options.alpha, options.power));
    }

    /// What is known when no unit differs, from the numbers of clusters of each stratum.
    fn unchanged(&mut self, clusters: &[usize], options: &DifferenceOptions) {
        if !options.greatest.is_finite() || self.clusters < 2 {
            return;
        }
        let bounds = clusters.iter().map(|&count| wilson(0, count, options.level).high);
        let reach = options.greatest * bounds.sum::<f64>() / clusters.len() as f64;
        self.standard_error = Some(0.0);
        self.interval = Some(Interval {
            low: -reach,
            high: reach,
            level: options.level,
            method: format!("no unit differs: wilson, {} clusters", self.clusters),
        });
        let missed = 1.0 - (options.margin / options.greatest).min(1.0);
        let fewest = clusters.iter().copied().min().unwrap_or_default();
        self.equivalence_p = Some(missed.powf(fewest as f64));
        let error = reach / normal_quantile(0.5 + options.level / 2.0);
        self.minimum_detectable_effect =
            Some(minimum_detectable_effect(error, options.alpha, options.power));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_difference_anywhere_is_not_certainty() {
        let zeros = [0.0; 40];
        let labels: Vec<usize> = (0..40).collect();
        let few = paired_difference(&zeros, &labels, &DifferenceOptions::default()).unwrap();
        let interval = few.interval.unwrap();
        assert!(interval.high > 0.05 && interval.low == -interval.high, "{interval:?}");
        assert_eq!(few.p_value, 1.0);
        // 0.98 to the power of 40: with a true change of 2 points, that often none of 40 changes.
        assert!((few.equivalence_p.unwrap() - 0.445_7).abs() < 1e-4, "{:?}", few.equivalence_p);
        let many: Vec<usize> = (0..400).collect();
        let sure = paired_difference(&[0.0; 400], &many, &DifferenceOptions::default()).unwrap();
        assert!(sure.equivalence_p.unwrap() < 0.001);
    }

    #[test]
    fn a_single_cluster_has_a_mean_and_no_interval() {
        let one = paired_difference(&[1.0, 0.0], &[7, 7], &DifferenceOptions::default()).unwrap();
        assert_eq!((one.value, one.clusters, one.p_value), (0.5, 1, 1.0));
        assert_eq!((one.interval, one.equivalence_p), (None, None));
        assert_eq!(paired_difference(&[], &[], &DifferenceOptions::default()), None);
    }

    #[test]
    fn strata_count_the_same_however_large_they_are() {
        let small = Stratum { differences: &[1.0, 0.0], clusters: &[0, 1] };
        let large = Stratum { differences: &[0.0, 0.0, 0.0, -1.0], clusters: &[0, 1, 2, 3] };
        let options = DifferenceOptions::default();
        let both = stratified_difference(&[small, large], &options).unwrap();
        assert!((both.value - 0.125).abs() < 1e-15);
        assert_eq!((both.n, both.clusters, both.exact), (6, 6, true));
        // The two clusters that differ weigh 1/4 and 1/8: all four sign patterns are as extreme as 1/8 or more.
        assert_eq!(both.p_value, 1.0);
    }
}
