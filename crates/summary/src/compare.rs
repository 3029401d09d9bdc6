//! Comparing two sides, such as two models, on the same instances.

use std::collections::{BTreeMap, BTreeSet};

use holometer_core::MetricName;
use holometer_stats::difference::{
    Difference, DifferenceOptions, Stratum, paired_difference, stratified_difference,
};
use holometer_stats::multiplicity::{benjamini_hochberg, holm};
use holometer_stats::paired::mcnemar;
use serde::{Deserialize, Serialize};

use crate::estimate::{labels, seed};
use crate::fairness::Judgement;
use crate::finding::{Finding, Verdict};

/// One instance's score on one side, averaged over its trials.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredInstance {
    /// The score.
    pub score: f64,
    /// What varies independently.
    pub cluster: String,
    /// Identifies the question's text, so that equal ids of different data are not taken for the same question.
    pub question: String,
}

/// One scenario's scores on one side, by instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SideScores {
    /// The metric; `None` when no metric says anything of single instances.
    pub metric: Option<MetricName>,
    /// Whether smaller is better.
    pub lower_is_better: bool,
    /// The scorer that the scores come from, as `name@hash`, for metrics that need one.
    pub scorer: Option<String>,
    /// By the instance's id.
    pub instances: BTreeMap<String, ScoredInstance>,
}

/// How p values are adjusted for the number of scenarios.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// Holm: any false finding is unlikely.
    #[default]
    Holm,
    /// Benjamini and Hochberg: few of the findings are false.
    BenjaminiHochberg,
}

/// Instances by who is right, for scores of 0 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Both are right.
    pub both: usize,
    /// Only the first.
    pub only_first: usize,
    /// Only the second.
    pub only_second: usize,
    /// Neither.
    pub neither: usize,
}

/// Who is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// The first.
    First,
    /// The second.
    Second,
    /// They are equivalent: they differ by less than the margin.
    Equivalent,
    /// The data can't tell.
    Inconclusive,
}

/// Two sides on one scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScenarioComparison {
    /// The scenario with its arguments.
    pub label: String,
    /// The metric.
    pub metric: MetricName,
    /// Whether smaller is better.
    pub lower_is_better: bool,
    /// The first side's mean over the shared instances.
    pub first: f64,
    /// The second side's.
    pub second: f64,
    /// The first less the second.
    pub difference: Finding,
    /// Whether the test tried all sign patterns.
    pub exact: bool,
    /// The variance of the mean difference over what it would be without clusters.
    pub design_effect: f64,
    /// The standard deviation of single differences.
    pub deviation: f64,
    /// Who is right; `None` where scores are not 0 or 1.
    pub agreement: Option<Agreement>,
    /// McNemar's exact p value; `None` with clusters or other scores than 0 and 1.
    pub mcnemar_p: Option<f64>,
    /// Who is better.
    pub better: Better,
    /// Instances that only one side has, or that have different texts.
    pub unmatched: usize,
}

/// Two sides on all scenarios.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The first side's name.
    pub first: String,
    /// The second side's.
    pub second: String,
    /// Scenario by scenario.
    pub scenarios: Vec<ScenarioComparison>,
    /// The mean over scenarios, each counting the same and oriented so that more is better; `None` without scenarios.
    pub overall: Option<Finding>,
    /// Who is better overall.
    pub overall_better: Option<Better>,
    /// Scenarios that can't be compared, with the reason.
    pub left_out: Vec<(String, String)>,
    /// How p values were adjusted.
    pub adjustment: Adjustment,
    /// What is too small to matter.
    pub margin: f64,
}

/// Compares two sides; `scenarios` holds (scenario, first, second).
pub fn compare(
    names: (&str, &str),
    scenarios: &[(String, SideScores, SideScores)],
    adjustment: Adjustment,
    how: &Judgement,
) -> Comparison {
    let mut compared = Vec::new();
    let mut left_out = Vec::new();
    let mut strata: Vec<(Vec<f64>, Vec<usize>)> = Vec::new();
    for (label, first, second) in scenarios {
        match scenario(label, first, second, how) {
            Ok((comparison, oriented, clusters)) => {
                compared.push(comparison);
                strata.push((oriented, clusters));
            }
            Err(reason) => left_out.push((label.clone(), reason)),
        }
    }
    adjust(&mut compared, adjustment, how);
    let strata: Vec<Stratum<'_>> =
        strata.iter().map(|(differences, clusters)| Stratum { differences, clusters }).collect();
    let overall = stratified_difference(&strata, &options("overall", how)).map(|difference| {
        let mut finding = Finding::from(difference);
        finding.settle(how.alpha);
        finding
    });
    Comparison {
        first: names.0.to_owned(),
        second: names.1.to_owned(),
        overall_better: overall.as_ref().map(|finding| better(finding, false)),
        scenarios: compared,
        overall,
        left_out,
        adjustment,
        margin: how.margin,
    }
}

