//! What a rewriting does to the distribution of scores, FairPair's ratio and ROBBIE's BiasScore, in the fairness row.

#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::collections::{BTreeMap, BTreeSet};

use holometer_core::{
    CellStatus, InstanceId, MetricName, PerturbationDescription, Score, Split, Value,
};
use holometer_stats::rng::Rng;
use holometer_summary::fairness::{FairnessRow, Family, Judgement, RowInput, adjust, fairness_row};
use holometer_summary::rows::{InstanceTable, TableOptions, TableUnit};
use holometer_summary::{Entry, Finding, UnitScores, Verdict};
use serde_json::json;

const COPY: &str = "names gender=male to gender=female";

fn unit(id: usize, scores: &[(&str, f64)]) -> UnitScores {
    UnitScores {
        instance: InstanceId(format!("id{id}")),
        split: Split::Test,
        sub_split: None,
        perturbation: None,
        train_trial_index: 0,
        cluster: format!("c{id}"),
        scores: scores
            .iter()
            .map(|(name, value)| Score::new(*name, Value::Number(*value)))
            .collect(),
    }
}

fn copy(id: usize, scores: &[(&str, f64)]) -> UnitScores {
    let perturbation = PerturbationDescription {
        name: "names".into(),
        robustness: false,
        fairness: true,
        computed_on: "perturbed".into(),
        seed: None,
        parameters: BTreeMap::from([
            ("source".to_owned(), json!("gender=male")),
            ("target".to_owned(), json!("gender=female")),
        ]),
    };
    UnitScores { perturbation: Some(perturbation), ..unit(id, scores) }
}

fn row(units: &[UnitScores], groups: &[Vec<String>]) -> FairnessRow {
    let none = Vec::new();
    let units: Vec<TableUnit<'_>> = units
        .iter()
        .enumerate()
        .map(|(at, scores)| TableUnit { scores, groups: groups.get(at).unwrap_or(&none) })
        .collect();
    let options = TableOptions {
        main_metric: "exact_match".into(),
        known: BTreeSet::from([MetricName::from("refusal")]),
        ..TableOptions::default()
    };
    let input = RowInput {
        run: "r".into(),
        label: "s".into(),
        model: "m".into(),
        main_metric: "exact_match".into(),
        main_split: Some(Split::Test),
        perturbed: true,
        table: &InstanceTable::new(&units, &options),
        cells: &[],
    };
    let how = Judgement::default();
    let mut rows = vec![fairness_row(&input, &how)];
    adjust(&mut rows, how.alpha);
    rows.pop().unwrap()
}

fn entry<'a>(row: &'a FairnessRow, family: Family, measure: &str) -> &'a Entry {
    let known: Vec<&str> = row.of(family).map(|cell| cell.measure.as_str()).collect();
    let found = row.of(family).find(|cell| cell.measure == measure);
    &found.unwrap_or_else(|| panic!("no `{measure}` among {known:?}")).entry
}

fn finding<'a>(row: &'a FairnessRow, family: Family, measure: &str) -> &'a Finding {
    entry(row, family, measure).finding().expect("a number")
}

/// Answers whose toxicity is uniform, and `shift` more in the copies of every second instance.
fn toxicities(shift: f64) -> Vec<UnitScores> {
    let mut rng = Rng::new(3, 0);
    (0..300)
        .flat_map(|id| {
            let before = 0.6 * rng.unit();
            let after = 0.6 * rng.unit() + if id % 2 == 0 { shift } else { 0.0 };
            [unit(id, &[("toxicity", before)]), copy(id, &[("toxicity", after)])]
        })
        .collect()
}

#[test]
fn a_shift_of_the_scores_is_told_from_chance_and_one_scorer_is_no_disparity() {
    let strict = format!("toxicity: {COPY}, strict parity (Wasserstein distance)");
    let weak = format!("toxicity: {COPY}, weak parity (share above 0.5)");
    let none = row(&toxicities(0.0), &[]);
    let distance = finding(&none, Family::ToxicityDifference, &strict);
    assert!(distance.value > 0.0 && distance.p_value.unwrap() > 0.05, "{distance:?}");
    let shifted = row(&toxicities(0.4), &[]);
    let distance = finding(&shifted, Family::ToxicityDifference, &strict);
    assert!((distance.value - 0.2).abs() < 0.06, "{distance:?}");
    assert!(distance.adjusted_p.unwrap() < 0.05, "{distance:?}");
    assert_eq!(distance.verdict, Some(Verdict::Inconclusive), "{distance:?}");
    // Above a half are a sixth of the originals, and of every second copy five sixths.
    let share = finding(&shifted, Family::ToxicityDifference, &weak);
    assert!((share.value - 1.0 / 3.0).abs() < 0.1, "{share:?}");
    assert!(share.adjusted_p.unwrap() < 0.001, "{share:?}");
}

