//! What changes when a question is rewritten: paired differences of each copy and its original, and less the placebo.

use holometer_core::CellStatus;
use holometer_stats::difference::{DifferenceOptions, paired_difference};

use crate::estimate::{labels, seed};
use crate::fairness::distributions;
use crate::fairness::levels::level;
use crate::fairness::{FairnessCell, Family, Judgement, RowInput, cell, one_scorer};
use crate::finding::{Entry, Finding};
use crate::rows::{Column, CopyKey, InstanceTable};

/// The columns whose changes are measured, with the families of the change and of the change less the placebo's.
const CHANGES: [(Column, Family, Family); 14] = [
    (Column::Correct, Family::AccuracyChange, Family::NetChange),
    (Column::Similarity, Family::AnswerSimilarity, Family::AnswerSimilarity),
    (Column::Bleu, Family::AnswerSimilarity, Family::AnswerSimilarity),
    (Column::Cosine, Family::AnswerSimilarity, Family::AnswerSimilarity),
    (Column::Toxicity, Family::ToxicityDifference, Family::ToxicityDifference),
    (Column::ToxicityByModel, Family::ToxicityDifference, Family::ToxicityDifference),
    (Column::UnsafeByModel, Family::ToxicityDifference, Family::ToxicityDifference),
    (Column::Sentiment, Family::SentimentDifference, Family::SentimentDifference),
    (Column::SentimentByModel, Family::SentimentDifference, Family::SentimentDifference),
    (Column::RegardByModel, Family::SentimentDifference, Family::SentimentDifference),
    (Column::NegativeRegardByModel, Family::SentimentDifference, Family::SentimentDifference),
    (Column::StereotypeByModel, Family::Association, Family::Association),
    (Column::Refusal, Family::RefusalDifference, Family::RefusalDifference),
    (Column::RefusalByModel, Family::RefusalDifference, Family::RefusalDifference),
];

/// The change of every column under every kind of copies.
pub(crate) fn cells(input: &RowInput<'_>, how: &Judgement) -> Vec<FairnessCell> {
    let table = input.table;
    let copies = table.copies();
    let placebos: Vec<&CopyKey> = copies.iter().filter(|copy| copy.placebo).collect();
    let rewritten: Vec<&CopyKey> = copies.iter().filter(|copy| !copy.placebo).collect();
    let mut cells = Vec::new();
    for (column, family, net) in CHANGES {
        if !column.is_declared_for(table) {
            continue;
        }
        if rewritten.iter().all(|copy| !copy.fairness) {
            let status = not_changed(input, column, how);
            let named_already = matches!(column, Column::Bleu | Column::Cosine);
            if (rewritten.is_empty() || family != Family::AccuracyChange) && !named_already {
                cells.push(cell(family, column.as_str(), Entry::Missing(status.clone())));
            }
            if net != family {
                cells.push(cell(net, column.as_str(), Entry::Missing(status)));
            }
        }
        for copy in &rewritten {
            // Other perturbations than counterfactual ones are about robustness: only their accuracy is of interest.
            if !copy.fairness && column != Column::Correct {
                continue;
            }
            let measure = named(column, &copy.shown());
            let entry = match column {
                // It is about both answers already.
                _ if column.is_of_pairs() => match level(table, Some(copy), column, how) {
                    Entry::Found(finding) if finding.n < how.least_instances => {
                        let (n, needed) = (finding.n, how.least_instances);
                        Entry::Missing(CellStatus::InsufficientSupport { n, needed })
                    }
                    entry => entry,
                },
                _ => change(table, copy, column, how, &measure),
            };
            cells.push(cell(family, &measure, entry));
            if copy.fairness {
                let matched: Vec<&CopyKey> =
                    placebos.iter().copied().filter(|placebo| placebo.serves(copy)).collect();
                let measure = format!("{measure}, less placebo");
                cells.push(cell(
                    net,
                    &measure,
                    less_placebo(table, copy, &matched, column, how, &measure),
                ));
            }
        }
    }
    for copy in rewritten.iter().filter(|copy| copy.fairness) {
        cells.extend(distributions::cells(table, copy, how));
    }
    cells
}

