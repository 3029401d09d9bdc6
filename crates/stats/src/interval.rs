//! Intervals in closed form.

use crate::cluster::Clusters;
use crate::distribution::{normal_quantile, t_quantile};

/// A confidence interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The level, for instance 0.95.
    pub level: f64,
    /// How it was computed, for instance `wilson`.
    pub method: String,
}

impl Interval {
    /// Whether the value lies inside, ends included.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Half of its width.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// The score interval of a proportion (Wilson 1927): for `successes` out of `n` independent units, at a level in (0, 1).
/// Unlike the usual plus-or-minus, it stays in [0, 1] and has a width even when all units agree. `n` = 0 gives [0, 1].
pub fn wilson(successes: usize, n: usize, level: f64) -> Interval {
    let (low, high) = wilson_ends(successes as f64, n as f64, critical_normal(level));
    Interval { low, high, level, method: "wilson".into() }
}

/// The interval of a mean from Student's t. With clusters (one label per value), the standard error is the
/// cluster-robust one and the degrees of freedom are the number of clusters less one; `None` as clusters means
/// independent values.
///
/// `None` when there are fewer than two clusters, or when all clusters have the same mean, so that the data tells nothing about
/// the spread (for proportions, [`proportion_interval`] has an answer then).
pub fn mean_interval(values: &[f64], clusters: Option<&[usize]>, level: f64) -> Option<Interval> {
    let summary = Clusters::or_singletons(clusters, values.len()).summarise(values)?;
    if summary.standard_error == 0.0 {
        return None;
    }
    let t = t_quantile(0.5 + level / 2.0, summary.degrees_of_freedom());
    let method = match clusters {
        None => "t".to_owned(),
        Some(_) => format!("t, cluster-robust, {} clusters", summary.clusters),
    };
    Some(Interval {
        low: summary.mean - t * summary.standard_error,
        high: summary.mean + t * summary.standard_error,
        level,
        method,
    })
}

/// The interval of a mean of values in [0, 1], such as an accuracy: Wilson's, with the sample size that independent
/// zeros and ones would need to be as uncertain as the values are (Korn and Graubard 1998), and Student's t for the number
/// of clusters. For zeros and ones without clusters it is [`wilson`].
///
/// When all clusters agree, the effective sample size is the number of clusters. `None` when there are no values.
pub fn proportion_interval(
    values: &[f64],
    clusters: Option<&[usize]>,
    level: f64,
) -> Option<Interval> {
    if values.is_empty() {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let binary = values.iter().all(|value| *value == 0.0 || *value == 1.0);
    let (effective, critical, method) = if binary && clusters.is_none() {
        (n, critical_normal(level), "wilson".to_owned())
    } else {
        let groups = Clusters::or_singletons(clusters, values.len());
        let count = groups.len();
        let effective = match groups.summarise(values) {
            Some(s) if s.standard_error > 0.0 => mean * (1.0 - mean) / s.standard_error.powi(2),
            _ => count as f64,
        };
        let critical = t_quantile(0.5 + level / 2.0, (count as f64 - 1.0).max(1.0));
        let method = match clusters {
            None => "wilson, effective sample size".to_owned(),
            Some(_) => format!("wilson, effective sample size, {count} clusters"),
        };
        (if binary { effective.min(n) } else { effective }, critical, method)
    };
    let (low, high) = wilson_ends(mean * effective, effective, critical);
    Some(Interval { low, high, level, method })
}

/// The two-sided critical value of the normal distribution.
pub(crate) fn critical_normal(level: f64) -> f64 {
    normal_quantile(0.5 + level / 2.0)
}

fn wilson_ends(successes: f64, n: f64, z: f64) -> (f64, f64) {
    if n <= 0.0 {
        return (0.0, 1.0);
    }
    let p = successes / n;
    let z2 = z * z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).max(0.0).sqrt();
    let low = if successes <= 0.0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if successes >= n { 1.0 } else { (centre + half).min(1.0) };
    (low, high)
}
