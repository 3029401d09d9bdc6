//! Planning: how many instances a comparison of two models needs.

use holometer_stats::Clusters;
use holometer_stats::power::{minimum_detectable_effect, paired_deviation, power, units_needed};
use serde::{Deserialize, Serialize};

use crate::compare::SideScores;
use crate::estimate::labels;

/// How single differences vary.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// The standard deviation of single differences.
    pub deviation: f64,
    /// The variance of the mean over what it would be without clusters.
    pub design_effect: f64,
    /// Instances per cluster.
    pub cluster_size: f64,
    /// How many instances there are; `None` where nothing was measured.
    pub instances: Option<usize>,
}

impl Default for Design {
    fn default() -> Self {
        Self { deviation: 0.0, design_effect: 1.0, cluster_size: 1.0, instances: None }
    }
}

impl Design {
    /// Of two models of which one is right with probability `accuracy` and the other `difference` more often (less often, where
    /// that would be more than always), whose outcomes correlate.
    pub fn of_accuracies(accuracy: f64, difference: f64, correlation: f64) -> Self {
        let other = if accuracy + difference <= 1.0 {
            accuracy + difference
        } else {
            accuracy - difference
        };
        let deviation = paired_deviation(accuracy, other.clamp(0.0, 1.0), correlation);
        Self { deviation, ..Self::default() }
    }

    /// As measured on the instances that two sides share; `None` where they share fewer than two or never differ.
    pub fn of_differences(first: &SideScores, second: &SideScores) -> Option<Self> {
        let pairs: Vec<(f64, &str)> = first
            .instances
            .iter()
            .filter_map(|(id, one)| {
                let other = second.instances.get(id)?;
                (other.question == one.question)
                    .then_some((one.score - other.score, one.cluster.as_str()))
            })
            .collect();
        Self::measured(&pairs, 1.0)
    }

    /// As measured on one side's scores, for another whose scores vary as much and correlate with them.
    pub fn of_scores(only: &SideScores, correlation: f64) -> Option<Self> {
        let scores: Vec<(f64, &str)> =
            only.instances.values().map(|one| (one.score, one.cluster.as_str())).collect();
        Self::measured(&scores, (2.0 * (1.0 - correlation)).sqrt())
    }

    fn measured(values: &[(f64, &str)], scale: f64) -> Option<Self> {
        let numbers: Vec<f64> = values.iter().map(|(value, _)| *value).collect();
        let clusters = Clusters::new(&labels(values.iter().map(|(_, cluster)| *cluster)));
        let summary = clusters.summarise(&numbers)?;
        let n = numbers.len() as f64;
        let squares: f64 = numbers.iter().map(|number| (number - summary.mean).powi(2)).sum();
        let deviation = (squares / (n - 1.0)).sqrt() * scale;
        (deviation > 0.0).then_some(Self {
            deviation,
            design_effect: summary.design_effect,
            cluster_size: n / clusters.len() as f64,
            instances: Some(numbers.len()),
        })
    }

    fn error(&self, instances: f64) -> f64 {
        self.deviation * (self.design_effect / instances).sqrt()
    }
}

/// What a comparison needs, and what the present instances can show.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Instances needed.
    pub instances: usize,
    /// Clusters that they make, at the present cluster size.
    pub clusters: usize,
    /// The smallest true difference that the present instances find with the wanted power.
    pub detectable_now: Option<f64>,
    /// The probability that the present instances find the difference.
    pub power_now: Option<f64>,
}

/// How many instances a true `difference` (positive) needs to be found with probability `wanted` at significance level `alpha`.
pub fn needed(design: &Design, difference: f64, alpha: f64, wanted: f64) -> Plan {
    let instances = units_needed(difference, design.deviation, design.design_effect, alpha, wanted);
    let instances = instances.unwrap_or(usize::MAX).max(2);
    let error = design.instances.map(|n| design.error(n as f64));
    Plan {
        instances,
        clusters: (instances as f64 / design.cluster_size).ceil() as usize,
        detectable_now: error.map(|error| minimum_detectable_effect(error, alpha, wanted)),
        power_now: error.map(|error| power(difference, error, alpha)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_multiply_what_is_needed_and_round_trips_agree() {
        let alone = Design { deviation: 0.45, instances: Some(636), ..Design::default() };
        let plan = needed(&alone, 0.05, 0.05, 0.8);
        // (1.959964 + 0.841621)^2 * 0.45^2 / 0.05^2 = 635.8.
        assert_eq!((plan.instances, plan.clusters), (636, 636));
        assert!((plan.power_now.unwrap() - 0.8).abs() < 1e-3);
        assert!((plan.detectable_now.unwrap() - 0.05).abs() < 1e-4);
        let clustered = Design { design_effect: 3.0, cluster_size: 10.0, ..alone };
        let plan = needed(&clustered, 0.05, 0.05, 0.8);
        assert_eq!((plan.instances, plan.clusters), (1908, 191));
    }

    #[test]
    fn accuracies_near_one_look_downwards() {
        let design = Design::of_accuracies(0.98, 0.05, 0.0);
        let expected = f64::sqrt(0.98 * 0.02 + 0.93 * 0.07);
        assert!((design.deviation - expected).abs() < 1e-12);
    }
}
