//! The fairness row, from hand-made and simulated scores, and from fairlearn's reference data.

use std::collections::{BTreeMap, BTreeSet};

use holometer_core::{
    Cell, CellStatus, InstanceId, MetricName, PerturbationDescription, Score, Split, Value,
};
use holometer_stats::rng::Rng;
use holometer_summary::fairness::{
    FairnessCell, FairnessRow, Family, Judgement, RowInput, adjust, fairness_row,
};
use holometer_summary::panel::{adjust_panel, instance_panel, row_panel};
use holometer_summary::rows::{Column, CopyKey, InstanceTable, TableOptions, TableUnit};
use holometer_summary::{Entry, Finding, Options, UnitScores, Verdict, cells};
use serde_json::json;

fn unit(id: usize, cluster: usize, scores: Vec<Score>) -> UnitScores {
    UnitScores {
        instance: InstanceId(format!("id{id}")),
        split: Split::Test,
        sub_split: None,
        perturbation: None,
        train_trial_index: 0,
        cluster: format!("c{cluster}"),
        scores,
    }
}

fn rewritten(name: &str, placebo: bool) -> PerturbationDescription {
    let mut parameters = BTreeMap::from([
        ("source".to_owned(), json!("gender=male")),
        ("target".to_owned(), json!("gender=female")),
    ]);
    if placebo {
        parameters = BTreeMap::from([("placebo".to_owned(), json!(true))]);
    }
    PerturbationDescription {
        name: name.into(),
        robustness: false,
        fairness: !placebo,
        computed_on: "perturbed".into(),
        seed: None,
        parameters,
    }
}

fn number(name: &str, value: f64) -> Score {
    Score::new(name, Value::Number(value))
}

fn table(units: &[UnitScores], groups: &[Vec<String>]) -> InstanceTable {
    let none = Vec::new();
    let units: Vec<TableUnit<'_>> = units
        .iter()
        .enumerate()
        .map(|(at, scores)| TableUnit { scores, groups: groups.get(at).unwrap_or(&none) })
        .collect();
    let options = TableOptions {
        main_metric: "exact_match".into(),
        main_split: Some(Split::Test),
        lower_is_better: BTreeSet::new(),
        any_direction: false,
        no_right_answers: None,
        only_scores_texts: false,
        known: BTreeSet::from([MetricName::from("refusal")]),
        remedies: BTreeMap::new(),
    };
    InstanceTable::new(&units, &options)
}

fn row(table: &InstanceTable, cells: &[Cell], how: &Judgement) -> FairnessRow {
    let input = RowInput {
        run: "r".into(),
        label: "s".into(),
        model: "m".into(),
        main_metric: "exact_match".into(),
        main_split: Some(Split::Test),
        perturbed: false,
        table,
        cells,
    };
    let mut rows = vec![fairness_row(&input, how)];
    adjust(&mut rows, how.alpha);
    rows.pop().expect("one row")
}

fn finding<'a>(row: &'a FairnessRow, family: Family, measure: &str) -> &'a Finding {
    let cell = row.of(family).find(|cell| cell.measure == measure);
    let known: Vec<&str> = row.of(family).map(|cell| cell.measure.as_str()).collect();
    cell.unwrap_or_else(|| panic!("no `{measure}` among {known:?}"))
        .entry
        .finding()
        .expect("a number")
}

/// Accuracy 0.7; three rewritings and a placebo that flip every tenth answer, and nothing else.
fn unstable(rng: &mut Rng, n: usize) -> Vec<UnitScores> {
    let mut units = Vec::new();
    for id in 0..n {
        let right = rng.unit() < 0.7;
        units.push(unit(id, id, vec![number("exact_match", f64::from(u8::from(right)))]));
        for (name, placebo) in
            [("names", false), ("pronouns", false), ("dialect", false), ("same_names", true)]
        {
            let flipped = right != (rng.unit() < 0.1);
            let mut copy = unit(id, id, vec![number("exact_match", f64::from(u8::from(flipped)))]);
            copy.perturbation = Some(rewritten(name, placebo));
            units.push(copy);
        }
    }
    units
}

