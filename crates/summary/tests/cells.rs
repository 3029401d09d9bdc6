//! Cells from hand-made scores whose values can be worked out on paper.

use std::collections::BTreeMap;

use holometer_core::{
    Cell, CellStatus, InstanceId, MetricCard, PerturbationDescription, Score, Split, TotalsMetric,
    Unit, Value,
};
use holometer_summary::{Options, TotalsInput, UnitScores, cells};

fn unit(id: &str, trial: usize, value: Value) -> UnitScores {
    UnitScores {
        instance: InstanceId::from(id),
        split: Split::Test,
        sub_split: None,
        perturbation: None,
        train_trial_index: trial,
        cluster: id.to_owned(),
        scores: vec![Score::new("accuracy", value)],
    }
}

fn perturbed(id: &str, name: &str, value: f64) -> UnitScores {
    let perturbation = PerturbationDescription {
        name: name.into(),
        robustness: true,
        fairness: false,
        computed_on: "perturbed".into(),
        seed: None,
        parameters: BTreeMap::new(),
    };
    UnitScores { perturbation: Some(perturbation), ..unit(id, 0, Value::Number(value)) }
}

fn find<'a>(
    cells: &'a [Cell],
    metric: &str,
    perturbation: Option<&str>,
    computed_on: Option<&str>,
) -> &'a Cell {
    cells
        .iter()
        .find(|cell| {
            cell.metric.as_str() == metric
                && cell.slice.perturbation.as_ref().map(holometer_core::PerturbationName::as_str)
                    == perturbation
                && cell.slice.computed_on.as_deref() == computed_on
        })
        .expect("the cell is there")
}

#[test]
fn trials_are_averaged_before_instances_and_unscored_units_are_counted() {
    let units = [
        unit("id0", 0, Value::Number(1.0)),
        unit("id0", 1, Value::Number(0.0)),
        unit("id1", 0, Value::Number(1.0)),
        unit("id1", 1, Value::Unscored("no letter in the answer".into())),
        unit("id2", 0, Value::Unscored("the request failed: timed out".into())),
    ];
    let cells = cells(&units, &[], &Options::default());
    let cell = find(&cells, "accuracy", None, None);
    let estimate = cell.estimate.as_ref().unwrap();
    assert_eq!((estimate.value, estimate.n, estimate.clusters, estimate.unscored), (0.75, 2, 2, 2));
    assert_eq!(cell.unscored_reasons.len(), 2);
}

#[test]
fn a_metric_without_any_number_keeps_its_cell_with_the_reason() {
    let units = [unit("id0", 0, Value::Unscored("the request failed: connection refused".into()))];
    let cells = cells(&units, &[], &Options::default());
    let CellStatus::Failed { error } = &find(&cells, "accuracy", None, None).status else {
        panic!("{cells:?}")
    };
    assert!(error.contains("connection refused"));
}

#[test]
fn wilson_interval_of_eight_in_ten() {
    // Agresti and Coull (1998), Table 1's formula worked by hand: 8 of 10 at 95% is 0.490 to 0.943.
    let units: Vec<_> =
        (0..10).map(|i| unit(&format!("id{i}"), 0, Value::indicator(i < 8))).collect();
    let cells = cells(&units, &[], &Options::default());
    let interval = find(&cells, "accuracy", None, None).estimate.clone().unwrap().interval.unwrap();
    assert!(
        (interval.low - 0.490).abs() < 5e-4 && (interval.high - 0.943).abs() < 5e-4,
        "{interval:?}"
    );
}

#[test]
fn worst_case_is_per_instance_and_knows_the_direction() {
    let units = [
        unit("id0", 0, Value::Number(1.0)),
        unit("id1", 0, Value::Number(1.0)),
        unit("id2", 0, Value::Number(0.0)),
        perturbed("id0", "typos", 0.0),
        perturbed("id1", "typos", 1.0),
    ];
    let value = |cells: &[Cell], name, on| {
        find(cells, "accuracy", name, on).estimate.as_ref().unwrap().value
    };
    let cells_up = cells(&units, &[], &Options::default());
    assert_eq!(value(&cells_up, Some("typos"), Some("original")), 1.0);
    assert_eq!(value(&cells_up, Some("typos"), Some("perturbed")), 0.5);
    assert_eq!(value(&cells_up, Some("typos"), Some("worst")), 0.5);
    assert_eq!(value(&cells_up, Some("robustness"), Some("worst")), 0.5);
    let down = Options { lower_is_better: ["accuracy".into()].into(), ..Options::default() };
    assert_eq!(value(&cells(&units, &[], &down), Some("typos"), Some("worst")), 1.0);
    let compat = Options { helm_compat: true, ..down };
    assert_eq!(value(&cells(&units, &[], &compat), Some("typos"), Some("worst")), 0.5);
}

/// Successes over attempts.
struct Ratio;

impl TotalsMetric for Ratio {
    fn cards(&self) -> Vec<MetricCard> {
        let name = "ratio";
        vec![MetricCard {
            name,
            summary: "",
            docs: "",
            higher_is_better: Some(true),
            range: (0.0, 1.0),
        }]
    }

    fn components(&self, _unit: &Unit<'_>) -> Result<Vec<f64>, String> {
        Err("this test gives the components itself".into())
    }

    fn combine(&self, sums: &[f64]) -> Vec<Score> {
        let value = if sums[1] == 0.0 {
            Value::Unscored("no attempts".into())
        } else {
            Value::number(sums[0] / sums[1])
        };
        vec![Score::new("ratio", value)]
    }
}

#[test]
fn statistics_over_sums_resample_clusters() {
    let units: Vec<UnitScores> = (0..40)
        .map(|i| UnitScores {
            cluster: format!("template{}", i / 4),
            ..unit(&format!("id{i}"), 0, Value::Number(0.0))
        })
        .collect();
    let components: Vec<_> =
        (0..40).map(|i| Ok(vec![f64::from(u8::from(i / 4 % 2 == 0)), 1.0])).collect();
    let clustered = [TotalsInput { metric: Box::new(Ratio), components: components.clone() }];
    let alone: Vec<UnitScores> =
        units.iter().map(|u| UnitScores { cluster: u.instance.0.clone(), ..u.clone() }).collect();
    let single = [TotalsInput { metric: Box::new(Ratio), components }];
    let width = |units: &[UnitScores], totals: &[TotalsInput]| {
        let cells = cells(units, totals, &Options::default());
        let estimate = find(&cells, "ratio", None, None).estimate.clone().unwrap();
        assert_eq!((estimate.value, estimate.n), (0.5, 40));
        let interval = estimate.interval.unwrap();
        interval.high - interval.low
    };
    let (clustered, single) = (width(&units, &clustered), width(&alone, &single));
    assert!(
        clustered > 1.5 * single,
        "ten whole clusters vary more than forty single units: {clustered} {single}"
    );
}

#[test]
fn a_zero_denominator_is_a_reason_not_a_zero() {
    let units = [unit("id0", 0, Value::Number(1.0)), unit("id1", 0, Value::Number(1.0))];
    let totals = [TotalsInput {
        metric: Box::new(Ratio),
        components: vec![Ok(vec![0.0, 0.0]), Ok(vec![0.0, 0.0])],
    }];
    let cells = cells(&units, &totals, &Options::default());
    let cell = find(&cells, "ratio", None, None);
    assert_eq!(cell.status, CellStatus::NotApplicable { reason: "no attempts".into() });
    assert!(cell.estimate.is_none());
}
