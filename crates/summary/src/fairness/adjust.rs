//! Adjusting a report's p values for the number of questions asked, and the verdicts that follow.

use holometer_stats::multiplicity::{benjamini_hochberg, holm};

use crate::fairness::{FairnessRow, Family, SCREENING};
use crate::finding::{Entry, Finding, Verdict};

/// Within a row and family (the groups and perturbations of one scenario) p values are adjusted by Holm. The smallest of each
/// row is then adjusted over all rows by Benjamini and Hochberg, and no entry's adjusted p value is smaller than its row's.
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
                    settle(finding, alpha);
                }
            }
        }
    }
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

fn settle(finding: &mut Finding, alpha: f64) {
    finding.settle(alpha);
    let one_scorer = finding.notes.iter().any(|note| note == SCREENING);
    if one_scorer && finding.verdict == Some(Verdict::Disparity) {
        finding.verdict = Some(Verdict::Inconclusive);
    }
}
