//! Clusters of units, and the cluster-robust standard error of a mean.

use std::collections::HashMap;

/// Which cluster each unit belongs to, with clusters numbered 0, 1, ... by first appearance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clusters {
    of_unit: Vec<usize>,
    count: usize,
}

/// A mean with its cluster-robust standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClusterSummary {
    /// The mean over units.
    pub mean: f64,
    /// The standard error of the mean: clusters vary independently, units within one do not.
    pub standard_error: f64,
    /// How many units.
    pub n: usize,
    /// How many clusters.
    pub clusters: usize,
    /// The variance of the mean, over what it would be if all units were independent; 1 when both are 0.
    pub design_effect: f64,
}

impl ClusterSummary {
    /// Degrees of freedom: clusters less one.
    pub fn degrees_of_freedom(&self) -> f64 {
        self.clusters as f64 - 1.0
    }
}

impl Clusters {
    /// From one label per unit; any numbers will do.
    pub fn new(labels: &[usize]) -> Self {
        let mut numbers = HashMap::new();
        let of_unit = labels
            .iter()
            .map(|label| {
                let next = numbers.len();
                *numbers.entry(*label).or_insert(next)
            })
            .collect();
        Self { of_unit, count: numbers.len() }
    }

    /// Every unit on its own.
    pub fn singletons(units: usize) -> Self {
        Self { of_unit: (0..units).collect(), count: units }
    }

    /// From labels, or every unit on its own.
    pub fn or_singletons(labels: Option<&[usize]>, units: usize) -> Self {
        labels.map_or_else(|| Self::singletons(units), Self::new)
    }

    /// How many clusters.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no clusters.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Each unit's cluster.
    pub fn of_unit(&self) -> &[usize] {
        &self.of_unit
    }

    /// The units of each cluster.
    pub fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.count];
        for (unit, &cluster) in self.of_unit.iter().enumerate() {
            members[cluster].push(unit);
        }
        members
    }

    /// Sums of values per cluster. `values` has one entry per unit.
    pub fn sums(&self, values: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.count];
        for (&cluster, value) in self.of_unit.iter().zip(values) {
            sums[cluster] += value;
        }
        sums
    }

    /// The mean of values (one per unit) and its standard error by the sandwich formula with the correction
    /// G/(G-1) (Liang and Zeger 1986; Cameron and Miller 2015, section II.C). With singletons it is the usual standard error.
    /// `None` with fewer than two clusters.
    pub fn summarise(&self, values: &[f64]) -> Option<ClusterSummary> {
        if self.count < 2 || values.len() != self.of_unit.len() {
            return None;
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let residuals: Vec<f64> = values.iter().map(|value| value - mean).collect();
        let groups = self.count as f64;
        let between: f64 = self.sums(&residuals).iter().map(|sum| sum * sum).sum();
        let variance = between * groups / (groups - 1.0) / (n * n);
        let independent = residuals.iter().map(|r| r * r).sum::<f64>() / (n - 1.0) / n;
        let all_equal = values.windows(2).all(|pair| pair[0] == pair[1]);
        Some(ClusterSummary {
            mean,
            standard_error: if all_equal { 0.0 } else { variance.sqrt() },
            n: values.len(),
            clusters: self.count,
            design_effect: if independent > 0.0 { variance / independent } else { 1.0 },
        })
    }
}
