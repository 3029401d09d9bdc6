//! The entries that are levels: accuracy, calibration, worst cases, rates; and those that a run's cells hold already:
//! representation and association.

use std::collections::BTreeSet;

use holometer_core::{Cell, CellStatus, Interval, MetricName};
use holometer_stats::calibration::{Prediction, brier, ece_equal_mass};
use holometer_stats::distribution::{normal_quantile, t_two_sided};
use holometer_stats::equivalence::tost;
use holometer_stats::power::minimum_detectable_effect;
use holometer_stats::{BootstrapKind, BootstrapOptions, Clusters, bootstrap_statistic};

use crate::estimate::{self, PerInstance, labels, seed};
use crate::fairness::{FairnessCell, Family, Judgement, RowInput, cell, one_scorer};
use crate::finding::{Entry, Finding};
use crate::rows::{Column, CopyKey, InstanceTable, STEREOTYPES};

/// All levels of a row.
pub(crate) fn cells(input: &RowInput<'_>, how: &Judgement) -> Vec<FairnessCell> {
    let table = input.table;
    let mut cells = accuracy(input, how);
    cells.extend(calibration(table, how));
    cells.extend(worst_cases(input, how));
    cells.extend(from_cells(input, how));
    cells.extend(stereotypes(input, how));
    cells.extend(own_measures(input, how));
    let rates = [
        (Family::Toxicity, Column::Toxicity, "mean toxicity"),
        (Family::Toxicity, Column::ToxicityByModel, "mean toxicity by a model"),
        (Family::Toxicity, Column::UnsafeByModel, "mean probability of unsafe answers by a model"),
        (Family::Sentiment, Column::Sentiment, "mean sentiment"),
        (Family::Sentiment, Column::SentimentByModel, "mean sentiment by a model"),
        (Family::Sentiment, Column::RegardByModel, "mean regard by a model"),
        (Family::Sentiment, Column::NegativeRegardByModel, "mean negative regard by a model"),
        (
            Family::Association,
            Column::StereotypeByModel,
            "mean probability of stereotypes by a model",
        ),
        (Family::Refusal, Column::Refusal, "refusal rate"),
        (Family::Refusal, Column::RefusalByModel, "refusal rate by a model"),
        (Family::Refusal, Column::Unparsed, "unparsed rate"),
    ];
    for (family, column, measure) in rates {
        if !column.is_declared_for(table) && !ONLY_BY_MODEL.contains(&column) {
            continue;
        }
        let mut entry = level(table, None, column, how);
        let scorer = column.metric().and_then(|metric| scorer_of(input.cells, metric));
        if let (Entry::Found(finding), Some(scorer)) = (&mut entry, scorer) {
            finding.notes.push(format!("scored by {scorer}"));
        }
        cells.push(cell(family, measure, entry));
    }
    cells
}

/// What no scorer of the program's own measures: a row says how to get it.
const ONLY_BY_MODEL: [Column; 2] = [Column::RegardByModel, Column::StereotypeByModel];

/// The scorer of a metric, as `name@hash`.
pub(crate) fn scorer_of<'a>(cells: &'a [Cell], metric: &str) -> Option<&'a str> {
    cells
        .iter()
        .filter(|cell| cell.metric.as_str() == metric)
        .find_map(|cell| cell.scorer.as_deref())
}

/// The mean of a column over the originals, or over one kind of copies.
pub(crate) fn level(
    table: &InstanceTable,
    key: Option<&CopyKey>,
    column: Column,
    how: &Judgement,
) -> Entry {
    let means = table.means(key, column);
    let values: Vec<PerInstance<'_>> =
        means.values().map(|(value, cluster)| PerInstance { value: *value, cluster }).collect();
    let Some(estimate) = estimate::mean(&values, 0, how.level) else {
        return Entry::Missing(table.reason(key, column));
    };
    let mut finding =
        Finding::level(estimate.value, estimate.interval, estimate.n, estimate.clusters);
    let numbers: Vec<f64> = values.iter().map(|value| value.value).collect();
    let clusters = labels(values.iter().map(|value| value.cluster));
    finding.minimum_detectable_effect = Clusters::new(&clusters)
        .summarise(&numbers)
        .filter(|summary| summary.standard_error > 0.0)
        .map(|summary| minimum_detectable_effect(summary.standard_error, how.alpha, how.power))
        .or_else(|| detectable(&finding, how));
    finding.notes.extend(one_scorer(column));
    Entry::Found(finding)
}

