//! Whether one of two samples tends to be larger: the Mann-Whitney test.

use crate::correlation::ranks;
use crate::distribution::normal_cdf;

/// The Mann-Whitney test of two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannWhitney {
    /// How many pairs have the first sample's value greater, ties counting half.
    pub u: f64,
    /// Two-sided p value, by the normal approximation with corrections for ties and continuity (as scipy's `asymptotic`).
    pub p: f64,
}

/// Tests whether values of `x` tend to be greater or smaller than values of `y`. `None` if a sample is empty; p is 1 where all
/// values are equal.
pub fn mann_whitney(x: &[f64], y: &[f64]) -> Option<MannWhitney> {
    if x.is_empty() || y.is_empty() {
        return None;
    }
    let all: Vec<f64> = x.iter().chain(y).copied().collect();
    let ranked = ranks(&all);
    let (n, m) = (x.len() as f64, y.len() as f64);
    let u = ranked[..x.len()].iter().sum::<f64>() - n * (n + 1.0) / 2.0;
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ties(all) / (total * (total - 1.0)));
    if variance <= 0.0 {
        return Some(MannWhitney { u, p: 1.0 });
    }
    let distance = (u - n * m / 2.0).abs() - 0.5;
    let p = (2.0 * normal_cdf(-distance / variance.sqrt())).min(1.0);
    Some(MannWhitney { u, p })
}

/// The sum of t^3 - t over runs of t equal values.
fn ties(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values
        .chunk_by(|a, b| a == b)
        .map(|run| {
            let t = run.len() as f64;
            t * t * t - t
        })
        .sum()
}