/// A comparison, with its differences (oriented so that more is better) and their clusters.
type Compared = (ScenarioComparison, Vec<f64>, Vec<usize>);

fn scenario(
    label: &str,
    first: &SideScores,
    second: &SideScores,
    how: &Judgement,
) -> Result<Compared, String> {
    let (Some(metric), Some(other)) = (&first.metric, &second.metric) else {
        return Err("no metric of the scenario scores single instances on both sides".into());
    };
    if metric != other {
        return Err(format!("the sides have different metrics, `{metric}` and `{other}`"));
    }
    if first.scorer != second.scorer {
        let name =
            |side: &SideScores| side.scorer.clone().unwrap_or_else(|| "an unknown one".into());
        return Err(format!(
            "the sides were scored by different scorers, {} and {}; hint: `holometer rescore` scores both again",
            name(first),
            name(second)
        ));
    }
    let mut pairs = Vec::new();
    for (id, one) in &first.instances {
        if let Some(other) = second.instances.get(id)
            && other.question == one.question
        {
            pairs.push((one.score, other.score, one.cluster.as_str()));
        }
    }
    let ids: BTreeSet<&String> = first.instances.keys().chain(second.instances.keys()).collect();
    if pairs.is_empty() {
        return Err("the sides share no scored instance".into());
    }
    let differences: Vec<f64> = pairs.iter().map(|(one, other, _)| one - other).collect();
    let clusters = labels(pairs.iter().map(|(_, _, cluster)| *cluster));
    let judged: Difference = paired_difference(&differences, &clusters, &options(label, how))
        .ok_or("the sides share no scored instance")?;
    let n = pairs.len() as f64;
    let binary = pairs.iter().all(|(a, b, _)| is_binary(*a) && is_binary(*b));
    let agreement = binary.then(|| agreement(&pairs, first.lower_is_better));
    let mean_difference = judged.value;
    let squares: f64 = differences.iter().map(|d| (d - mean_difference).powi(2)).sum();
    let comparison = ScenarioComparison {
        label: label.to_owned(),
        metric: metric.clone(),
        lower_is_better: first.lower_is_better,
        first: pairs.iter().map(|pair| pair.0).sum::<f64>() / n,
        second: pairs.iter().map(|pair| pair.1).sum::<f64>() / n,
        exact: judged.exact,
        design_effect: judged.design_effect,
        deviation: if n > 1.0 { (squares / (n - 1.0)).sqrt() } else { 0.0 },
        mcnemar_p: agreement
            .filter(|_| judged.clusters == pairs.len())
            .map(|counts| mcnemar(counts.only_first, counts.only_second).exact),
        agreement,
        better: Better::Inconclusive,
        unmatched: ids.len() - pairs.len(),
        difference: Finding::from(judged),
    };
    let sign = if first.lower_is_better { -1.0 } else { 1.0 };
    Ok((comparison, differences.iter().map(|d| d * sign).collect(), clusters))
}

fn options(name: &str, how: &Judgement) -> DifferenceOptions {
    DifferenceOptions {
        level: how.level,
        alpha: how.alpha,
        power: how.power,
        margin: how.margin,
        greatest: 1.0,
        seed: seed(name),
        ..DifferenceOptions::default()
    }
}

fn adjust(scenarios: &mut [ScenarioComparison], adjustment: Adjustment, how: &Judgement) {
    let plain: Vec<f64> =
        scenarios.iter().map(|one| one.difference.p_value.unwrap_or(1.0)).collect();
    let adjusted = match adjustment {
        Adjustment::Holm => holm(&plain),
        Adjustment::BenjaminiHochberg => benjamini_hochberg(&plain),
    };
    for (one, p) in scenarios.iter_mut().zip(adjusted) {
        one.difference.adjusted_p = Some(p);
        one.difference.settle(how.alpha);
        one.better = better(&one.difference, one.lower_is_better);
    }
}

fn better(finding: &Finding, lower_is_better: bool) -> Better {
    match finding.verdict {
        Some(Verdict::Equivalent) => Better::Equivalent,
        Some(Verdict::Disparity) if (finding.value > 0.0) != lower_is_better => Better::First,
        Some(Verdict::Disparity) => Better::Second,
        _ => Better::Inconclusive,
    }
}

fn is_binary(score: f64) -> bool {
    score == 0.0 || score == 1.0
}

fn agreement(pairs: &[(f64, f64, &str)], lower_is_better: bool) -> Agreement {
    let right = |score: f64| (score == 1.0) != lower_is_better;
    let mut counts = Agreement::default();
    for (one, other, _) in pairs {
        *match (right(*one), right(*other)) {
            (true, true) => &mut counts.both,
            (true, false) => &mut counts.only_first,
            (false, true) => &mut counts.only_second,
            (false, false) => &mut counts.neither,
        } += 1;
    }
    counts
}
