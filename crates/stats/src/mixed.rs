//! A linear model whose units come in groups, each with a level of its own: linear regression with a random intercept, by restricted
//! maximum likelihood.
//!
//! Source: Bates and others, *Fitting linear mixed-effects models using lme4*, Journal of Statistical Software 67 (2015), sections 3.3
//! and 3.4, for one random intercept; statsmodels' `MixedLM` gives the same numbers.

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct RandomIntercept {
    /// One coefficient per predictor.
    pub coefficients: Vec<f64>,
    /// Their standard errors.
    pub errors: Vec<f64>,
    /// The variance of the groups' levels.
    pub group_variance: f64,
    /// The variance around them.
    pub residual_variance: f64,
}

/// Fits `y` on the predictors (add a column of ones for a constant), with a random intercept per group. `None` when there are
/// fewer units than predictors and one more, or when predictors depend on each other.
pub fn random_intercept(x: &[Vec<f64>], y: &[f64], groups: &[usize]) -> Option<RandomIntercept> {
    let width = x.first()?.len();
    if y.len() != x.len() || groups.len() != x.len() || x.len() <= width + 1 {
        return None;
    }
    let sums = Sums::new(x, y, groups, width);
    // The ratio of variances, on a logarithmic scale; 0 is tried as well.
    let objective =
        |ln_ratio: f64| sums.solve(ln_ratio.exp()).map_or(f64::INFINITY, |s| s.deviance);
    let best = golden_section(objective, -16.0, 12.0);
    let zero = sums.solve(0.0)?;
    let solved = sums.solve(best.exp())?;
    let (solved, ratio) =
        if zero.deviance <= solved.deviance { (zero, 0.0) } else { (solved, best.exp()) };
    let errors = (0..width).map(|at| (solved.inverse[at][at] * solved.variance).sqrt()).collect();
    Some(RandomIntercept {
        coefficients: solved.coefficients,
        errors,
        group_variance: ratio * solved.variance,
        residual_variance: solved.variance,
    })
}

/// One group's sums.
struct Group {
    size: f64,
    x: Vec<f64>,
    y: f64,
}

/// What the likelihood needs of the data.
struct Sums {
    units: f64,
    xx: Vec<Vec<f64>>,
    xy: Vec<f64>,
    yy: f64,
    groups: Vec<Group>,
}

/// The model for one ratio of variances.
struct Solved {
    coefficients: Vec<f64>,
    inverse: Vec<Vec<f64>>,
    variance: f64,
    /// Minus twice the restricted log-likelihood, but for a constant.
    deviance: f64,
}

impl Sums {
    fn new(x: &[Vec<f64>], y: &[f64], labels: &[usize], width: usize) -> Self {
        let count = labels.iter().max().map_or(0, |last| last + 1);
        let mut groups: Vec<Group> =
            (0..count).map(|_| Group { size: 0.0, x: vec![0.0; width], y: 0.0 }).collect();
        let mut sums = Self {
            units: y.len() as f64,
            xx: vec![vec![0.0; width]; width],
            xy: vec![0.0; width],
            yy: 0.0,
            groups: Vec::new(),
        };
        for ((row, value), label) in x.iter().zip(y).zip(labels) {
            let group = &mut groups[*label];
            group.size += 1.0;
            group.y += value;
            sums.yy += value * value;
            for i in 0..width {
                group.x[i] += row[i];
                sums.xy[i] += row[i] * value;
                for j in 0..width {
                    sums.xx[i][j] += row[i] * row[j];
                }
            }
        }
        groups.retain(|group| group.size > 0.0);
        Self { groups, ..sums }
    }

    fn solve(&self, ratio: f64) -> Option<Solved> {
        let width = self.xy.len();
        let (mut xx, mut xy, mut yy) = (self.xx.clone(), self.xy.clone(), self.yy);
        let mut ln_determinant = 0.0;
        for group in &self.groups {
            let shrink = ratio / (1.0 + group.size * ratio);
            ln_determinant += (group.size * ratio).ln_1p();
            yy -= shrink * group.y * group.y;
            for (i, row) in xx.iter_mut().enumerate() {
                xy[i] -= shrink * group.x[i] * group.y;
                for (entry, x) in row.iter_mut().zip(&group.x) {
                    *entry -= shrink * group.x[i] * x;
                }
            }
        }
        let (inverse, ln_det_xx) = invert(xx)?;
        let coefficients: Vec<f64> =
            inverse.iter().map(|row| row.iter().zip(&xy).map(|(a, b)| a * b).sum()).collect();
        let explained: f64 = coefficients.iter().zip(&xy).map(|(a, b)| a * b).sum();
        let freedom = self.units - width as f64;
        let variance = (yy - explained).max(f64::MIN_POSITIVE) / freedom;
        let deviance = freedom * variance.ln() + ln_determinant + ln_det_xx;
        Some(Solved { coefficients, inverse, variance, deviance })
    }
}

/// The inverse of a symmetric positive matrix with the logarithm of its determinant, by Gauss and Jordan. `None` if it is singular.
fn invert(mut matrix: Vec<Vec<f64>>) -> Option<(Vec<Vec<f64>>, f64)> {
    let n = matrix.len();
    let mut inverse: Vec<Vec<f64>> =
        (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let mut ln_determinant = 0.0;
    for at in 0..n {
        let scale = matrix.get(at)?.get(at).copied()?;
        let pivot = (at..n).max_by(|a, b| matrix[*a][at].abs().total_cmp(&matrix[*b][at].abs()))?;
        if matrix[pivot][at].abs() < 1e-10 * scale.abs().max(1e-10) {
            return None;
        }
        matrix.swap(at, pivot);
        inverse.swap(at, pivot);
        let value = matrix[at][at];
        ln_determinant += value.abs().ln();
        for column in 0..n {
            matrix[at][column] /= value;
            inverse[at][column] /= value;
        }
        for row in (0..n).filter(|row| *row != at) {
            let factor = matrix[row][at];
            for column in 0..n {
                matrix[row][column] -= factor * matrix[at][column];
                inverse[row][column] -= factor * inverse[at][column];
            }
        }
    }
    Some((inverse, ln_determinant))
}

/// Where a function with one valley is smallest.
fn golden_section(function: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let ratio = f64::midpoint(5.0_f64.sqrt(), -1.0);
    let (mut left, mut right) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_left, mut at_right) = (function(left), function(right));
    while high - low > 1e-9 {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - ratio * (high - low);
            at_left = function(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + ratio * (high - low);
            at_right = function(right);
        }
    }
    f64::midpoint(low, high)
}