/// Copies whose answers are as far from the originals' as the two numbers say, and from one another as sampling makes them.
fn distances(across: f64) -> Vec<UnitScores> {
    let mut rng = Rng::new(5, 0);
    (0..200)
        .flat_map(|id| {
            let scores = [
                ("toxicity", 0.1),
                ("counterfactual_rouge_l", 0.5),
                ("counterfactual_distance", across + 0.2 * rng.unit()),
                ("counterfactual_sampling_distance", 0.4 + 0.2 * rng.unit()),
            ];
            [unit(id, &[("toxicity", 0.1)]), copy(id, &scores)]
        })
        .collect()
}

#[test]
fn fair_pairs_ratio_is_1_where_a_rewriting_changes_no_more_than_sampling() {
    let measure = format!("FairPair ratio: {COPY}");
    let even = row(&distances(0.4), &[]);
    let ratio = finding(&even, Family::AnswerSimilarity, &measure);
    assert!((ratio.value - 1.0).abs() < 0.03, "{ratio:?}");
    assert!(ratio.interval.as_ref().unwrap().low < 1.0 && ratio.p_value.unwrap() > 0.05);
    let changed = row(&distances(0.5), &[]);
    let ratio = finding(&changed, Family::AnswerSimilarity, &measure);
    assert!((ratio.value - 1.2).abs() < 0.03, "{ratio:?}");
    assert_eq!(ratio.verdict, Some(Verdict::Disparity));
    // With one answer to each question it says what would give it.
    let mut single = distances(0.4);
    for unit in &mut single {
        unit.scores.retain(|score| !score.metric.as_str().ends_with("distance"));
    }
    let single = row(&single, &[]);
    let Entry::Missing(CellStatus::NotRequested { enable_with }) =
        entry(&single, Family::AnswerSimilarity, &measure)
    else {
        panic!("{single:?}");
    };
    assert!(enable_with.contains("num_outputs=5"), "{enable_with}");
}

#[test]
fn bias_score_counts_groups_that_may_be_above_the_overall_rate() {
    // Toxic: half of the answers about a, a tenth of those about b and c; d has too few answers.
    let mut units = Vec::new();
    let mut groups = Vec::new();
    for id in 0..303 {
        let group = ["a", "b", "c"][id % 3];
        let toxic = if group == "a" { id % 2 == 0 } else { (id / 3) % 10 == 0 };
        units.push(unit(id, &[("toxicity", if toxic { 0.9 } else { 0.1 })]));
        groups.push(vec![format!("group={group}")]);
    }
    groups.push(vec!["group=d".to_owned()]);
    units.push(unit(400, &[("toxicity", 0.9)]));
    let row = row(&units, &groups);
    let score = finding(&row, Family::ToxicityDifference, "group (annotated): BiasScore (ROBBIE)");
    assert!((score.value - 1.0 / 3.0).abs() < 1e-12, "{score:?}");
    let note = &score.notes[0];
    assert!(note.contains("of 3 groups") && note.contains("end): a; surely above"), "{note}");
    assert_eq!(score.verdict, None);
}

#[test]
fn where_no_text_is_written_no_rewriting_would_help() {
    let options = TableOptions { only_scores_texts: true, ..TableOptions::default() };
    let input = RowInput {
        run: "r".into(),
        label: "s".into(),
        model: "m".into(),
        main_metric: "pair_likelihood_stereotype_share".into(),
        main_split: None,
        perturbed: false,
        table: &InstanceTable::new(&[], &options),
        cells: &[],
    };
    let row = fairness_row(&input, &Judgement::default());
    for family in [Family::ToxicityDifference, Family::AnswerSimilarity, Family::RefusalDifference]
    {
        assert_eq!(row.headline(family).unwrap().entry.status(), "not_applicable", "{family:?}");
    }
}

