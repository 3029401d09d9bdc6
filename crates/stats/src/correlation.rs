//! Rank correlation.

use crate::distribution::{normal_quantile, t_two_sided};
use crate::interval::Interval;

/// A correlation.
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    /// In [-1, 1].
    pub value: f64,
    /// The two-sided p value from Student's t with n - 2 degrees of freedom.
    pub p_value: f64,
    /// Fisher's interval with Bonett and Wright's (2000) variance (1 + r²/2)/(n - 3); `None` for n < 4 or |r| = 1.
    pub interval: Option<Interval>,
}

/// Spearman's rank correlation of pairs, with mean ranks for ties. `None` for fewer than 3 pairs, or when all values of
/// a side are equal.
pub fn spearman(x: &[f64], y: &[f64], level: f64) -> Option<Correlation> {
    let n = x.len();
    if n < 3 || n != y.len() {
        return None;
    }
    let value = pearson(&ranks(x), &ranks(y))?;
    let degrees = n as f64 - 2.0;
    let p_value = if value.abs() >= 1.0 {
        0.0
    } else {
        t_two_sided(value * (degrees / (1.0 - value * value)).sqrt(), degrees)
    };
    let interval = (n >= 4 && value.abs() < 1.0).then(|| {
        let error = ((1.0 + value * value / 2.0) / (n as f64 - 3.0)).sqrt();
        let reach = normal_quantile(0.5 + level / 2.0) * error;
        Interval {
            low: (value.atanh() - reach).tanh(),
            high: (value.atanh() + reach).tanh(),
            level,
            method: "fisher z, bonett-wright".into(),
        }
    });
    Some(Correlation { value, p_value, interval })
}

/// Pearson's correlation; `None` when all values of a side are equal.
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        xx += (a - mean_x).powi(2);
        yy += (b - mean_y).powi(2);
        xy += (a - mean_x) * (b - mean_y);
    }
    (xx > 0.0 && yy > 0.0).then(|| (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0))
}

/// Ranks from 1; equal values share the mean of their ranks.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let value = values[order[start]];
        let ties = order[start..].iter().take_while(|&&index| values[index] == value).count();
        let mean = f64::midpoint((start + 1) as f64, (start + ties) as f64);
        for &index in &order[start..start + ties] {
            ranks[index] = mean;
        }
        start += ties;
    }
    ranks
}