#[test]
fn where_no_answer_is_right_accuracy_says_so() {
    let unit = UnitScores {
        instance: "id0".into(),
        split: Split::Test,
        sub_split: None,
        perturbation: None,
        train_trial_index: 0,
        cluster: "id0".into(),
        scores: vec![number("exact_match", 0.0), number("toxicity", 0.25)],
    };
    let units = [TableUnit { scores: &unit, groups: &[] }];
    let options = TableOptions {
        main_metric: "toxic_frac".into(),
        lower_is_better: BTreeSet::from(["toxic_frac".into()]),
        no_right_answers: Some("there are none".into()),
        ..TableOptions::default()
    };
    let table = InstanceTable::new(&units, &options);
    assert_eq!(
        table.reason(None, Column::Correct),
        CellStatus::NotApplicable { reason: "there are none".into() }
    );
    assert_eq!(table.means(None, Column::Toxicity).len(), 1);
    // A main metric that judges answers by itself needs no right ones in the data.
    let judged = TableOptions { main_metric: "exact_match".into(), ..options };
    assert_eq!(InstanceTable::new(&units, &judged).means(None, Column::Correct).len(), 1);
}

#[test]
fn where_texts_are_scored_measures_of_written_answers_have_no_meaning() {
    let options = TableOptions { only_scores_texts: true, ..TableOptions::default() };
    let table = InstanceTable::new(&[], &options);
    assert!(matches!(table.reason(None, Column::Toxicity), CellStatus::NotApplicable { .. }));
    assert!(matches!(table.absent_mentions, Some(CellStatus::NotApplicable { .. })));
}

#[test]
fn instability_alone_lowers_the_worst_case_and_not_the_change_less_placebo() {
    let units = unstable(&mut Rng::new(4, 0), 4000);
    let cells = cells(&units, &[], &Options { draws: 100, ..Options::default() });
    let row = row(&table(&units, &[]), &cells, &Judgement::default());
    assert!((finding(&row, Family::Accuracy, "exact_match").value - 0.7).abs() < 0.02);
    let worst = finding(&row, Family::WorstCase, "fairness").value;
    assert!((worst - 0.51).abs() < 0.02, "{worst}");
    for name in ["names", "pronouns", "dialect"] {
        let change =
            finding(&row, Family::AccuracyChange, &format!("{name} gender=male to gender=female"));
        assert!((change.value + 0.04).abs() < 0.015, "{change:?}");
        let net = finding(
            &row,
            Family::NetChange,
            &format!("{name} gender=male to gender=female, less placebo"),
        );
        assert!(net.value.abs() < 0.02, "{net:?}");
        assert_ne!(net.verdict, Some(Verdict::Disparity), "{net:?}");
    }
}

#[test]
fn a_real_loss_is_found_and_every_family_has_an_entry() {
    let mut rng = Rng::new(9, 0);
    let mut units = unstable(&mut rng, 1000);
    for unit in &mut units {
        let name = unit.perturbation.as_ref().map(|p| p.name.as_str().to_owned());
        if name.as_deref() == Some("names") && rng.unit() < 0.15 {
            unit.scores[0].value = Value::Number(0.0);
        }
    }
    let row = row(&table(&units, &[]), &[], &Judgement::default());
    let names =
        finding(&row, Family::NetChange, "names gender=male to gender=female, less placebo");
    assert!((names.value + 0.1).abs() < 0.04, "{names:?}");
    assert_eq!(names.verdict, Some(Verdict::Disparity), "{names:?}");
    assert!(names.adjusted_p.unwrap() >= names.p_value.unwrap());
    for family in Family::ALL {
        assert!(row.of(family).count() > 0, "{family:?} has no entry");
    }
    for cell in &row.cells {
        if let Entry::Missing(status) = &cell.entry {
            assert_ne!(*status, CellStatus::Ok, "{cell:?}");
        }
    }
    // What scoring again would add is told from what this version can't compute.
    let status = |family: Family| row.headline(family).unwrap().entry.status();
    assert_eq!(status(Family::Refusal), "not_requested");
    assert_eq!(status(Family::Toxicity), "scorer_unavailable");
    assert_eq!(status(Family::Calibration), "not_applicable");
}