/// Answers whose toxicity grows by `own` in copies by the program's scorer, and by `model` by a model's.
fn scored_twice(own: f64, model: f64) -> FairnessRow {
    let mut rng = Rng::new(5, 0);
    let units: Vec<UnitScores> = (0..200)
        .flat_map(|id| {
            let mut both = |shift: (f64, f64)| {
                [
                    ("toxicity", 0.4 + 0.2 * rng.unit() + shift.0),
                    ("toxicity_by_model", 0.4 + 0.2 * rng.unit() + shift.1),
                ]
            };
            [unit(id, &both((0.0, 0.0))), copy(id, &both((own, model)))]
        })
        .collect();
    row(&units, &[])
}

#[test]
fn a_change_of_toxicity_is_a_disparity_where_two_scorers_find_it_in_one_direction() {
    let (own, model) = (format!("toxicity: {COPY}"), format!("toxicity_by_model: {COPY}"));
    let verdicts = |row: &FairnessRow| {
        [&own, &model].map(|measure| finding(row, Family::ToxicityDifference, measure).verdict)
    };
    let inconclusive = Some(Verdict::Inconclusive);
    let agreed = scored_twice(0.1, 0.1);
    assert_eq!(verdicts(&agreed), [Some(Verdict::Disparity); 2]);
    let notes = finding(&agreed, Family::ToxicityDifference, &own).notes.join("; ");
    assert!(notes.contains("two scorers agree: `toxicity_by_model: "), "{notes}");
    assert!(!notes.contains("screening-grade"), "{notes}");
    assert_eq!(verdicts(&scored_twice(0.1, -0.1)), [inconclusive; 2]);
    let alone = scored_twice(0.1, 0.0);
    let [by_words, by_model] = verdicts(&alone);
    assert_eq!(by_words, inconclusive);
    assert_ne!(by_model, Some(Verdict::Disparity));
    // Where no model was asked there are no entries of what it might say.
    let none = row(&toxicities(0.4), &[]);
    assert!(none.cells.iter().all(|cell| !cell.measure.contains("by_model")));
}

/// Answers about a, b and c, of which those about a are more toxic by `own` in the eyes of the program's scorer, those about the group
/// of that number by `model` in a model's. Sentiment and regard are their opposites.
fn groups_scored_twice(own: f64, (group, model): (usize, f64)) -> FairnessRow {
    let mut rng = Rng::new(6, 0);
    let (mut units, mut groups) = (Vec::new(), Vec::new());
    for id in 0..300 {
        let mut noisy = |shift: f64| 0.45 + 0.1 * rng.unit() + shift;
        let by_words = noisy(if id % 3 == 0 { own } else { 0.0 });
        let by_model = noisy(if id % 3 == group { model } else { 0.0 });
        units.push(unit(
            id,
            &[
                ("toxicity", by_words),
                ("toxicity_by_model", by_model),
                ("sentiment", -by_words),
                ("regard_by_model", -by_model),
                ("refusal", f64::from(u8::from(by_words > 0.5))),
                ("refusal_by_model", by_model),
            ],
        ));
        groups.push(vec![format!("group={}", ["a", "b", "c"][id % 3])]);
    }
    row(&units, &groups)
}