/// The scenario's main metric, and what says of single answers whether they are right, where that is another.
fn accuracy(input: &RowInput<'_>, how: &Judgement) -> Vec<FairnessCell> {
    let table = input.table;
    let mut cells = Vec::new();
    let other = is_toxicity(&input.main_metric)
        || STEREOTYPES.iter().any(|(name, _)| *name == input.main_metric.as_str());
    if !other
        && table.correct_metric.as_ref() != Some(&input.main_metric)
        && let Some(found) = originals(input, &input.main_metric)
    {
        let name = input.main_metric.as_str();
        cells.push(cell(Family::Accuracy, name, as_level(found, how)));
    }
    let name = table.correct_metric.as_ref().map_or("correct", MetricName::as_str);
    if table.correct_metric.is_some() || cells.is_empty() {
        cells.push(cell(Family::Accuracy, name, level(table, None, Column::Correct, how)));
    }
    cells
}

/// Stereotyped answers, as the scenario's own metrics define them, against a model that prefers neither side. The main metric of a
/// toxicity scenario is one of toxicity.
fn stereotypes(input: &RowInput<'_>, how: &Judgement) -> Vec<FairnessCell> {
    let mut cells = Vec::new();
    for (name, neutral) in STEREOTYPES {
        if let Some(found) = originals(input, &MetricName::from(name)) {
            cells.push(cell(Family::Association, name, against(found, neutral, how)));
        }
    }
    if is_toxicity(&input.main_metric)
        && let Some(found) = originals(input, &input.main_metric)
    {
        let name = input.main_metric.as_str();
        cells.push(cell(Family::Toxicity, name, as_level(found, how)));
    }
    cells
}

/// Levels that a scenario's own metrics give, with their families.
const OWN_LEVELS: [(Family, &str); 18] = [
    (Family::Toxicity, "expected_max_toxicity"),
    (Family::Toxicity, "max_toxicity_probability"),
    (Family::Toxicity, "toxic_frac"),
    (Family::Association, "stereotype_fraction"),
    (Family::Association, "expected_max_stereotype"),
    (Family::Association, "stereotype_probability"),
    (Family::Association, "likelihood_bias"),
    (Family::Association, "pair_likelihood_icat"),
    (Family::SliceGap, "discrim_eval_age_gap"),
    (Family::SliceGap, "discrim_eval_gender_gap"),
    (Family::SliceGap, "discrim_eval_race_gap"),
    (Family::SliceGap, "subgroup_auc"),
    (Family::SliceGap, "bpsn_auc"),
    (Family::SliceGap, "bnsp_auc"),
    (Family::SliceGap, "borkan_auc"),
    (Family::SliceGap, "calibration_gap"),
    (Family::SliceGap, "brier_gap"),
    (Family::SliceGap, "ece_gap"),
];

/// How the shares of answers begin that repeat a stereotype of one kind, as of gender.
const STEREOTYPES_BY_KIND: &str = "stereotype_fraction@";

/// Contrasts in log-odds, 0 where a decision does not depend on the person.
const CONTRASTS: [&str; 7] = [
    "discrim_eval_female",
    "discrim_eval_non_binary",
    "discrim_eval_black",
    "discrim_eval_asian",
    "discrim_eval_hispanic",
    "discrim_eval_native_american",
    "discrim_eval_age",
];

/// What else the run's metrics say about groups and toxicity. Where they could say nothing there is no entry: the families have
/// entries of their own.
fn own_measures(input: &RowInput<'_>, how: &Judgement) -> Vec<FairnessCell> {
    let found = |name: &str| {
        let found = originals(input, &MetricName::from(name))?;
        (found.estimate.is_some() && input.main_metric.as_str() != name).then_some(found)
    };
    let mut cells = Vec::new();
    for (family, name) in OWN_LEVELS {
        if let Some(found) = found(name) {
            cells.push(cell(family, name, as_level(found, how)));
        }
    }
    let kinds: BTreeSet<&str> = input
        .cells
        .iter()
        .map(|cell| cell.metric.as_str())
        .filter(|name| name.starts_with(STEREOTYPES_BY_KIND))
        .collect();
    for name in kinds {
        if let Some(found) = found(name) {
            cells.push(cell(Family::Association, name, as_level(found, how)));
        }
    }
    for name in CONTRASTS {
        if let Some(found) = found(name) {
            cells.push(cell(Family::SliceGap, name, against(found, 0.0, how)));
        }
    }
    cells
}

fn is_toxicity(metric: &MetricName) -> bool {
    metric.as_str().contains("toxic")
}

/// A metric's cell over the original instances of the main split.
fn originals<'a>(input: &RowInput<'a>, metric: &MetricName) -> Option<&'a Cell> {
    let cells = || {
        input.cells.iter().filter(move |cell| {
            cell.metric == *metric
                && cell.slice.perturbation.is_none()
                && cell.slice.sub_split.is_none()
        })
    };
    cells().find(|cell| cell.slice.split == input.main_split).or_else(|| cells().next())
}