#[test]
fn rates_of_annotated_groups_are_fairlearn_s() {
    rates_are_fairlearn_s(include_str!("../../stats/tests/fixtures/fairlearn.json"));
    if let Some(path) = holometer_testkit::shared_path("golden/bias/fairlearn_borkan.json") {
        rates_are_fairlearn_s(&std::fs::read_to_string(path).unwrap());
    }
}

fn rates_are_fairlearn_s(golden: &str) {
    let golden: serde_json::Value = serde_json::from_str(golden).expect("as the fixture says");
    let list = |key: &str| golden[key].as_array().expect("as the fixture says").clone();
    let (truth, predicted) = (list("y_true"), list("y_pred"));
    let groups: Vec<Vec<String>> = list("group")
        .iter()
        .map(|g| vec![format!("group={}", g.as_str().expect("as the fixture says"))])
        .collect();
    let units: Vec<UnitScores> = (0..groups.len())
        .map(|id| {
            let (truth, predicted) = (
                truth[id].as_f64().expect("as the fixture says"),
                predicted[id].as_f64().expect("as the fixture says"),
            );
            let right = f64::from(u8::from(truth == predicted));
            let scores = vec![
                number("exact_match", right),
                number("label_true", truth),
                number("label_predicted", predicted),
            ];
            unit(id, id, scores)
        })
        .collect();
    let how = Judgement { least_instances: 2, ..Judgement::default() };
    let row = row(&table(&units, &groups), &[], &how);
    for (measure, key) in [
        ("demographic parity difference", "demographic_parity_difference"),
        ("equal opportunity difference", "equal_opportunity_difference"),
        ("equalised odds difference", "equalized_odds_difference_worst"),
    ] {
        let ours = finding(&row, Family::SliceGap, &format!("group (annotated): {measure}"));
        let theirs = golden[key].as_f64().expect("as the fixture says");
        assert!((ours.value - theirs).abs() < 1e-12, "{measure}: {} for {theirs}", ours.value);
        assert!(ours.p_value.is_some() && ours.verdict.is_some(), "{ours:?}");
    }
}

#[test]
fn groups_that_questions_mention_are_compared_and_one_scorer_is_no_disparity() {
    let mut rng = Rng::new(2, 0);
    let units: Vec<UnitScores> = (0..600)
        .map(|id| {
            let woman = id % 2 == 0;
            let toxicity = if woman { 0.5 } else { 0.1 } + 0.1 * rng.unit();
            let right = rng.unit() < if woman { 0.5 } else { 0.8 };
            let scores = vec![
                number("exact_match", f64::from(u8::from(right))),
                number("toxicity", toxicity),
                number("refusal", 0.0),
                number("input_mentions_gender_female", f64::from(u8::from(woman))),
                number("input_mentions_gender_male", f64::from(u8::from(!woman))),
            ];
            unit(id, id, scores)
        })
        .collect();
    let row = row(&table(&units, &[]), &[], &Judgement::default());
    let accuracy = finding(&row, Family::SliceGap, "gender (mentioned): accuracy gap");
    assert!((accuracy.value - 0.3).abs() < 0.1, "{accuracy:?}");
    assert_eq!(accuracy.verdict, Some(Verdict::Disparity));
    assert!(accuracy.notes[0].contains("highest male"), "{accuracy:?}");
    let toxicity = finding(&row, Family::ToxicityDifference, "gender (mentioned): toxicity gap");
    assert!(toxicity.adjusted_p.unwrap() < 0.001, "{toxicity:?}");
    assert_eq!(toxicity.verdict, Some(Verdict::Inconclusive), "{toxicity:?}");
    // Nobody refuses: with 300 of each, that is not yet equivalence within two points.
    let refusal = finding(&row, Family::RefusalDifference, "gender (mentioned): refusal gap");
    assert_eq!(refusal.value, 0.0);
    assert!(refusal.p_value.unwrap() > 0.9, "{refusal:?}");
}

