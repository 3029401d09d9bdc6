//! Every statistic against scipy, statsmodels, scikit-learn and uncertainty-calibration (`parity/stats/generate.py`).

use holometer_stats::bootstrap::interval_ends;
use holometer_stats::calibration::{
    Platt, Prediction, brier, ece_equal_mass, ece_equal_width, selective,
};
use holometer_stats::distribution::{binomial_cdf, normal_cdf, normal_quantile, t_cdf, t_quantile};
use holometer_stats::group_gap::{GapOptions, Part, group_gap};
use holometer_stats::win_rate::{Task, TaskValues, win_rates};
use holometer_stats::{BootstrapKind, BootstrapOptions, Clusters, mean_interval, wilson};
use holometer_stats::{correlation, equivalence, group_rates, multiplicity, paired, power};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("fixtures/reference.json")).expect("the fixture is JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().expect("a list").iter().map(numbers).collect()
}

fn labels(value: &Value) -> Vec<usize> {
    numbers(value).into_iter().map(|label| label as usize).collect()
}

#[track_caller]
fn close(ours: f64, theirs: f64, tolerance: f64) {
    let scale = theirs.abs().max(1e-3);
    assert!((ours - theirs).abs() <= tolerance * scale, "ours {ours:e}, theirs {theirs:e}");
}

#[test]
fn distributions_equal_scipy() {
    let reference = &reference()["distributions"];
    for row in rows(&reference["normal_cdf"]) {
        close(normal_cdf(row[0]), row[1], 1e-13);
    }
    for row in rows(&reference["normal_quantile"]) {
        close(normal_quantile(row[0]), row[1], 1e-12);
    }
    for row in rows(&reference["t_cdf"]) {
        close(t_cdf(row[0], row[1]), row[2], 1e-10);
    }
    for row in rows(&reference["t_quantile"]) {
        close(t_quantile(row[0], row[1]), row[2], 1e-9);
    }
    for row in rows(&reference["binomial_cdf"]) {
        close(binomial_cdf(row[0] as usize, row[1] as usize, row[2]), row[3], 1e-11);
    }
}

#[test]
fn wilson_equals_statsmodels() {
    for row in rows(&reference()["intervals"]["wilson"]) {
        let ours = wilson(row[0] as usize, row[1] as usize, row[2]);
        assert!((ours.low - row[3]).abs() < 1e-12 && (ours.high - row[4]).abs() < 1e-12, "{row:?}");
    }
}

#[test]
fn mean_intervals_equal_scipy_and_cluster_robust_statsmodels() {
    for case in reference()["intervals"]["means"].as_array().expect("a list") {
        let values = numbers(&case["values"]);
        let clusters = (!case["clusters"].is_null()).then(|| labels(&case["clusters"]));
        let summary =
            Clusters::or_singletons(clusters.as_deref(), values.len()).summarise(&values).unwrap();
        close(summary.standard_error, case["se"].as_f64().unwrap(), 1e-12);
        let interval = mean_interval(&values, clusters.as_deref(), 0.95).unwrap();
        close(interval.low, case["low"].as_f64().unwrap(), 1e-10);
        close(interval.high, case["high"].as_f64().unwrap(), 1e-10);
    }
}

#[test]
fn bootstrap_ends_equal_scipy_on_its_own_replicates() {
    for case in reference()["bootstrap"].as_array().expect("a list") {
        let values = numbers(&case["values"]);
        let n = values.len() as f64;
        let sum: f64 = values.iter().sum();
        let leave_one_out: Vec<f64> = values.iter().map(|v| (sum - v) / (n - 1.0)).collect();
        let kind = match case["method"].as_str() {
            Some("BCa") => BootstrapKind::Bca,
            _ => BootstrapKind::Percentile,
        };
        let options = BootstrapOptions { draws: 499, level: 0.95, seed: 0, kind };
        let replicates = numbers(&case["replicates"]);
        let (low, high) = interval_ends(&replicates, sum / n, &leave_one_out, &options).unwrap();
        close(low, case["low"].as_f64().unwrap(), 1e-9);
        close(high, case["high"].as_f64().unwrap(), 1e-9);
    }
}