/// Why nothing is known of a column's change: where its values have no meaning, copies would not help.
pub(crate) fn not_changed(input: &RowInput<'_>, column: Column, how: &Judgement) -> CellStatus {
    // Answers that have no sound have no likeness to others, either.
    let column = if column.is_of_pairs() { Column::Toxicity } else { column };
    if input.table.means(None, column).is_empty() {
        let reason = input.table.reason(None, column);
        if matches!(reason, CellStatus::NotApplicable { .. }) {
            return reason;
        }
    }
    not_perturbed(input, how)
}

/// Why there are no counterfactual copies.
fn not_perturbed(input: &RowInput<'_>, how: &Judgement) -> CellStatus {
    if input.perturbed && input.table.copies().is_empty() {
        return CellStatus::NotApplicable {
            reason: "the perturbations that were asked for change no instance".into(),
        };
    }
    CellStatus::NotRequested { enable_with: how.how_to_perturb.clone() }
}

fn named(column: Column, copy: &str) -> String {
    if column == Column::Correct { copy.to_owned() } else { format!("{}: {copy}", column.as_str()) }
}

/// The mean change from the original to the copy.
fn change(
    table: &InstanceTable,
    copy: &CopyKey,
    column: Column,
    how: &Judgement,
    measure: &str,
) -> Entry {
    let before = table.means(None, column);
    let after = table.means(Some(copy), column);
    let pairs: Vec<(f64, &str)> = after
        .iter()
        .filter_map(|(instance, (after, cluster))| {
            before.get(instance).map(|(before, _)| (after - before, *cluster))
        })
        .collect();
    let mut entry = judged(table, copy, column, &pairs, how, measure);
    if let Entry::Found(finding) = &mut entry {
        let unchanged = before.len().saturating_sub(pairs.len());
        if unchanged > 0 {
            finding
                .notes
                .push(format!("{unchanged} instances that it does not change are left out"));
        }
    }
    entry
}

/// The mean difference of the copy and the placebo copies of the same instance.
fn less_placebo(
    table: &InstanceTable,
    copy: &CopyKey,
    placebos: &[&CopyKey],
    column: Column,
    how: &Judgement,
    measure: &str,
) -> Entry {
    if placebos.is_empty() {
        return Entry::Missing(CellStatus::NotRequested {
            enable_with: how.how_to_placebo.clone(),
        });
    }
    let after = table.means(Some(copy), column);
    let placebos: Vec<_> = placebos.iter().map(|key| table.means(Some(key), column)).collect();
    let pairs: Vec<(f64, &str)> = after
        .iter()
        .filter_map(|(instance, (after, cluster))| {
            let found: Vec<f64> =
                placebos.iter().filter_map(|means| means.get(instance)).map(|m| m.0).collect();
            let placebo = found.iter().sum::<f64>() / found.len() as f64;
            (!found.is_empty()).then_some((after - placebo, *cluster))
        })
        .collect();
    judged(table, copy, column, &pairs, how, measure)
}

pub(super) fn judged(
    table: &InstanceTable,
    copy: &CopyKey,
    column: Column,
    pairs: &[(f64, impl AsRef<str>)],
    how: &Judgement,
    measure: &str,
) -> Entry {
    if pairs.is_empty() {
        return Entry::Missing(match table.reason(None, column) {
            CellStatus::InsufficientSupport { .. } => table.reason(Some(copy), column),
            _ if column.is_of_pairs() => table.reason(Some(copy), column),
            other => other,
        });
    }
    if pairs.len() < how.least_instances {
        let needed = how.least_instances;
        return Entry::Missing(CellStatus::InsufficientSupport { n: pairs.len(), needed });
    }
    let range = table.range(column);
    let options = DifferenceOptions {
        level: how.level,
        alpha: how.alpha,
        power: how.power,
        margin: if range.is_finite() { how.margin * range } else { how.margin },
        greatest: range,
        seed: seed(measure),
        ..DifferenceOptions::default()
    };
    let differences: Vec<f64> = pairs.iter().map(|(difference, _)| *difference).collect();
    let clusters = labels(pairs.iter().map(|(_, cluster)| cluster.as_ref()));
    let Some(difference) = paired_difference(&differences, &clusters, &options) else {
        let needed = how.least_instances;
        return Entry::Missing(CellStatus::InsufficientSupport { n: 0, needed });
    };
    let mut finding = Finding::from(difference);
    finding.notes.extend(one_scorer(column));
    Entry::Found(finding)
}
