//! Agreement coefficients beside scikit-learn's and those of the package krippendorff; the fixture is made by
//! `parity/stats/agreement.py`.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail where the test would")]

use holometer_stats::agreement::{Scale, Weights, cohen_kappa, krippendorff_alpha};
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/agreement.json")).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn kappa_is_scikit_learns() {
    let fixture = fixture();
    let cases = fixture["kappas"].as_array().unwrap();
    assert_eq!(cases.len(), 400);
    for case in cases {
        let pairs: Vec<(f64, f64)> = case["pairs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (number(&pair[0]), number(&pair[1])))
            .collect();
        for (at, weights) in
            [Weights::Equal, Weights::Linear, Weights::Quadratic].iter().enumerate()
        {
            let kappa = cohen_kappa(&pairs, *weights).unwrap();
            assert!(
                (kappa - number(&case["values"][at])).abs() < 1e-9,
                "{weights:?} {kappa} {case}"
            );
        }
    }
}

#[test]
fn alpha_is_krippendorffs() {
    let fixture = fixture();
    let cases = fixture["alphas"].as_array().unwrap();
    assert_eq!(cases.len(), 400);
    for case in cases {
        let units: Vec<Vec<f64>> = case["units"]
            .as_array()
            .unwrap()
            .iter()
            .map(|unit| unit.as_array().unwrap().iter().map(number).collect())
            .collect();
        for (at, scale) in [Scale::Nominal, Scale::Ordinal, Scale::Interval].iter().enumerate() {
            let alpha = krippendorff_alpha(&units, *scale).unwrap();
            assert!((alpha - number(&case["values"][at])).abs() < 1e-9, "{scale:?} {alpha} {case}");
        }
    }
}

#[test]
fn where_chance_agrees_fully_there_is_no_value() {
    assert_eq!(cohen_kappa(&[], Weights::Equal), None);
    assert_eq!(cohen_kappa(&[(1.0, 1.0), (1.0, 1.0)], Weights::Equal), None);
    assert_eq!(krippendorff_alpha(&[vec![1.0], vec![2.0]], Scale::Nominal), None);
    assert_eq!(krippendorff_alpha(&[vec![3.0, 3.0], vec![3.0, 3.0]], Scale::Interval), None);
}