fn as_level(cell: &Cell, how: &Judgement) -> Entry {
    let Some(estimate) = &cell.estimate else { return Entry::Missing(support(&cell.status)) };
    let mut finding =
        Finding::level(estimate.value, estimate.interval.clone(), estimate.n, estimate.clusters);
    finding.minimum_detectable_effect = detectable(&finding, how);
    if estimate.unscored > 0 {
        finding.notes.push(format!("{} instances unscored", estimate.unscored));
    }
    Entry::Found(finding)
}

/// A metric that counts says `12 mentions ...; 30 are needed`: that is too little support, not a question without meaning.
fn support(status: &CellStatus) -> CellStatus {
    let CellStatus::NotApplicable { reason } = status else { return status.clone() };
    let counted = reason.split(' ').next().and_then(|word| word.parse().ok());
    let needed = reason
        .strip_suffix(" are needed")
        .and_then(|rest| rest.rsplit(' ').next())
        .and_then(|word| word.parse().ok());
    match (counted, needed) {
        (Some(n), Some(needed)) => CellStatus::InsufficientSupport { n, needed },
        _ => status.clone(),
    }
}

/// The standard error that an interval implies.
fn error_of(interval: &Interval) -> Option<f64> {
    let critical = normal_quantile(0.5 + interval.level / 2.0);
    let error = (interval.high - interval.low) / 2.0 / critical;
    (error > 0.0).then_some(error)
}

/// Expected calibration error and Brier score of the original instances.
fn calibration(table: &InstanceTable, how: &Judgement) -> Vec<FairnessCell> {
    const ERROR: &str = "expected calibration error";
    const BRIER: &str = "Brier score";
    let missing =
        |status: CellStatus| vec![cell(Family::Calibration, ERROR, Entry::Missing(status))];
    let confidences = table.means(None, Column::Confidence);
    if confidences.is_empty() {
        return missing(table.reason(None, Column::Confidence));
    }
    if table.lower_is_better || !table.correct_is_share {
        let reason = "the scenario's metric does not say how right an answer is from 0 to 1";
        return missing(CellStatus::NotApplicable { reason: reason.into() });
    }
    let correct = table.means(None, Column::Correct);
    let mut predictions = Vec::new();
    let mut names = Vec::new();
    for (instance, (confidence, cluster)) in &confidences {
        if let Some((value, _)) = correct.get(instance) {
            predictions.push(Prediction { confidence: *confidence, correct: *value > 0.5 });
            names.push(*cluster);
        }
    }
    if predictions.len() < how.least_instances {
        let (n, needed) = (predictions.len(), how.least_instances);
        return missing(CellStatus::InsufficientSupport { n, needed });
    }
    let clusters = labels(names.into_iter());
    let measure = |name: &str, statistic: fn(&[Prediction]) -> Option<f64>| {
        let options = BootstrapOptions {
            draws: how.draws,
            level: how.level,
            seed: seed(name),
            kind: BootstrapKind::Percentile,
        };
        let of = |units: &[usize]| {
            let drawn: Vec<Prediction> = units.iter().map(|unit| predictions[*unit]).collect();
            statistic(&drawn)
        };
        let count = clusters.iter().max().map_or(0, |last| last + 1);
        let value = statistic(&predictions).unwrap_or_default();
        let interval =
            bootstrap_statistic(&clusters, &of, &options).map(|interval| around(value, &interval));
        let mut finding = Finding::level(value, interval, predictions.len(), count);
        finding.minimum_detectable_effect = detectable(&finding, how);
        if name == ERROR && predictions.len() < 300 {
            finding.notes.push("unreliable below some 300 instances".into());
        }
        cell(Family::Calibration, name, Entry::Found(finding))
    };
    vec![measure(ERROR, |predictions| ece_equal_mass(predictions, 10)), measure(BRIER, brier)]
}

/// Few predictions make every resample's bins look worse calibrated than the data's, so that the replicates lie beside the value
/// itself: only their spread is used.
pub(crate) fn around(value: f64, replicates: &holometer_stats::Interval) -> Interval {
    let reach = (replicates.high - replicates.low) / 2.0;
    Interval {
        low: (value - reach).max(0.0),
        high: (value + reach).min(1.0),
        method: format!("spread of the {}", replicates.method),
        level: replicates.level,
    }
}

/// The smallest difference from a fixed value that would be found, from the interval's width.
pub(crate) fn detectable(finding: &Finding, how: &Judgement) -> Option<f64> {
    let error = error_of(finding.interval.as_ref()?)?;
    Some(minimum_detectable_effect(error, how.alpha, how.power))
}

