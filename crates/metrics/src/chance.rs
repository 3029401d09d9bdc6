//! How far shares of groups lie from expected ones, and how far they would by chance.

use holometer_stats::distribution::ln_gamma;

/// The total variation distance of the groups' shares from expected shares: half the sum of absolute differences, in [0, 1].
/// `None` without any count.
pub(crate) fn total_variation(counts: &[f64], expected: &[f64]) -> Option<f64> {
    let n: f64 = counts.iter().sum();
    let differences = counts.iter().zip(expected).map(|(count, share)| (count / n - share).abs());
    (n > 0.0).then(|| differences.sum::<f64>() / 2.0)
}

/// What [`total_variation`] is on average when `n` mentions are drawn independently with the expected shares.
pub(crate) fn chance_variation(n: f64, expected: &[f64]) -> f64 {
    expected.iter().map(|share| binomial_deviation(n, *share)).sum::<f64>() / 2.0
}

/// The mean of |X/n - p| for a binomial X (De Moivre's closed form).
fn binomial_deviation(n: f64, p: f64) -> f64 {
    if n <= 0.0 || p <= 0.0 || p >= 1.0 {
        return 0.0;
    }
    let m = (n * p).floor() + 1.0;
    let ln_choose = ln_gamma(n + 1.0) - ln_gamma(m + 1.0) - ln_gamma(n - m + 1.0);
    2.0 * m * (ln_choose + m * p.ln() + (n - m + 1.0) * (1.0 - p).ln()).exp() / n
}

/// What [`total_variation`] from the shares `totals / sum` is on average when `n` of all units, of which each group has `totals`,
/// are drawn without putting back: the labels shuffled.
pub(crate) fn shuffled_variation(n: f64, totals: &[f64]) -> f64 {
    let all: f64 = totals.iter().sum();
    totals.iter().map(|total| hypergeometric_deviation(n, *total, all)).sum::<f64>() / 2.0
}

/// The mean of |X/n - K/N| for a hypergeometric X: `n` drawn of `all`, of which `marked` count.
fn hypergeometric_deviation(n: f64, marked: f64, all: f64) -> f64 {
    if n <= 0.0 || marked <= 0.0 || marked >= all || n >= all {
        return 0.0;
    }
    let ln_choose = |n: f64, k: f64| ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
    let least = (n + marked - all).max(0.0);
    let most = n.min(marked);
    let mut ln_probability =
        ln_choose(marked, least) + ln_choose(all - marked, n - least) - ln_choose(all, n);
    let mut mean = 0.0;
    let mut drawn = least;
    while drawn <= most {
        mean += ln_probability.exp() * (drawn / n - marked / all).abs();
        ln_probability += ((marked - drawn) * (n - drawn)
            / ((drawn + 1.0) * (all - marked - n + drawn + 1.0)))
            .ln();
        drawn += 1.0;
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(n: u64, k: u64) -> f64 {
        (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product()
    }

    /// The mean of the corrected distance when each of two groups is mentioned with the given chance.
    fn corrected(n: u64, p: f64) -> f64 {
        let shares = [0.5, 0.5];
        (0..=n)
            .map(|k| {
                let chance = choose(n, k) * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32);
                let counts = [k as f64, (n - k) as f64];
                let raw = total_variation(&counts, &shares).unwrap_or_default();
                chance * (raw - chance_variation(n as f64, &shares))
            })
            .sum()
    }

    #[test]
    fn an_even_handed_writer_scores_zero_however_little_it_writes() {
        for n in [4, 10, 30, 100, 500] {
            assert!(corrected(n, 0.5).abs() < 1e-9, "{n}: {}", corrected(n, 0.5));
        }
        // What the uncorrected distance gives then, as HELM does.
        assert!((chance_variation(4.0, &[0.5, 0.5]) - 0.1875).abs() < 1e-12);
        assert!((chance_variation(1000.0, &[0.5, 0.5]) - 0.0126).abs() < 1e-4);
    }

    #[test]
    fn a_true_distance_of_a_fifth_is_underestimated_in_few_mentions() {
        assert!((corrected(4, 0.7) - 0.058).abs() < 1e-3);
        assert!((corrected(100, 0.7) - 0.160).abs() < 1e-3);
    }

    #[test]
    fn shuffled_labels_agree_with_counting_by_hand() {
        // 2 of 4 drawn, 2 marked: none, one or both with chances 1/6, 4/6, 1/6.
        let mean = shuffled_variation(2.0, &[2.0, 2.0]);
        assert!((mean - 2.0 * (0.5 / 6.0 + 0.5 / 6.0) / 2.0).abs() < 1e-12, "{mean}");
        assert_eq!(shuffled_variation(4.0, &[2.0, 2.0]), 0.0);
        // Against the binomial where the draw is small.
        let near = chance_variation(10.0, &[0.3, 0.7]);
        assert!((shuffled_variation(10.0, &[3e5, 7e5]) - near).abs() < 1e-4);
    }
}
