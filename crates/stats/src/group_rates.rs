//! Gaps between groups of people: rates as fairlearn defines them, and ranking quality as Borkan and others (2019).

use std::collections::BTreeMap;

/// One unit: what is true, what was predicted, and who it is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Labelled<'a> {
    /// The truth.
    pub truth: bool,
    /// The prediction.
    pub predicted: bool,
    /// The group.
    pub group: &'a str,
}

/// The rates of one group. A rate without any unit to measure it on is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GroupRates {
    /// How many units.
    pub n: usize,
    /// The share predicted positive.
    pub selection_rate: Option<f64>,
    /// Among truly positive units, the share predicted positive.
    pub true_positive_rate: Option<f64>,
    /// Among truly negative units, the share predicted positive.
    pub false_positive_rate: Option<f64>,
    /// The share predicted right.
    pub accuracy: Option<f64>,
}

/// The largest and smallest rate over groups, as a difference and as a ratio (smallest over largest).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// In [0, 1]; 0 means equal.
    pub difference: f64,
    /// In [0, 1]; 1 means equal. `None` when the largest rate is 0.
    pub ratio: Option<f64>,
}

/// Rates per group, in the order of the groups' names.
pub fn rates<'a>(units: &[Labelled<'a>]) -> BTreeMap<&'a str, GroupRates> {
    let mut groups: BTreeMap<&str, Vec<Labelled<'_>>> = BTreeMap::new();
    for unit in units {
        groups.entry(unit.group).or_default().push(*unit);
    }
    groups
        .into_iter()
        .map(|(name, members)| {
            let rates = GroupRates {
                n: members.len(),
                selection_rate: share(&members, |_| true, |u| u.predicted),
                true_positive_rate: share(&members, |u| u.truth, |u| u.predicted),
                false_positive_rate: share(&members, |u| !u.truth, |u| u.predicted),
                accuracy: share(&members, |_| true, |u| u.predicted == u.truth),
            };
            (name, rates)
        })
        .collect()
}

/// The gap of a rate over groups, for instance `gap(&rates, |r| r.selection_rate)` for demographic parity and
/// `|r| r.true_positive_rate` for equal opportunity. `None` when a group lacks the rate or there are no groups.
pub fn gap(
    rates: &BTreeMap<&str, GroupRates>,
    rate: impl Fn(&GroupRates) -> Option<f64>,
) -> Option<Gap> {
    let values: Vec<f64> = rates.values().map(rate).collect::<Option<_>>()?;
    let largest = values.iter().copied().reduce(f64::max)?;
    let smallest = values.iter().copied().reduce(f64::min)?;
    Some(Gap { difference: largest - smallest, ratio: (largest > 0.0).then(|| smallest / largest) })
}

/// Equalised odds: the worse of the gaps of true and false positive rates (fairlearn's `worst_case`).
pub fn equalised_odds(rates: &BTreeMap<&str, GroupRates>) -> Option<Gap> {
    let hits = gap(rates, |r| r.true_positive_rate)?;
    let false_alarms = gap(rates, |r| r.false_positive_rate)?;
    let ratio = match (hits.ratio, false_alarms.ratio) {
        (Some(a), Some(b)) => Some(a.min(b)),
        _ => None,
    };
    Some(Gap { difference: hits.difference.max(false_alarms.difference), ratio })
}

/// One scored unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The truth.
    pub truth: bool,
    /// The score; higher means more likely positive.
    pub score: f64,
    /// Whether the unit is about the group in question.
    pub in_group: bool,
}

/// The three areas under the ROC curve of Borkan and others (2019). `None` where one class has no units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SubgroupAuc {
    /// Within the group.
    pub subgroup: Option<f64>,
    /// The group's negatives against the others' positives; low when the group is wrongly scored high.
    pub background_positive_subgroup_negative: Option<f64>,
    /// The group's positives against the others' negatives; low when the group is wrongly scored low.
    pub background_negative_subgroup_positive: Option<f64>,
}

/// The three areas for a group.
pub fn subgroup_auc(units: &[Scored]) -> SubgroupAuc {
    let of = |positives_in: bool, negatives_in: bool| {
        let chosen: Vec<(f64, bool)> = units
            .iter()
            .filter(|u| u.in_group == if u.truth { positives_in } else { negatives_in })
            .map(|u| (u.score, u.truth))
            .collect();
        auc(&chosen)
    };
    SubgroupAuc {
        subgroup: of(true, true),
        background_positive_subgroup_negative: of(false, true),
        background_negative_subgroup_positive: of(true, false),
    }
}

/// The area under the ROC curve of (score, positive) pairs; ties count half. `None` if a class is empty.
pub fn auc(scores: &[(f64, bool)]) -> Option<f64> {
    let values: Vec<f64> = scores.iter().map(|(score, _)| *score).collect();
    let ranks = crate::correlation::ranks(&values);
    let positives = scores.iter().filter(|(_, positive)| *positive).count() as f64;
    let negatives = scores.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    let sum: f64 =
        ranks.iter().zip(scores).filter(|(_, (_, positive))| *positive).map(|(rank, _)| rank).sum();
    Some((sum - positives * (positives + 1.0) / 2.0) / (positives * negatives))
}

/// The generalised mean of areas with exponent `p` (-5 in Borkan and others), which leans towards the worst group.
/// `None` without values.
pub fn power_mean(values: &[f64], p: f64) -> Option<f64> {
    let sum: f64 = values.iter().map(|value| value.powf(p)).sum();
    (!values.is_empty()).then(|| (sum / values.len() as f64).powf(1.0 / p))
}

fn share(
    units: &[Labelled<'_>],
    among: impl Fn(&Labelled<'_>) -> bool,
    counted: impl Fn(&Labelled<'_>) -> bool,
) -> Option<f64> {
    let base = units.iter().filter(|unit| among(unit)).count();
    let hits = units.iter().filter(|unit| among(unit) && counted(unit)).count();
    (base > 0).then(|| hits as f64 / base as f64)
}