#[test]
fn a_share_of_stereotypes_is_no_accuracy_and_is_judged_against_a_half() {
    let units: Vec<UnitScores> = (0..400)
        .map(|id| {
            let stereotyped = f64::from(u8::from(id % 10 < 7));
            let scores = vec![
                number("pair_likelihood_stereotype_share", stereotyped),
                number("input_mentions_gender_female", 0.0),
            ];
            unit(id, id, scores)
        })
        .collect();
    let cells = cells(&units, &[], &Options::default());
    let none = Vec::new();
    let table_units: Vec<TableUnit<'_>> =
        units.iter().map(|scores| TableUnit { scores, groups: &none }).collect();
    let options = TableOptions {
        main_metric: "pair_likelihood_stereotype_share".into(),
        ..TableOptions::default()
    };
    let table = InstanceTable::new(&table_units, &options);
    let input = RowInput {
        run: "r".into(),
        label: "s".into(),
        model: "m".into(),
        main_metric: options.main_metric.clone(),
        main_split: Some(Split::Test),
        perturbed: false,
        table: &table,
        cells: &cells,
    };
    let mut rows = vec![fairness_row(&input, &Judgement::default())];
    adjust(&mut rows, 0.05);
    let share = finding(&rows[0], Family::Association, "pair_likelihood_stereotype_share");
    assert_eq!((share.value, share.verdict), (0.7, Some(Verdict::Disparity)));
    let status = |family: Family| rows[0].headline(family).unwrap().entry.status();
    assert_eq!(status(Family::Accuracy), "not_applicable");
    // The model writes nothing that scoring again could score.
    assert_eq!(status(Family::Refusal), "not_applicable");
}

#[test]
fn answers_to_rewritten_questions_are_compared_with_the_placebo_s() {
    let mut units = Vec::new();
    for id in 0..60 {
        units.push(unit(id, id, vec![number("exact_match", 1.0)]));
        for (name, placebo, similarity) in [("names", false, 0.6), ("same", true, 0.9)] {
            let similarity = similarity + f64::from((id % 3) as u8) / 100.0;
            let scores =
                vec![number("exact_match", 1.0), number("counterfactual_rouge_l", similarity)];
            let mut copy = unit(id, id, scores);
            copy.perturbation = Some(rewritten(name, placebo));
            units.push(copy);
        }
    }
    let row = row(&table(&units, &[]), &[], &Judgement::default());
    let names = "similarity: names gender=male to gender=female";
    let level = finding(&row, Family::AnswerSimilarity, names);
    assert!((level.value - 0.61).abs() < 1e-9 && level.p_value.is_none(), "{level:?}");
    let net = finding(&row, Family::AnswerSimilarity, &format!("{names}, less placebo"));
    assert!((net.value + 0.3).abs() < 1e-9, "{net:?}");
}

#[test]
fn holm_within_a_row_and_benjamini_hochberg_across_rows() {
    let entry =
        |p: f64| Entry::Found(Finding { p_value: Some(p), ..Finding::level(0.1, None, 9, 9) });
    let cell = |p: f64| holometer_summary::fairness::FairnessCell {
        family: Family::NetChange,
        measure: p.to_string(),
        entry: entry(p),
    };
    let one = |ps: &[f64]| FairnessRow {
        run: "r".into(),
        label: "s".into(),
        model: "m".into(),
        scorers: BTreeMap::new(),
        cells: ps.iter().map(|p| cell(*p)).collect(),
    };
    let mut rows = vec![one(&[0.01, 0.04]), one(&[0.03])];
    adjust(&mut rows, 0.05);
    let adjusted = |row: usize, cell: usize| {
        rows[row].cells[cell].entry.finding().unwrap().adjusted_p.unwrap()
    };
    // Holm within the first row gives 0.02 and 0.04; the rows' smallest, 0.02 and 0.03, become 0.03 and 0.03.
    for (row, cell, expected) in [(0, 0, 0.03), (0, 1, 0.04), (1, 0, 0.03)] {
        assert!((adjusted(row, cell) - expected).abs() < 1e-12, "{row} {cell}");
    }
}