#[test]
fn paired_tests_equal_scipy_and_statsmodels() {
    let reference = &reference()["paired"];
    for case in reference["sign_flip"].as_array().expect("a list") {
        let differences = numbers(&case["differences"]);
        let clusters: Vec<usize> = (0..differences.len()).collect();
        let ours = paired::sign_flip(&differences, &clusters, 0, 0).unwrap();
        assert!(ours.exact);
        close(ours.p_value, case["p"].as_f64().unwrap(), 1e-12);
        let p = case["p"].as_f64().unwrap();
        // Padding with clusters whose sum is 0 changes nothing but forces sampling.
        let padded: Vec<f64> = differences.iter().copied().chain([0.0; 20]).collect();
        let many: Vec<usize> = (0..padded.len()).collect();
        let sampled = paired::sign_flip(&padded, &many, 20_000, 3).unwrap();
        assert!(!sampled.exact);
        let error = (p * (1.0 - p) / 20_000.0).sqrt();
        assert!((sampled.p_value - p).abs() < 5.0 * error + 1e-4, "{} for {p}", sampled.p_value);
    }
    for row in rows(&reference["mcnemar"]) {
        let ours = paired::mcnemar(row[0] as usize, row[1] as usize);
        close(ours.exact, row[2], 1e-10);
        close(ours.mid, row[3], 1e-10);
        close(ours.chi_squared, row[4], 1e-10);
    }
    let differences: Vec<f64> =
        numbers(&reference["x"]).iter().zip(numbers(&reference["y"])).map(|(x, y)| x - y).collect();
    let each: Vec<usize> = (0..differences.len()).collect();
    let t = paired::paired_t(&differences, &each).unwrap();
    close(t.mean / t.standard_error, reference["paired_t"][0].as_f64().unwrap(), 1e-11);
    close(t.p_value, reference["paired_t"][1].as_f64().unwrap(), 1e-11);
    for row in rows(&reference["tost"]) {
        let p = equivalence::tost(t.mean, t.standard_error, t.degrees_of_freedom, row[0]);
        close(p, row[1], 1e-10);
    }
}

#[test]
fn adjustments_equal_statsmodels() {
    for case in reference()["multiplicity"].as_array().expect("a list") {
        let p = numbers(&case["p"]);
        for (ours, theirs) in multiplicity::holm(&p).iter().zip(numbers(&case["holm"])) {
            close(*ours, theirs, 1e-12);
        }
        for (ours, theirs) in multiplicity::benjamini_hochberg(&p).iter().zip(numbers(&case["bh"]))
        {
            close(*ours, theirs, 1e-12);
        }
    }
}

#[test]
fn spearman_and_auc_equal_scipy_and_sklearn() {
    let reference = reference();
    for case in reference["correlation"].as_array().expect("a list") {
        let ours = correlation::spearman(&numbers(&case["x"]), &numbers(&case["y"]), 0.95).unwrap();
        close(ours.value, case["rho"].as_f64().unwrap(), 1e-12);
        close(ours.p_value, case["p"].as_f64().unwrap(), 1e-10);
    }
    let ranking = &reference["ranking"];
    let scored: Vec<(f64, bool)> =
        numbers(&ranking["scores"]).into_iter().zip(flags(&ranking["labels"])).collect();
    close(group_rates::auc(&scored).unwrap(), ranking["auc"].as_f64().unwrap(), 1e-12);
}

fn flags(value: &Value) -> Vec<bool> {
    numbers(value).into_iter().map(|flag| flag == 1.0).collect()
}

#[test]
fn calibration_equals_uncertainty_calibration_and_statsmodels() {
    for case in reference()["calibration"].as_array().expect("a list") {
        let predictions: Vec<Prediction> = numbers(&case["confidence"])
            .into_iter()
            .zip(flags(&case["correct"]))
            .map(|(confidence, correct)| Prediction { confidence, correct })
            .collect();
        let number = |key: &str| case[key].as_f64().expect("a number");
        close(ece_equal_mass(&predictions, 10).unwrap(), number("ece_10_bin"), 1e-9);
        close(ece_equal_width(&predictions, 1).unwrap(), number("ece_1_bin"), 1e-9);
        close(ece_equal_width(&predictions, 15).unwrap(), number("ece_15_bin_width"), 1e-9);
        close(brier(&predictions).unwrap(), number("brier"), 1e-12);
        if !case["selective"].is_null() {
            let ours = selective(&predictions).unwrap();
            let theirs = numbers(&case["selective"]);
            close(ours.coverage_accuracy_area, theirs[0], 1e-12);
            close(ours.accuracy_at_10, theirs[1], 1e-12);
        }
        let platt = Platt::fit(&predictions).unwrap();
        let theirs = numbers(&case["platt"]);
        close(platt.coefficient, theirs[0], 1e-7);
        close(platt.intercept, theirs[1], 1e-7);
        let scaled: Vec<Prediction> = predictions
            .iter()
            .map(|p| Prediction { confidence: platt.apply(p.confidence), ..*p })
            .collect();
        let theirs = number("platt_ece_10_bin_of_package");
        let ours = ece_equal_mass(&scaled, 10).unwrap();
        assert!((ours - theirs).abs() < 1e-4, "ours {ours}, theirs {theirs}");
    }
}

#[test]
fn equal_outcomes_have_no_platt_map() {
    let predictions = vec![Prediction { confidence: 0.7, correct: true }; 9];
    assert_eq!(Platt::fit(&predictions), None);
}

