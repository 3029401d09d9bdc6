//! Distribution functions and their inverses, in double precision.

use std::f64::consts::{PI, SQRT_2};

/// The normal distribution function.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * erfc(-x / SQRT_2)
}

/// The normal density.
pub fn normal_pdf(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// The inverse of [`normal_cdf`]. 0 and 1 give the infinities; outside [0, 1] NaN.
pub fn normal_quantile(p: f64) -> f64 {
    if p == 0.5 {
        return 0.0;
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    if p <= 0.0 || p.is_nan() {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    }
    // Hastings' formula (Abramowitz and Stegun 26.2.23) to start with, then Halley's method.
    let r = (-2.0 * p.ln()).sqrt();
    let mut x = (2.515_517 + 0.802_853 * r + 0.010_328 * r * r)
        / (1.0 + 1.432_788 * r + 0.189_269 * r * r + 0.001_308 * r * r * r)
        - r;
    for _ in 0..4 {
        let density = normal_pdf(x);
        if density == 0.0 {
            break;
        }
        let step = (normal_cdf(x) - p) / density;
        x -= step / (1.0 + 0.5 * x * step);
    }
    x
}

/// The complementary error function: a series of positive terms near 0, a continued fraction in the tail.
pub fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    if x < 2.0 {
        let mut term = 2.0 * x / PI.sqrt() * (-x * x).exp();
        let mut sum = term;
        let mut odd = 3.0;
        while term > sum * 1e-17 {
            term *= 2.0 * x * x / odd;
            sum += term;
            odd += 2.0;
        }
        return 1.0 - sum;
    }
    if x > 27.5 {
        return 0.0;
    }
    let mut tail = 0.0;
    for k in (1..=120).rev() {
        tail = f64::from(k) / 2.0 / (x + tail);
    }
    (-x * x).exp() / PI.sqrt() / (x + tail)
}

/// Student's t distribution function for positive degrees of freedom (not necessarily whole).
pub fn t_cdf(t: f64, degrees: f64) -> f64 {
    let tail = 0.5 * t_two_sided(t, degrees);
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// The probability that Student's t is at least as far from 0 as `t`.
pub fn t_two_sided(t: f64, degrees: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    let t2 = t * t;
    if t2 < degrees {
        1.0 - beta_regularised(t2 / (degrees + t2), 0.5, degrees / 2.0)
    } else {
        beta_regularised(degrees / (degrees + t2), degrees / 2.0, 0.5)
    }
}

/// The inverse of [`t_cdf`]; `p` in (0, 1), positive degrees of freedom.
pub fn t_quantile(p: f64, degrees: f64) -> f64 {
    if p == 0.5 {
        return 0.0;
    }
    if p < 0.5 { -t_upper(2.0 * p, degrees) } else { t_upper(2.0 * (1.0 - p), degrees) }
}

/// The positive t that is exceeded in absolute value with probability `tail`: Newton's method inside a bracket.
fn t_upper(tail: f64, degrees: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while t_two_sided(high, degrees) > tail {
        low = high;
        high *= 2.0;
        if high > 1e300 {
            return f64::INFINITY;
        }
    }
    let mut t = 0.5 * (low + high);
    for _ in 0..200 {
        let excess = t_two_sided(t, degrees) - tail;
        if excess > 0.0 {
            low = t;
        } else {
            high = t;
        }
        let newton = t + excess / (2.0 * t_pdf(t, degrees));
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - t).abs() <= 4.0 * f64::EPSILON * t {
            return next;
        }
        t = next;
    }
    t
}

/// The density of Student's t.
pub fn t_pdf(t: f64, degrees: f64) -> f64 {
    let half = 0.5 * (degrees + 1.0);
    let constant = ln_gamma(half) - ln_gamma(0.5 * degrees) - 0.5 * (degrees * PI).ln();
    (constant - half * (t * t / degrees).ln_1p()).exp()
}

/// The probability of at most `k` successes in `n` trials of probability `p`.
pub fn binomial_cdf(k: usize, n: usize, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    beta_regularised(1.0 - p, (n - k) as f64, (k + 1) as f64)
}

/// The regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22).
pub fn beta_regularised(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_regularised(1.0 - x, b, a);
    }
    let log_front =
        a * x.ln() + b * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) - a.ln();
    log_front.exp() * beta_fraction(x, a, b)
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        result *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        let factor = d * c;
        result *= factor;
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    result
}

/// The logarithm of the gamma function for positive arguments: Stirling's series after shifting the argument.
pub fn ln_gamma(x: f64) -> f64 {
    let mut shift = 1.0;
    let mut y = x;
    while y < 12.0 {
        shift *= y;
        y += 1.0;
    }
    let inverse = 1.0 / (y * y);
    let series = 1.0 / 12.0
        - inverse
            * (1.0 / 360.0
                - inverse
                    * (1.0 / 1260.0
                        - inverse
                            * (1.0 / 1680.0
                                - inverse * (1.0 / 1188.0 - inverse * (691.0 / 360_360.0)))));
    (y - 0.5) * y.ln() - y + 0.5 * (2.0 * PI).ln() + series / y - shift.ln()
}
