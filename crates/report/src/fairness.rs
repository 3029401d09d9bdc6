//! The fairness report: one row per model and scenario, every measure with what is known about it, what is missing and why,
//! how the families go together.

use std::collections::BTreeMap;

use holometer_core::CellStatus;
use holometer_summary::fairness::{FairnessCell, FairnessRow, Family, Judgement};
use holometer_summary::panel::{LEAST_ROWS, PanelEntry};
use holometer_summary::{Entry, Finding, Verdict, status_detail, status_reason};
use serde::{Deserialize, Serialize};

use crate::format::number;
use crate::table::{Column, Table};

/// The fairness report of a suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FairnessReport {
    /// The suite.
    pub suite: String,
    /// The rows.
    pub rows: Vec<FairnessRow>,
    /// How families go together.
    pub panel: Vec<PanelEntry>,
    /// What was planned and could not be run, with the reasons.
    #[serde(default)]
    pub not_run: Vec<(String, String)>,
    /// How everything was judged.
    pub judgement: Judgement,
    /// Holometer's version.
    pub version: String,
    /// The methods paragraph.
    #[serde(default)]
    pub methods: String,
}

/// What stands for a number that is not there, in files for programs.
const NOT_AVAILABLE: &str = "NA";

/// One row per scenario and model, one column per family, each with the entry that is clearest from 0.
pub fn fairness_table(report: &FairnessReport) -> Table {
    let mut rows = Vec::new();
    for row in &report.rows {
        let mut cells = vec![row.label.clone(), row.model.to_string()];
        for family in Family::ALL {
            cells.push(row.headline(family).map_or_else(|| "none".to_owned(), short));
        }
        rows.push(cells);
    }
    let names = ["scenario", "model"].map(Column::text).into_iter();
    let families = Family::ALL.into_iter().map(|family| Column::text(family.as_str()));
    Table {
        title: format!(
            "Suite `{}`: whom the models fail, {} rows",
            report.suite,
            report.rows.len()
        ),
        columns: names.chain(families).collect(),
        rows,
        notes: vec![format!(
            "Value and {}% interval of the measure in each family that is clearest from 0; all are below. \
             ! disparity, = equivalent within {}, ? inconclusive; no mark: nothing is compared.",
            number(report.judgement.level * 100.0),
            number(report.judgement.margin)
        )],
    }
}

/// The same for a terminal, where a row of many columns does not fit: a line per scenario and family, a column per model.
pub fn fairness_by_model(report: &FairnessReport) -> Table {
    let mut models: Vec<&str> = Vec::new();
    let mut labels: Vec<&str> = Vec::new();
    for row in &report.rows {
        if !models.contains(&row.model.as_str()) {
            models.push(row.model.as_str());
        }
        if !labels.contains(&row.label.as_str()) {
            labels.push(&row.label);
        }
    }
    let mut rows = Vec::new();
    for label in labels {
        for family in Family::ALL {
            let mut cells = vec![label.to_owned(), family.as_str().to_owned()];
            for model in &models {
                let row = report
                    .rows
                    .iter()
                    .find(|row| row.label == label && row.model.as_str() == *model);
                let cell = row.and_then(|row| row.headline(family));
                cells.push(cell.map_or_else(|| "not run".to_owned(), short));
            }
            rows.push(cells);
        }
    }
    let names = ["scenario", "measure"].into_iter().chain(models.iter().copied());
    Table { columns: names.map(Column::text).collect(), rows, ..fairness_table(report) }
}

fn short(cell: &FairnessCell) -> String {
    match &cell.entry {
        Entry::Found(finding) => {
            let mark = match finding.verdict {
                Some(Verdict::Disparity) => " !",
                Some(Verdict::Equivalent) => " =",
                Some(Verdict::Inconclusive) => " ?",
                None => "",
            };
            format!("{}{}{mark}", number(finding.value), bracket(finding))
        }
        Entry::Missing(_) => cell.entry.status().replace('_', " "),
    }
}

fn bracket(finding: &Finding) -> String {
    finding.interval.as_ref().map_or_else(
        || " (no interval)".to_owned(),
        |interval| format!(" [{}, {}]", number(interval.low), number(interval.high)),
    )
}