/// HELM's worst cases over all fairness and all robustness perturbations.
fn worst_cases(input: &RowInput<'_>, how: &Judgement) -> Vec<FairnessCell> {
    let metric = input.table.correct_metric.as_ref().unwrap_or(&input.main_metric);
    let mut cells = Vec::new();
    for pool in ["fairness", "robustness"] {
        let found = input.cells.iter().find(|cell| {
            cell.metric == *metric
                && cell.slice.computed_on.as_deref() == Some("worst")
                && cell.slice.perturbation.as_ref().is_some_and(|name| name.as_str() == pool)
                && input.main_split.is_none_or(|split| cell.slice.split == Some(split))
        });
        if let Some(found) = found {
            let mut entry = as_level(found, how);
            if let Entry::Found(finding) = &mut entry {
                let note = "falls with every answer that flips, for whatever reason: read it with the change less placebo";
                finding.notes.push(note.into());
            }
            let is_right = input.table.correct_metric.is_some();
            let measure = if is_right { pool.to_owned() } else { format!("{pool}: {metric}") };
            cells.push(cell(Family::WorstCase, measure, entry));
        }
    }
    if cells.is_empty() {
        let status = crate::fairness::changes::not_changed(input, Column::Correct, how);
        cells.push(cell(Family::WorstCase, "fairness", Entry::Missing(status)));
    }
    cells
}

/// Representation and association, as the run's metrics give them.
fn from_cells(input: &RowInput<'_>, how: &Judgement) -> Vec<FairnessCell> {
    let mut cells = Vec::new();
    let families = [
        (Family::Representation, "representation_", "bias_metric:mode=representation,"),
        (Family::Association, "association_", "bias_metric:mode=associations,"),
    ];
    for (family, ours, helm) in families {
        let mut names: Vec<&MetricName> = Vec::new();
        for found in input.cells {
            let name = found.metric.as_str();
            if (name.starts_with(ours) || name.starts_with(helm)) && !names.contains(&&found.metric)
            {
                names.push(&found.metric);
            }
        }
        for name in names {
            let Some(found) = originals(input, name) else { continue };
            let entry = match name.as_str().strip_prefix(helm) {
                Some(_) => helm_level(found, how),
                None if name.as_str().ends_with("_raw") => as_level(found, how),
                None => against(found, 0.0, how),
            };
            let shown = name.as_str().strip_prefix(helm).map_or_else(
                || name.as_str().replace('_', " "),
                |rest| format!("HELM: {}", rest.replace("_category", "").replace('=', " ")),
            );
            cells.push(cell(family, shown, entry));
        }
        // One reason is enough where all have the same.
        let missing: Vec<&FairnessCell> =
            cells.iter().filter(|cell| cell.family == family).collect();
        let alike = |cell: &&FairnessCell| {
            matches!(&cell.entry, Entry::Missing(CellStatus::NotApplicable { .. }))
                && cell.entry == missing[0].entry
        };
        if missing.len() > 1 && missing.iter().all(alike) {
            let entry = missing[0].entry.clone();
            cells.retain(|cell| cell.family != family);
            cells.push(cell(family, "mentions", entry));
        }
        if !cells.iter().any(|cell| cell.family == family) {
            let status = match &input.table.absent_mentions {
                Some(status) => status.clone(),
                None => CellStatus::NotApplicable {
                    reason: "no answer of the run is a text that could mention anybody".into(),
                },
            };
            cells.push(cell(family, "mentions", Entry::Missing(status)));
        }
    }
    cells
}

fn helm_level(found: &Cell, how: &Judgement) -> Entry {
    let mut entry = as_level(found, how);
    if let Entry::Found(finding) = &mut entry {
        finding
            .notes
            .push("HELM's definition, not corrected for chance: few words look biased".into());
    }
    entry
}

/// A statistic that is `neutral` in expectation when there is no bias, judged by its interval.
fn against(found: &Cell, neutral: f64, how: &Judgement) -> Entry {
    let mut entry = as_level(found, how);
    let error = found.estimate.as_ref().and_then(|e| e.interval.as_ref()).and_then(error_of);
    if let (Entry::Found(finding), Some(error)) = (&mut entry, error) {
        let degrees = (finding.clusters as f64 - 1.0).max(1.0);
        let bias = finding.value - neutral;
        finding.p_value = Some(t_two_sided(bias / error, degrees));
        finding.equivalence_p = Some(tost(bias, error, degrees, how.margin));
        if neutral != 0.0 {
            finding.notes.push(format!("{neutral} is even-handed"));
        }
    }
    entry
}
