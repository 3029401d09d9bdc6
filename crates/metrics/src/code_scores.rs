//! The two scores of `basic_generation` for which programs are run: HELM's `code_eval_acc` and `pass`.

use holometer_core::{Findings, Inquiry, Respondent, Score, Unit, Value};

use crate::code::{human_eval_inquiries, human_eval_results};
use crate::unit::ranked;

const ANY_PASSES: &str = "code_eval_acc";
const PASS: &str = "pass";

fn is_code(name: &str) -> bool {
    name == ANY_PASSES || name == PASS
}

/// The programs to run for a unit, when any of the scores needs them.
pub(crate) fn inquiries(names: &[&'static str], unit: &Unit<'_>) -> Vec<Inquiry> {
    if names.iter().any(|name| is_code(name)) { human_eval_inquiries(unit) } else { Vec::new() }
}

/// Which of the scores need programs to be run.
pub(crate) fn asking(names: &[&'static str]) -> Vec<(&'static str, Respondent)> {
    names.iter().filter(|name| is_code(name)).map(|name| (*name, Respondent::Python)).collect()
}

/// Gives the scores their values, where they are among a unit's scores.
pub(crate) fn fill_in(scores: &mut [Score], unit: &Unit<'_>, findings: &dyn Findings) {
    let base = |score: &Score| score.metric.0.split('@').next().is_some_and(is_code);
    if !scores.iter().any(base) {
        return;
    }
    let results = unit.responses().and_then(|responses| {
        let completions = responses.first().map(|response| ranked(response)).unwrap_or_default();
        human_eval_results(unit, &completions, findings)
    });
    for score in scores.iter_mut().filter(|score| base(score)) {
        let (name, k) = score.metric.0.split_once('@').unwrap_or((&score.metric.0, "1"));
        let k = k.parse().unwrap_or(1);
        score.value = match &results {
            Err(reason) => Value::Unscored(reason.clone()),
            Ok(passed) if passed.is_empty() => {
                Value::Unscored("the response holds no completion".into())
            }
            Ok(passed) if name == PASS => {
                let right = passed.iter().filter(|passed| **passed).count();
                Value::number(pass_at_k(passed.len(), right, k))
            }
            Ok(passed) => Value::indicator(passed.iter().take(k).any(|passed| *passed)),
        };
    }
}

/// The unbiased estimate of the chance that at least one of `k` samples passes, from `n` samples of which `right` pass
/// (Chen et al. 2021, equation 1, in the product form of their appendix A).
fn pass_at_k(n: usize, right: usize, k: usize) -> f64 {
    let wrong = n.saturating_sub(right);
    if wrong < k {
        return 1.0;
    }
    let miss: f64 = (wrong + 1..=n).map(|drawn| 1.0 - k as f64 / drawn as f64).product();
    1.0 - miss
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected values are those of `pass_at_k_estimator` in HELM's `evaluate_reference_metrics.py`.
    #[test]
    #[expect(clippy::large_stack_arrays, reason = "a table of values as HELM's code prints them")]
    fn the_estimate_is_helms() {
        for (n, right, k, expected) in include!("../tests/fixtures/pass_at_k.in") {
            let estimate = pass_at_k(n, right, k);
            assert!((estimate - expected).abs() < 1e-12, "{n} {right} {k}: {estimate} {expected}");
        }
    }
}
