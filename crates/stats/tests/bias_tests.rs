//! The rank test and the mixed model against scipy and statsmodels.

#![expect(clippy::unwrap_used, reason = "a test that can't go on may panic")]

use holometer_stats::mixed::random_intercept;
use holometer_stats::multiplicity::benjamini_hochberg;
use holometer_stats::ranks::mann_whitney;
use serde_json::Value;

fn fixture() -> Value {
    let path = format!("{}/tests/fixtures/bias.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[track_caller]
fn close(ours: f64, theirs: f64, tolerance: f64) {
    assert!((ours - theirs).abs() <= tolerance, "ours {ours}, theirs {theirs}");
}

#[test]
fn rank_tests_and_their_adjustment_equal_scipys() {
    let fixture = fixture();
    let mut p = Vec::new();
    for case in fixture["ranks"].as_array().unwrap() {
        let test = mann_whitney(&numbers(&case["x"]), &numbers(&case["y"])).unwrap();
        close(test.u, case["u"].as_f64().unwrap(), 1e-9);
        close(test.p, case["p"].as_f64().unwrap(), 1e-9);
        p.push(test.p);
    }
    for (ours, theirs) in benjamini_hochberg(&p).iter().zip(numbers(&fixture["adjusted"])) {
        close(*ours, theirs, 1e-9);
    }
    assert_eq!(mann_whitney(&[], &[1.0]), None);
    assert_eq!(mann_whitney(&[1.0], &[1.0]).unwrap().p, 1.0);
}

#[test]
fn mixed_models_equal_statsmodels() {
    for case in fixture()["models"].as_array().unwrap() {
        let x: Vec<Vec<f64>> = case["x"].as_array().unwrap().iter().map(numbers).collect();
        let groups: Vec<usize> =
            numbers(&case["groups"]).into_iter().map(|group| group as usize).collect();
        let fit = random_intercept(&x, &numbers(&case["y"]), &groups).unwrap();
        for (ours, theirs) in fit.coefficients.iter().zip(numbers(&case["coefficients"])) {
            close(*ours, theirs, 1e-4);
        }
        // statsmodels takes its errors from the whole observed information, variances included, and lme4 (as here) does not.
        for (ours, theirs) in fit.errors.iter().zip(numbers(&case["errors"])) {
            close(*ours / theirs, 1.0, 5e-3);
        }
        close(fit.group_variance, case["group_variance"].as_f64().unwrap(), 1e-3);
        close(fit.residual_variance, case["residual_variance"].as_f64().unwrap(), 1e-4);
    }
}

#[test]
fn dependent_predictors_and_too_few_units_have_no_model() {
    let same: Vec<Vec<f64>> = (0..9).map(|i| vec![f64::from(i), f64::from(2 * i)]).collect();
    let y: Vec<f64> = (0..9).map(f64::from).collect();
    assert_eq!(random_intercept(&same, &y, &[0, 0, 0, 1, 1, 1, 2, 2, 2]), None);
    assert_eq!(random_intercept(&same[..2], &y[..2], &[0, 1]), None);
}
