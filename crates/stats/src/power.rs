//! How small a difference the data can show, and how much data a difference needs.

use crate::distribution::{normal_cdf, normal_quantile};

/// The smallest true difference that a two-sided test at significance level `alpha` finds with probability `power`,
/// given the standard error of the estimated difference: (z(1 - alpha/2) + z(power)) times it; 2.80 times for 0.05 and 0.8.
pub fn minimum_detectable_effect(standard_error: f64, alpha: f64, power: f64) -> f64 {
    (normal_quantile(1.0 - alpha / 2.0) + normal_quantile(power)) * standard_error
}

/// The probability that a two-sided z test at level `alpha` finds a true difference.
pub fn power(difference: f64, standard_error: f64, alpha: f64) -> f64 {
    let critical = normal_quantile(1.0 - alpha / 2.0);
    let shift = difference / standard_error;
    normal_cdf(shift - critical) + normal_cdf(-shift - critical)
}

/// How many units a paired comparison needs to find a true mean `difference`, when single differences have the standard
/// deviation `deviation` and clusters multiply the variance by `design_effect` (1 without clusters). Rounded up.
/// `None` if the difference is 0.
pub fn units_needed(
    difference: f64,
    deviation: f64,
    design_effect: f64,
    alpha: f64,
    power: f64,
) -> Option<usize> {
    if difference == 0.0 {
        return None;
    }
    let z = normal_quantile(1.0 - alpha / 2.0) + normal_quantile(power);
    let n = (z * deviation / difference).powi(2) * design_effect;
    Some(n.ceil() as usize)
}

/// The standard deviation of the difference of two 0/1 outcomes on the same unit, with means `first` and `second` and
/// correlation `correlation`.
pub fn paired_deviation(first: f64, second: f64, correlation: f64) -> f64 {
    let (a, b) = (first * (1.0 - first), second * (1.0 - second));
    (a + b - 2.0 * correlation * (a * b).sqrt()).max(0.0).sqrt()
}