#[test]
fn gaps_between_groups_equal_scipy_s_t_tests_adjusted_by_statsmodels() {
    let reference = &reference()["group_gaps"];
    let options = GapOptions { bounded: false, ..GapOptions::default() };
    let parts = |group: usize, values: &[f64], first: usize| -> Vec<Part> {
        let part = |(at, value): (usize, &f64)| Part {
            group,
            cluster: first + at,
            numerator: *value,
            denominator: 1.0,
        };
        values.iter().enumerate().map(part).collect()
    };
    for case in reference["independent"].as_array().expect("a list") {
        let groups = rows(&case["groups"]);
        let all: Vec<Part> = groups
            .iter()
            .enumerate()
            .flat_map(|(group, values)| parts(group, values, 1000 * group))
            .collect();
        let gap = group_gap(&[all], groups.len(), &options).unwrap();
        close(gap.difference, case["difference"].as_f64().unwrap(), 1e-12);
        close(gap.p_value, case["p"].as_f64().unwrap(), 1e-9);
        close(gap.interval.low, case["low"].as_f64().unwrap(), 1e-9);
        close(gap.interval.high, case["high"].as_f64().unwrap(), 1e-9);
    }
    let (one, other) =
        (numbers(&reference["paired"]["one"]), numbers(&reference["paired"]["other"]));
    let all = [parts(0, &one, 0), parts(1, &other, 0)].concat();
    let gap = group_gap(&[all], 2, &options).unwrap();
    close(gap.p_value, reference["paired"]["p"].as_f64().unwrap(), 1e-9);
}

#[test]
fn power_and_sample_size_equal_statsmodels() {
    for row in rows(&reference()["power"]) {
        let [difference, deviation, alpha, wanted, n, power_at_500] = row[..] else {
            panic!("a row has six numbers")
        };
        let needed = power::units_needed(difference, deviation, 1.0, alpha, wanted).unwrap();
        assert_eq!(needed, n.ceil() as usize, "{n}");
        close(power::power(difference, deviation / 500_f64.sqrt(), alpha), power_at_500, 1e-9);
    }
}

#[test]
fn mean_win_rates_equal_helm_s() {
    compare_win_rates(&serde_json::from_str(include_str!("fixtures/win_rates.json")).unwrap());
}

/// The cases of HELM's own tests (`src/helm/benchmark/presentation/test_summarize.py`, Apache-2.0). Of scenarios whose scores have no direction there is none
/// here: such scores are no task.
#[test]
fn mean_win_rates_are_as_published() {
    let up = [0.0, 0.25, 0.5, 0.75, 1.0];
    let down = [1.0, 0.75, 0.5, 0.25, 0.0];
    let one = serde_json::json!([[1], [2], [3], [4], [5]]);
    compare_win_rates(&serde_json::json!([
        { "lower_is_better": [false], "values": one, "win_rates": up },
        { "lower_is_better": [true], "values": one, "win_rates": down },
        {
            "lower_is_better": [false, false],
            "values": [[1, 3], [2, 1], [3, 2], [4, 5], [5, 4]],
            "win_rates": [0.25, 0.125, 0.375, 0.875, 0.875],
        },
        {
            "lower_is_better": [false, false],
            "values": [[1, 3], [2, 1], [3, null], [4, null], [5, null]],
            "win_rates": [0.5, 0.125, 0.5, 0.75, 1],
        },
        {
            "lower_is_better": [false, false, false],
            "values": [[1, null, null], [2, null, 1], [3, null, null], [4, null, null], [5, null, null]],
            "win_rates": up,
        },
        {
            "lower_is_better": [false],
            "values": [[null], [null], [null], [null], [null]],
            "win_rates": [null, null, null, null, null],
        },
        {
            "lower_is_better": [false],
            "values": [[1], [1], [1], [4], [5]],
            "win_rates": [0.25, 0.25, 0.25, 0.75, 1],
        },
    ]));
}

fn compare_win_rates(cases: &Value) {
    for case in cases.as_array().expect("a list") {
        let values: Vec<Vec<Option<f64>>> = case["values"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|row| row.as_array().expect("a list").iter().map(Value::as_f64).collect())
            .collect();
        let lower = case["lower_is_better"].as_array().expect("a list");
        let tasks: Vec<Task> = lower
            .iter()
            .enumerate()
            .map(|(at, lower)| Task {
                lower_is_better: lower == true,
                values: TaskValues::Estimates(
                    values.iter().map(|row| row[at].map(|value| (value, 0.0))).collect(),
                ),
            })
            .collect();
        let ours = win_rates(&tasks, values.len(), 10, 0.95, 0);
        let theirs = case["win_rates"].as_array().expect("a list");
        assert_eq!(ours.systems.len(), theirs.len());
        for (ours, theirs) in ours.systems.iter().zip(theirs) {
            match (ours.value, theirs.as_f64()) {
                (Some(ours), Some(theirs)) => close(ours, theirs, 1e-12),
                (ours, theirs) => assert_eq!(ours, theirs),
            }
        }
    }
}
