//! Whether a difference is too small to matter.

use crate::distribution::{t_cdf, t_two_sided};

/// What the data says about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It differs from 0.
    Disparity,
    /// It is smaller than the margin.
    Equivalent,
    /// The data can't tell.
    Inconclusive,
}

impl Verdict {
    /// The word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disparity => "disparity",
            Self::Equivalent => "equivalent",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// Two one-sided tests (Schuirmann 1987) that a difference lies within plus or minus `margin` (positive): the larger of
/// the two p values. `degrees` are those of the standard error, which is positive.
pub fn tost(difference: f64, standard_error: f64, degrees: f64, margin: f64) -> f64 {
    let above_lower = 1.0 - t_cdf((difference + margin) / standard_error, degrees);
    let below_upper = t_cdf((difference - margin) / standard_error, degrees);
    above_lower.max(below_upper)
}

/// The verdict at a significance level. A difference that is both significant and within the margin is *equivalent*: it is real
/// but too small to matter. `adjusted_p` is the two-sided p value after any adjustment for multiplicity.
pub fn verdict(adjusted_p: f64, equivalence_p: f64, alpha: f64) -> Verdict {
    if equivalence_p < alpha {
        Verdict::Equivalent
    } else if adjusted_p < alpha {
        Verdict::Disparity
    } else {
        Verdict::Inconclusive
    }
}

/// The two-sided p value that a difference is 0.
pub fn difference_p(difference: f64, standard_error: f64, degrees: f64) -> f64 {
    t_two_sided(difference / standard_error, degrees)
}