#[test]
fn a_gap_between_groups_is_a_disparity_where_two_scorers_find_it_between_the_same_groups() {
    let pairs = [
        (Family::ToxicityDifference, "toxicity gap", "toxicity gap by a model"),
        (Family::SentimentDifference, "sentiment gap", "regard gap by a model"),
    ];
    let found = |row: &FairnessRow, (family, one, other): (Family, &str, &str)| {
        [one, other].map(|gap| finding(row, family, &format!("group (annotated): {gap}")).clone())
    };
    let verdicts = |row: &FairnessRow, of| found(row, of).map(|finding| finding.verdict);
    let (disparity, inconclusive) = (Some(Verdict::Disparity), Some(Verdict::Inconclusive));
    // Both say that answers about a are worse than those about b and c.
    let agreed = groups_scored_twice(0.4, (0, 0.4));
    for of in pairs {
        let [one, other] = found(&agreed, of);
        assert_eq!([one.verdict, other.verdict], [disparity; 2], "{of:?}");
        assert_eq!(one.differing, other.differing);
        let notes = one.notes.join("; ");
        assert!(notes.contains(&format!("two scorers agree: `group (annotated): {}`", of.2)));
        assert!(!notes.contains("screening-grade"), "{notes}");
    }
    let toxic = found(&agreed, pairs[0])[0].differing.clone();
    assert_eq!(toxic, [["a", "b"], ["a", "c"]].map(|pair| pair.map(str::to_owned)));
    // Each finds a gap, but one says that a is worse off, the other b; or the opposite of the first.
    for other in [groups_scored_twice(0.4, (1, 0.4)), groups_scored_twice(0.4, (0, -0.4))] {
        for of in pairs {
            let both = found(&other, of);
            assert!(both.iter().all(|found| found.adjusted_p.unwrap() < 0.001), "{of:?}");
            assert_eq!(both.map(|found| found.verdict), [inconclusive; 2], "{of:?}");
        }
    }
    // One of them alone.
    for of in pairs {
        assert_eq!(verdicts(&groups_scored_twice(0.4, (0, 0.0)), of)[0], inconclusive);
        assert_eq!(verdicts(&groups_scored_twice(0.0, (0, 0.4)), of)[1], inconclusive);
    }
    // Refusals by their words need nobody else; a model's opinion of them does.
    let refusals = (Family::RefusalDifference, "refusal gap", "refusal gap by a model");
    assert_eq!(verdicts(&agreed, refusals), [disparity; 2]);
    assert_eq!(verdicts(&groups_scored_twice(0.0, (0, 0.4)), refusals)[1], inconclusive);
}

#[test]
fn regard_and_stereotypes_that_nobody_was_asked_about_say_how_to_get_them() {
    let units: Vec<UnitScores> = (0..20).map(|id| unit(id, &[("toxicity", 0.1)])).collect();
    let table_units: Vec<TableUnit<'_>> =
        units.iter().map(|scores| TableUnit { scores, groups: &[] }).collect();
    let options = TableOptions {
        main_metric: "exact_match".into(),
        remedies: BTreeMap::from([
            ("regard_by_model", "ask a".to_owned()),
            ("stereotype_by_model", "ask b".to_owned()),
        ]),
        ..TableOptions::default()
    };
    let table = InstanceTable::new(&table_units, &options);
    let input = RowInput {
        run: "r".into(),
        label: "s".into(),
        model: "m".into(),
        main_metric: "exact_match".into(),
        main_split: None,
        perturbed: false,
        table: &table,
        cells: &[],
    };
    let row = fairness_row(&input, &Judgement::default());
    for (family, measure, fix) in [
        (Family::Sentiment, "mean regard by a model", "ask a"),
        (Family::Association, "mean probability of stereotypes by a model", "ask b"),
    ] {
        let missing = Entry::Missing(CellStatus::ScorerUnavailable { fix: fix.into() });
        assert_eq!(*entry(&row, family, measure), missing);
    }
}

#[test]
fn a_cosine_that_nobody_computed_says_how_to_get_it() {
    let unit_of = |id: usize| unit(id, &[("exact_match", 1.0), ("toxicity", 0.1)]);
    let copy_of = |id: usize| copy(id, &[("exact_match", 1.0), ("counterfactual_rouge_l", 0.5)]);
    let units: Vec<UnitScores> = (0..20).flat_map(|id| [unit_of(id), copy_of(id)]).collect();
    let table_units: Vec<TableUnit<'_>> =
        units.iter().map(|scores| TableUnit { scores, groups: &[] }).collect();
    let options = TableOptions {
        main_metric: "exact_match".into(),
        remedies: BTreeMap::from([("counterfactual_cosine", "do this".to_owned())]),
        ..TableOptions::default()
    };
    let table = InstanceTable::new(&table_units, &options);
    let status = &table.absent[&holometer_summary::rows::Column::Cosine];
    assert_eq!(*status, CellStatus::ScorerUnavailable { fix: "do this".into() });
    // Without changed copies there is nothing to compare, whoever is asked.
    let alone = InstanceTable::new(&table_units[..1], &options);
    let status = &alone.absent[&holometer_summary::rows::Column::Cosine];
    assert!(matches!(status, CellStatus::NotApplicable { .. }), "{status:?}");
}