#[test]
fn replicates_are_averaged_and_copies_told_apart() {
    let mut second = unit(0, 0, vec![number("exact_match", 0.0)]);
    second.train_trial_index = 1;
    let mut copy = unit(0, 0, vec![number("exact_match", 1.0)]);
    copy.perturbation = Some(rewritten("names", false));
    let units = vec![unit(0, 0, vec![number("exact_match", 1.0)]), second, copy];
    let table = table(&units, &[]);
    let id = InstanceId::from("id0");
    assert_eq!(table.means(None, Column::Correct)[&id], (0.5, "c0"));
    let key = table.copies().pop_first().unwrap();
    assert_eq!(key.shown(), "names gender=male to gender=female");
    assert_eq!(table.means(Some(&key), Column::Correct)[&id], (1.0, "c0"));
    let placebo = CopyKey::of(&rewritten("same_names", true));
    assert!(placebo.serves(&key) && !key.serves(&placebo));
}

#[test]
fn the_panel_finds_what_goes_together() {
    let mut rng = Rng::new(6, 0);
    let units: Vec<UnitScores> = (0..200)
        .map(|id| {
            let sure = rng.unit();
            let right = f64::from(u8::from(rng.unit() < sure));
            let scores = vec![
                number("exact_match", right),
                number("max_prob", sure),
                number("toxicity", rng.unit()),
            ];
            unit(id, id / 4, scores)
        })
        .collect();
    let mut panel = instance_panel(&table(&units, &[]), "here", &Judgement::default());
    adjust_panel(&mut panel);
    let find = |first: &str, second: &str| {
        panel.iter().find(|entry| entry.first == first && entry.second == second).unwrap()
    };
    let sure = find("correct", "confidence");
    assert!(sure.value > 0.3 && sure.adjusted_p < 0.001, "{sure:?}");
    let toxic = find("confidence", "toxicity");
    assert!(toxic.value.abs() < 0.2 && toxic.adjusted_p > 0.05, "{toxic:?}");
    assert_eq!(panel.len(), 3);
}

/// Rows of six scenarios, with an accuracy and a toxicity each.
fn scenarios(scorer: impl Fn(usize) -> &'static str) -> Vec<FairnessRow> {
    let toxicities = [0.3, 0.5, 0.1, 0.2, 0.4, 0.05];
    let found = |family, value| FairnessCell {
        family,
        measure: "m".into(),
        entry: Entry::Found(Finding::level(value, None, 50, 50)),
    };
    let row = |(at, toxicity): (usize, f64)| FairnessRow {
        run: format!("r{at}").as_str().into(),
        label: format!("s{at}"),
        model: "m".into(),
        scorers: BTreeMap::from([("toxicity".to_owned(), scorer(at).to_owned())]),
        cells: vec![
            found(Family::Accuracy, [0.6, 0.3, 0.9, 0.8, 0.5, 0.7][at]),
            found(Family::Toxicity, toxicity),
        ],
    };
    toxicities.into_iter().enumerate().map(row).collect()
}

#[test]
fn families_are_correlated_over_scenarios_where_the_same_scorer_judged_all() {
    let how = Judgement::default();
    let panel = row_panel(&scenarios(|_| "toxicity@1"), &how);
    assert_eq!(panel.len(), 1);
    let entry = &panel[0];
    assert_eq!((entry.over.as_str(), entry.n), ("scenarios and models", 6));
    assert_eq!((entry.first.as_str(), entry.second.as_str()), ("accuracy", "toxicity"));
    // As scipy's `spearmanr` has it.
    assert!((entry.value + 0.828_571_428_571).abs() < 1e-9, "{entry:?}");
    assert!(entry.interval.is_some() && entry.p_value > 0.0, "{entry:?}");
    assert!(row_panel(&scenarios(|at| ["toxicity@1", "toxicity@2"][at % 2]), &how).is_empty());
    assert!(row_panel(&scenarios(|_| "toxicity@1")[..4], &how).is_empty());
}
