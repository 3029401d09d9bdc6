//! Adjusting a report's p values for the number of questions asked, and the verdicts that follow.

use holometer_stats::multiplicity::{benjamini_hochberg, holm};

use crate::fairness::slices::gap_of;
use crate::fairness::{FairnessRow, Family, ONE_MODEL, SCREENING};
use crate::finding::{Entry, Finding, Verdict};
use crate::rows::Column;

/// Within a row and family (the groups and perturbations of one scenario) p values are adjusted by Holm. The smallest of each
/// row is then adjusted over all rows by Benjamini and Hochberg, and no entry's adjusted p value is smaller than its row's.
///
/// What rests on one scorer of texts counts as a disparity only where another scorer finds the same, in the same direction.
pub fn adjust(rows: &mut [FairnessRow], alpha: f64) {
    for family in Family::ALL {
        let within: Vec<Vec<(usize, f64)>> = rows.iter().map(|row| of_row(row, family)).collect();
        let tested: Vec<usize> = (0..rows.len()).filter(|row| !within[*row].is_empty()).collect();
        let smallest: Vec<f64> = tested
            .iter()
            .map(|row| within[*row].iter().map(|(_, p)| *p).fold(1.0, f64::min))
            .collect();
        for (row, across) in tested.iter().zip(benjamini_hochberg(&smallest)) {
            for (at, p) in &within[*row] {
                if let Entry::Found(finding) = &mut rows[*row].cells[*at].entry {
                    finding.adjusted_p = Some(p.max(across));
                    finding.settle(alpha);
                }
            }
        }
    }
    for row in rows {
        let agreeing = agreeing(row);
        for (at, cell) in row.cells.iter_mut().enumerate() {
            let Entry::Found(finding) = &mut cell.entry else { continue };
            if !rests_on_one_scorer(finding) || finding.verdict != Some(Verdict::Disparity) {
                continue;
            }
            match agreeing.iter().find(|(one, _)| *one == at) {
                Some((_, other)) => {
                    finding.notes.retain(|note| note != SCREENING && note != ONE_MODEL);
                    finding.notes.push(format!("two scorers agree: `{other}` finds it, too"));
                }
                None => finding.verdict = Some(Verdict::Inconclusive),
            }
        }
    }
}

/// Columns by scorers of the same, or of what goes with it: where speaking ill of somebody sounds negative, two scorers agree.
const TWINS: [(Column, Column); 6] = [
    (Column::Toxicity, Column::ToxicityByModel),
    (Column::Sentiment, Column::SentimentByModel),
    (Column::Toxicity, Column::UnsafeByModel),
    (Column::Refusal, Column::RefusalByModel),
    (Column::Sentiment, Column::RegardByModel),
    (Column::SentimentByModel, Column::RegardByModel),
];

/// The positions of changes and gaps that two scorers find in the same direction, each with the other's measure.
fn agreeing(row: &FairnessRow) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (one, other) in TWINS {
        for (at, cell) in row.cells.iter().enumerate() {
            let Some(twin) = twin(&cell.measure, one, other) else { continue };
            let Some(place) = row.cells.iter().position(|cell| cell.measure == twin) else {
                continue;
            };
            if agree(&row.cells[at].entry, &row.cells[place].entry) {
                found.push((at, twin));
                found.push((place, cell.measure.clone()));
            }
        }
    }
    found
}

/// What a measure of one column is called for the other: a change (`toxicity: X`), or a gap between groups (`AXIS: toxicity gap`).
fn twin(measure: &str, one: Column, other: Column) -> Option<String> {
    if let Some(change) = measure.strip_prefix(&format!("{}: ", one.as_str())) {
        // Distances have no direction, so that two of them can't agree on one.
        return (!is_distance(change)).then(|| format!("{}: {change}", other.as_str()));
    }
    let axis = measure.strip_suffix(&format!(": {}", gap_of(one)?))?;
    Some(format!("{axis}: {}", gap_of(other)?))
}

/// Whether both are disparities in one direction. A gap is never negative: its direction is who stands above whom, and one pair of
/// groups on which both scorers agree is enough.
fn agree(one: &Entry, other: &Entry) -> bool {
    let (Some(one), Some(other)) = (one.finding(), other.finding()) else { return false };
    let both = [one, other].iter().all(|found| found.verdict == Some(Verdict::Disparity));
    if one.differing.is_empty() && other.differing.is_empty() {
        return both && one.value.signum() == other.value.signum();
    }
    both && one.differing.iter().any(|pair| other.differing.contains(pair))
}

fn is_distance(change: &str) -> bool {
    change.contains("parity (")
}

/// The positions of a row's entries of a family that have a p value, with Holm's adjustment.
fn of_row(row: &FairnessRow, family: Family) -> Vec<(usize, f64)> {
    let tested: Vec<(usize, f64)> = row
        .cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| cell.family == family)
        .filter_map(|(at, cell)| Some((at, cell.entry.finding()?.p_value?)))
        .collect();
    let adjusted = holm(&tested.iter().map(|(_, p)| *p).collect::<Vec<_>>());
    tested.into_iter().zip(adjusted).map(|((at, _), p)| (at, p)).collect()
}

fn rests_on_one_scorer(finding: &Finding) -> bool {
    finding.notes.iter().any(|note| note == SCREENING || note == ONE_MODEL)
}
