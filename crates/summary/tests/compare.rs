//! Comparisons and leaderboards, from hand-made scores.

use std::collections::BTreeMap;

use holometer_summary::compare::{
    Adjustment, Agreement, Better, ScoredInstance, SideScores, compare,
};
use holometer_summary::fairness::Judgement;
use holometer_summary::leaderboard::{LeaderboardScenario, leaderboard};

fn side(scores: impl IntoIterator<Item = f64>) -> SideScores {
    let instances = scores.into_iter().enumerate().map(|(id, score)| {
        let question = format!("question {id}");
        (format!("id{id}"), ScoredInstance { score, cluster: format!("c{id}"), question })
    });
    SideScores {
        metric: Some("exact_match".into()),
        lower_is_better: false,
        scorer: None,
        instances: instances.collect(),
    }
}

fn pattern(n: usize, right: impl Fn(usize) -> bool) -> SideScores {
    side((0..n).map(|id| f64::from(u8::from(right(id)))))
}

#[test]
fn counts_tests_and_verdicts_of_two_models() {
    // First right on 80 of 100, second on 70: 15 only the first, 5 only the second.
    let first = pattern(100, |id| id < 80);
    let second = pattern(100, |id| id < 65 || (80..85).contains(&id));
    let how = Judgement::default();
    let comparison = compare(("a", "b"), &[("s".into(), first, second)], Adjustment::Holm, &how);
    let one = &comparison.scenarios[0];
    assert_eq!(
        one.agreement,
        Some(Agreement { both: 65, only_first: 15, only_second: 5, neither: 15 })
    );
    assert!((one.difference.value - 0.1).abs() < 1e-12);
    // scipy.stats.binomtest(5, 20).pvalue
    assert!((one.mcnemar_p.unwrap() - 0.041_389_465_332_031_25).abs() < 1e-12);
    assert_eq!(one.better, Better::First);
    assert_eq!(comparison.overall_better, Some(Better::First));
    let interval = one.difference.interval.as_ref().unwrap();
    assert!(interval.low > 0.0 && interval.high < 0.2, "{interval:?}");
}

#[test]
fn the_same_answers_are_equivalent_only_when_there_are_enough_of_them() {
    let how = Judgement::default();
    let verdict = |n: usize| {
        let scenario = ("s".to_owned(), pattern(n, |id| id % 3 == 0), pattern(n, |id| id % 3 == 0));
        compare(("a", "b"), &[scenario], Adjustment::Holm, &how).scenarios[0].better
    };
    assert_eq!(verdict(30), Better::Inconclusive);
    assert_eq!(verdict(500), Better::Equivalent);
}

#[test]
fn other_questions_under_the_same_ids_are_not_compared() {
    let mut second = pattern(40, |_| true);
    for id in 0..10 {
        second.instances.get_mut(&format!("id{id}")).unwrap().question = "another".into();
    }
    second.instances.remove("id39");
    let scenarios = vec![
        ("s".to_owned(), pattern(40, |_| true), second),
        ("none".to_owned(), pattern(5, |_| true), SideScores::default()),
    ];
    let comparison = compare(("a", "b"), &scenarios, Adjustment::Holm, &Judgement::default());
    assert_eq!(comparison.scenarios[0].difference.n, 29);
    assert_eq!(comparison.scenarios[0].unmatched, 11);
    assert_eq!(comparison.left_out.len(), 1);
    assert!(comparison.left_out[0].1.contains("no metric"), "{:?}", comparison.left_out);
}

#[test]
fn scores_of_different_scorers_are_never_compared() {
    let scored = |hash: &str| SideScores {
        scorer: Some(format!("toxicity@{hash}")),
        ..pattern(30, |id| id % 2 == 0)
    };
    let how = Judgement::default();
    let scenario = |other: &str| vec![("s".to_owned(), scored("1a"), scored(other))];
    let same = compare(("a", "b"), &scenario("1a"), Adjustment::Holm, &how);
    assert_eq!((same.scenarios.len(), same.left_out.len()), (1, 0));
    let different = compare(("a", "b"), &scenario("2b"), Adjustment::Holm, &how);
    assert_eq!((different.scenarios.len(), different.overall), (0, None));
    assert!(different.left_out[0].1.contains("toxicity@1a and toxicity@2b"));
}

#[test]
fn where_less_is_better_the_smaller_side_wins() {
    let make = |offset: f64| SideScores {
        lower_is_better: true,
        ..side((0..60).map(|id| f64::from(id % 7) / 7.0 + offset + f64::from(id % 2) * 0.01))
    };
    let scenario = ("s".to_owned(), make(0.0), make(0.3));
    let comparison = compare(("a", "b"), &[scenario], Adjustment::Holm, &Judgement::default());
    assert_eq!(comparison.scenarios[0].better, Better::First);
    // Overall, more is better.
    assert!(comparison.overall.unwrap().value > 0.0);
}

#[test]
fn a_leaderboard_groups_models_that_the_data_cannot_tell_apart() {
    let scores = |model: &str, shift: usize| match model {
        "best" => pattern(200, |_| true),
        "like1" => pattern(200, move |id| (id + shift).is_multiple_of(2)),
        "like2" => pattern(200, move |id| (id + shift) % 4 < 2),
        _ => pattern(200, |_| false),
    };
    let models = ["best", "like1", "like2", "worst"].map(str::to_owned);
    let scenarios: Vec<LeaderboardScenario> = (0..4)
        .map(|at| LeaderboardScenario {
            label: format!("s{at}"),
            scores: models.iter().map(|model| (model.clone(), scores(model, at))).collect(),
            ..LeaderboardScenario::default()
        })
        .collect();
    let board = leaderboard(&models, &scenarios, &Judgement::default());
    let order: Vec<(&str, &str)> =
        board.standings.iter().map(|s| (s.model.as_str(), s.ties.as_str())).collect();
    assert_eq!(order, [("best", "a"), ("like1", "b"), ("like2", "b"), ("worst", "c")]);
    assert_eq!(board.standings[0].mean_win_rate, Some(1.0));
    assert_eq!((board.standings[1].best_rank, board.standings[1].worst_rank), (2, 3));
    assert_eq!(board.standings[3].mean_win_rate, Some(0.0));
    let interval = board.standings[1].interval.as_ref().unwrap();
    assert!(interval.low < 0.5 && interval.high > 0.5, "{interval:?}");
}

#[test]
fn scenarios_without_scores_of_single_instances_count_by_their_estimates() {
    let models = ["a", "b"].map(str::to_owned);
    let scenario = LeaderboardScenario {
        label: "perplexity".into(),
        estimates: BTreeMap::from([("a".into(), (10.0, 0.1)), ("b".into(), (12.0, 0.1))]),
        metric: "bits_per_byte".into(),
        lower_is_better: true,
        ..LeaderboardScenario::default()
    };
    let lonely = LeaderboardScenario { label: "lonely".into(), ..LeaderboardScenario::default() };
    let board = leaderboard(&models, &[scenario, lonely], &Judgement::default());
    assert_eq!(board.standings[0].model, "a");
    assert_eq!(board.standings[0].mean_win_rate, Some(1.0));
    assert_eq!(
        board.left_out,
        [("lonely".to_owned(), "fewer than two models have a number".to_owned())]
    );
}