/// The measures that are kept, for people.
fn details(report: &FairnessReport, kept: fn(&FairnessCell) -> bool) -> Table {
    let mut rows = Vec::new();
    for row in &report.rows {
        for cell in row.cells.iter().filter(|cell| kept(cell)) {
            let mut cells = vec![
                row.label.clone(),
                row.model.to_string(),
                cell.family.as_str().to_owned(),
                cell.measure.clone(),
            ];
            match &cell.entry {
                Entry::Found(finding) => cells.extend(shown(finding)),
                Entry::Missing(status) => {
                    cells.extend(["-", "-", "-", "0", "0", "-"].map(str::to_owned));
                    cells.push(cell.entry.status().replace('_', " "));
                    cells.push(status_detail(status));
                }
            }
            rows.push(cells);
        }
    }
    let text = ["scenario", "model", "family", "measure"].map(Column::text).into_iter();
    let numbers = ["value", "95% CI", "adjusted p", "n", "clusters", "MDE"].map(Column::number);
    let mut columns: Vec<Column> = text.chain(numbers).collect();
    columns[5].name = format!("{}% CI", number(report.judgement.level * 100.0));
    columns.extend(["verdict", "note"].map(Column::text));
    Table {
        title: format!("Every measure: {}", rows.len()),
        columns,
        rows,
        notes: vec![
            "n counts instances; for gaps, how often a compared group is named. Intervals and tests treat clusters as the \
             independent units. MDE: the smallest true value that would be found with the stated power."
                .to_owned(),
        ],
    }
}

/// Every measure of every row, for people.
pub fn fairness_details(report: &FairnessReport) -> Table {
    details(report, |_| true)
}

/// Every measure that has a number. The coverage tables count the others, with their reasons.
pub fn fairness_numbers(report: &FairnessReport) -> Table {
    let table = details(report, |cell| cell.entry.finding().is_some());
    Table { title: format!("Every measure that has a number: {}", table.rows.len()), ..table }
}

fn shown(finding: &Finding) -> [String; 8] {
    let level = finding.p_value.is_none();
    let absent = if level { "level" } else { "-" };
    [
        number(finding.value),
        finding.interval.as_ref().map_or_else(
            || "-".to_owned(),
            |interval| format!("{} to {}", number(interval.low), number(interval.high)),
        ),
        finding.adjusted_p.or(finding.p_value).map_or_else(|| absent.to_owned(), p_value),
        finding.n.to_string(),
        finding.clusters.to_string(),
        finding.minimum_detectable_effect.map_or_else(|| "-".to_owned(), number),
        finding.verdict.map_or(absent, Verdict::as_str).to_owned(),
        finding.notes.join("; "),
    ]
}

/// A p value for people.
pub fn p_value(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}

/// Every measure of every row, for programs: full precision, and `NA` for numbers that are not there.
pub fn fairness_data(report: &FairnessReport) -> Table {
    let mut rows = Vec::new();
    for row in &report.rows {
        for cell in &row.cells {
            let finding = cell.entry.finding();
            let of = |get: fn(&Finding) -> Option<f64>| {
                finding.and_then(get).map_or_else(|| NOT_AVAILABLE.to_owned(), |v| v.to_string())
            };
            let reason = match &cell.entry {
                Entry::Found(finding) => finding.notes.join("; "),
                Entry::Missing(status) => status_detail(status),
            };
            let method = finding.and_then(|f| f.interval.as_ref()).map(|i| i.method.clone());
            let verdict = finding
                .map_or(NOT_AVAILABLE, |finding| finding.verdict.map_or("level", Verdict::as_str));
            rows.push(vec![
                row.label.clone(),
                row.model.to_string(),
                serialised(cell.family),
                cell.measure.clone(),
                cell.entry.status().to_owned(),
                of(|f| Some(f.value)),
                of(|f| f.interval.as_ref().map(|i| i.low)),
                of(|f| f.interval.as_ref().map(|i| i.high)),
                of(|f| f.p_value),
                of(|f| f.adjusted_p),
                of(|f| f.equivalence_p),
                of(|f| f.minimum_detectable_effect),
                finding.map_or(0, |f| f.n).to_string(),
                finding.map_or(0, |f| f.clusters).to_string(),
                verdict.to_owned(),
                method.unwrap_or_else(|| NOT_AVAILABLE.to_owned()),
                if reason.is_empty() { "none".to_owned() } else { reason },
            ]);
        }
    }
    let names = [
        "scenario",
        "model",
        "family",
        "measure",
        "status",
        "value",
        "low",
        "high",
        "p",
        "adjusted_p",
        "equivalence_p",
        "minimum_detectable_effect",
        "n",
        "clusters",
        "verdict",
        "method",
        "note",
    ];
    Table { title: String::new(), columns: names.map(Column::text).into(), rows, notes: Vec::new() }
}

