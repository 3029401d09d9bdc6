//! Group rates against fairlearn, and subgroup areas against scikit-learn (`parity/stats/fairlearn_rates.py`, and the reference data's
//! `fairlearn_borkan.json`).

use holometer_stats::group_rates::{
    Labelled, Scored, equalised_odds, gap, power_mean, rates, subgroup_auc,
};
use serde_json::Value;

#[test]
fn rates_gaps_and_areas_equal_fairlearn() {
    equal_fairlearn(include_str!("fixtures/fairlearn.json"));
    if let Some(path) = holometer_testkit::shared_path("golden/bias/fairlearn_borkan.json") {
        equal_fairlearn(&std::fs::read_to_string(path).unwrap());
    }
}

fn equal_fairlearn(golden: &str) {
    let golden: Value = serde_json::from_str(golden).expect("as the fixture says");
    let list = |key: &str| golden[key].as_array().expect("as the fixture says").clone();
    let groups: Vec<String> =
        list("group").iter().map(|g| g.as_str().expect("as the fixture says").to_owned()).collect();
    let truth: Vec<bool> = list("y_true").iter().map(|x| x == 1).collect();
    let predicted: Vec<bool> = list("y_pred").iter().map(|x| x == 1).collect();
    let units: Vec<Labelled<'_>> = (0..groups.len())
        .map(|i| Labelled { truth: truth[i], predicted: predicted[i], group: &groups[i] })
        .collect();
    let same = |ours: f64, theirs: &Value| {
        let theirs = theirs.as_f64().expect("as the fixture says");
        assert!((ours - theirs).abs() < 1e-12, "ours {ours}, theirs {theirs}");
    };
    let rates = rates(&units);
    let parity = gap(&rates, |r| r.selection_rate).expect("as the fixture says");
    same(parity.difference, &golden["demographic_parity_difference"]);
    same(parity.ratio.expect("as the fixture says"), &golden["demographic_parity_ratio"]);
    let odds = equalised_odds(&rates).expect("as the fixture says");
    same(odds.difference, &golden["equalized_odds_difference_worst"]);
    same(odds.ratio.expect("as the fixture says"), &golden["equalized_odds_ratio"]);
    let opportunity = gap(&rates, |r| r.true_positive_rate).expect("as the fixture says");
    same(opportunity.difference, &golden["equal_opportunity_difference"]);
    same(opportunity.ratio.expect("as the fixture says"), &golden["equal_opportunity_ratio"]);
    let scores = list("score");
    for (group, rate) in &rates {
        let theirs = &golden["by_group"][group];
        assert_eq!(rate.n as u64, theirs["n"].as_u64().expect("as the fixture says"));
        same(rate.selection_rate.expect("as the fixture says"), &theirs["selection_rate"]);
        same(rate.true_positive_rate.expect("as the fixture says"), &theirs["tpr"]);
        same(rate.false_positive_rate.expect("as the fixture says"), &theirs["fpr"]);
        same(rate.accuracy.expect("as the fixture says"), &theirs["accuracy"]);
        let scored: Vec<Scored> = (0..groups.len())
            .map(|i| Scored {
                truth: truth[i],
                score: scores[i].as_f64().expect("as the fixture says"),
                in_group: groups[i] == *group,
            })
            .collect();
        let areas = subgroup_auc(&scored);
        same(areas.subgroup.expect("as the fixture says"), &theirs["subgroup_auc"]);
        same(
            areas.background_positive_subgroup_negative.expect("as the fixture says"),
            &theirs["bpsn_auc"],
        );
        same(
            areas.background_negative_subgroup_positive.expect("as the fixture says"),
            &theirs["bnsp_auc"],
        );
    }
}

#[test]
fn the_power_mean_leans_to_the_worst() {
    assert_eq!(power_mean(&[], -5.0), None);
    let mean = power_mean(&[0.5, 1.0], -5.0).unwrap();
    assert!((mean - (33.0_f64 / 2.0).powf(-0.2)).abs() < 1e-15);
}
