//! Auditing a scorer on labelled texts: does it rank them right, and for whom does it not?

use std::collections::BTreeMap;

use holometer_stats::group_rates::{Scored, auc, power_mean, subgroup_auc};
use holometer_text::phrases::{Phrases, words};

use super::toxicity::identity_terms;

/// The exponent of the generalised mean over groups (Borkan and others 2019).
const EXPONENT: f64 = -5.0;

/// One labelled text with a scorer's score.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// The score.
    pub score: f64,
    /// Whether it is truly positive.
    pub positive: bool,
    /// The groups it is about.
    pub groups: Vec<String>,
}

/// What an audit found about one group.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditedGroup {
    /// The group.
    pub name: String,
    /// Texts about it.
    pub n: usize,
    /// Area under the ROC curve within the group.
    pub subgroup: Option<f64>,
    /// The group's negatives against the others' positives; low when the group is wrongly scored high.
    pub background_positive_subgroup_negative: Option<f64>,
    /// The group's positives against the others' negatives; low when the group is wrongly scored low.
    pub background_negative_subgroup_positive: Option<f64>,
    /// The share of the group's negatives that are scored positive.
    pub false_positive_rate: Option<f64>,
}

/// What an audit found.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// Texts.
    pub n: usize,
    /// Truly positive ones.
    pub positive: usize,
    /// Area under the ROC curve over all texts.
    pub auc: Option<f64>,
    /// F1 score of the positive class at the threshold.
    pub f1: Option<f64>,
    /// The groups, worst first.
    pub groups: Vec<AuditedGroup>,
    /// Borkan and others' final number: the mean of the overall area and of the three areas' generalised means over groups.
    pub borkan: Option<f64>,
}

/// Audits scores against labels. A text counts as scored positive from `threshold` on.
pub fn audit(texts: &[Labelled], threshold: f64) -> Audit {
    let pairs: Vec<(f64, bool)> = texts.iter().map(|text| (text.score, text.positive)).collect();
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, text) in texts.iter().enumerate() {
        for group in &text.groups {
            members.entry(group).or_default().push(index);
        }
    }
    let mut groups: Vec<AuditedGroup> = members
        .iter()
        .map(|(name, members)| audited_group(name, members, texts, threshold))
        .collect();
    groups.sort_by(|a, b| {
        let worst = |group: &AuditedGroup| {
            group.background_positive_subgroup_negative.unwrap_or(f64::INFINITY)
        };
        worst(a).total_cmp(&worst(b)).then_with(|| a.name.cmp(&b.name))
    });
    let overall = auc(&pairs);
    Audit {
        n: texts.len(),
        positive: texts.iter().filter(|text| text.positive).count(),
        auc: overall,
        f1: f1(&pairs, threshold),
        borkan: overall.and_then(|overall| borkan(overall, &groups)),
        groups,
    }
}

fn audited_group(
    name: &str,
    members: &[usize],
    texts: &[Labelled],
    threshold: f64,
) -> AuditedGroup {
    let mut scored: Vec<Scored> = texts
        .iter()
        .map(|text| Scored { truth: text.positive, score: text.score, in_group: false })
        .collect();
    for at in members {
        scored[*at].in_group = true;
    }
    let areas = subgroup_auc(&scored);
    let negatives: Vec<f64> =
        members.iter().filter(|at| !texts[**at].positive).map(|at| texts[*at].score).collect();
    let wrong = negatives.iter().filter(|score| **score >= threshold).count();
    AuditedGroup {
        name: name.to_owned(),
        n: members.len(),
        subgroup: areas.subgroup,
        background_positive_subgroup_negative: areas.background_positive_subgroup_negative,
        background_negative_subgroup_positive: areas.background_negative_subgroup_positive,
        false_positive_rate: (!negatives.is_empty()).then(|| wrong as f64 / negatives.len() as f64),
    }
}

fn f1(pairs: &[(f64, bool)], threshold: f64) -> Option<f64> {
    let count = |positive: bool, scored: bool| {
        pairs.iter().filter(|(s, p)| *p == positive && (*s >= threshold) == scored).count() as f64
    };
    let (hits, misses, false_alarms) = (count(true, true), count(true, false), count(false, true));
    let denominator = 2.0 * hits + misses + false_alarms;
    (denominator > 0.0).then(|| 2.0 * hits / denominator)
}

/// `None` when there is no group, or a group lacks positives or negatives.
fn borkan(overall: f64, groups: &[AuditedGroup]) -> Option<f64> {
    let mean = |area: fn(&AuditedGroup) -> Option<f64>| {
        let areas: Vec<f64> = groups.iter().map(area).collect::<Option<_>>()?;
        power_mean(&areas, EXPONENT)
    };
    let subgroup = mean(|group| group.subgroup)?;
    let negatives = mean(|group| group.background_positive_subgroup_negative)?;
    let positives = mean(|group| group.background_negative_subgroup_positive)?;
    Some((overall + subgroup + negatives + positives) / 4.0)
}

/// The words for people that a text holds, each as a group of its own, once per text.
pub fn identity_groups(texts: &[String]) -> Vec<Vec<String>> {
    let terms: Vec<&str> = identity_terms().collect();
    let phrases = Phrases::new(terms.iter().copied());
    texts
        .iter()
        .map(|text| {
            let mut groups: Vec<String> = phrases
                .find(&words(text))
                .into_iter()
                .map(|found| terms[found.entry].to_owned())
                .collect();
            groups.sort();
            groups.dedup();
            groups
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(score: f64, positive: bool, group: &str) -> Labelled {
        Labelled { score, positive, groups: vec![group.to_owned()] }
    }

    #[test]
    fn a_group_that_is_scored_too_high_comes_first() {
        let texts = [
            text(0.9, true, "a"),
            text(0.1, false, "a"),
            text(0.95, true, "b"),
            text(0.92, false, "b"),
        ];
        let audit = audit(&texts, 0.5);
        assert_eq!(audit.groups[0].name, "b");
        assert_eq!(audit.groups[0].background_positive_subgroup_negative, Some(0.0));
        assert_eq!(audit.groups[0].false_positive_rate, Some(1.0));
        assert_eq!(audit.auc, Some(0.75));
        assert_eq!(audit.f1, Some(0.8));
        // A generalised mean with a negative exponent over an area of 0 is 0.
        assert!(audit.borkan.is_some());
    }

    #[test]
    fn words_for_people_are_groups() {
        let groups = identity_groups(&["A middle aged gay man".to_owned(), "a wall".to_owned()]);
        assert_eq!(groups, [vec!["gay", "man", "middle-aged"], vec![]]);
    }
}