fn serialised(family: Family) -> String {
    match serde_json::to_value(family) {
        Ok(serde_json::Value::String(name)) => name,
        _ => family.as_str().to_owned(),
    }
}

/// How many entries are planned, have a number, or have which status; and the reasons with their counts.
pub fn fairness_coverage(report: &FairnessReport) -> Vec<Table> {
    const STATUSES: [&str; 6] = [
        "ok",
        "insufficient_support",
        "not_applicable",
        "not_requested",
        "scorer_unavailable",
        "failed",
    ];
    let mut rows = Vec::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut totals = vec![0; STATUSES.len()];
    for family in Family::ALL {
        let mut counts = vec![0; STATUSES.len()];
        for cell in report.rows.iter().flat_map(|row| row.of(family)) {
            let at = STATUSES.iter().position(|name| *name == cell.entry.status()).unwrap_or(0);
            counts[at] += 1;
            totals[at] += 1;
            if let Entry::Missing(status) = &cell.entry {
                *reasons.entry(status_reason(status)).or_default() += 1;
            }
        }
        rows.push(counted(family.as_str(), &counts));
    }
    rows.push(counted("all", &totals));
    let numbers = std::iter::once("planned")
        .chain(STATUSES)
        .map(|name| Column::number(&name.replace('_', " ")));
    let coverage = Table {
        title: "Coverage: every planned entry is a number or has its reason".to_owned(),
        columns: std::iter::once(Column::text("family")).chain(numbers).collect(),
        rows,
        notes: Vec::new(),
    };
    let mut reasons: Vec<(String, usize)> = reasons.into_iter().collect();
    reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut tables = vec![coverage];
    if !report.not_run.is_empty() {
        tables.push(Table {
            title: format!(
                "Not run, so that all its measures are missing: {}",
                report.not_run.len()
            ),
            columns: ["planned", "reason"].map(Column::text).into(),
            rows: crate::headline::not_run_rows(&report.not_run),
            notes: Vec::new(),
        });
    }
    if reasons.is_empty() {
        return tables;
    }
    tables.push(Table {
        title: "Why there is no number".to_owned(),
        columns: vec![Column::number("entries"), Column::text("reason")],
        rows: reasons.into_iter().map(|(why, count)| vec![count.to_string(), why]).collect(),
        notes: Vec::new(),
    });
    tables
}

fn counted(name: &str, counts: &[usize]) -> Vec<String> {
    let planned: usize = counts.iter().sum();
    std::iter::once(name.to_owned())
        .chain(std::iter::once(planned.to_string()))
        .chain(counts.iter().map(ToString::to_string))
        .collect()
}

/// Whether any run or entry is missing for a reason that the user can mend.
pub fn is_incomplete(report: &FairnessReport) -> bool {
    let is_missing = |cell: &FairnessCell| {
        matches!(
            &cell.entry,
            Entry::Missing(
                CellStatus::NotRequested { .. }
                    | CellStatus::ScorerUnavailable { .. }
                    | CellStatus::Failed { .. }
            )
        )
    };
    !report.not_run.is_empty() || report.rows.iter().flat_map(|row| &row.cells).any(is_missing)
}

/// How families go together.
pub fn panel_table(report: &FairnessReport) -> Table {
    let rows = report.panel.iter().map(|entry| {
        vec![
            entry.over.clone(),
            entry.first.clone(),
            entry.second.clone(),
            number(entry.value),
            entry.interval.as_ref().map_or_else(
                || "-".to_owned(),
                |interval| format!("{} to {}", number(interval.low), number(interval.high)),
            ),
            p_value(entry.adjusted_p),
            entry.n.to_string(),
        ]
    });
    let text = ["over", "measure", "and"].map(Column::text).into_iter();
    let numbers = ["Spearman", "CI", "adjusted p", "n"].map(Column::number);
    let mut notes =
        vec!["Rank correlations; p adjusted over the panel by Benjamini and Hochberg.".to_owned()];
    if report.rows.len() < LEAST_ROWS {
        notes.push(format!(
            "Correlations over scenarios and models need {LEAST_ROWS} rows; there are {}.",
            report.rows.len()
        ));
    }
    Table {
        title: format!("How the measures go together: {} correlations", report.panel.len()),
        columns: text.chain(numbers).collect(),
        rows: rows.collect(),
        notes,
    }
}
