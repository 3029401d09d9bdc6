//! What `score` prints: a row per metric and group.

use holometer_core::Cell;
use holometer_report::{Column, Table, number};
use serde_json::{Value, json};

use crate::args::{ScoreArgs, TableFormat};
use crate::commands::score::Rows;
use crate::failure::Failure;
use crate::output;

/// Prints all rows.
pub(crate) fn print(rows: &Rows, args: &ScoreArgs) -> Result<(), Failure> {
    let grouped = rows.len() > 1;
    let exact = args.format == TableFormat::Csv;
    let mut columns = vec![Column::text("metric")];
    columns.extend(grouped.then(|| Column::text("group")));
    columns.extend(["value", "low", "high", "n", "clusters", "unscored"].map(Column::number));
    columns.push(Column::text("note"));
    let mut table = Table {
        title: String::new(),
        columns,
        rows: Vec::new(),
        notes: vec![
            "low and high: 95% interval; n counts lines with a value, clusters those that vary independently."
                .to_owned(),
        ],
    };
    // All groups of a metric stand together.
    let mut names: Vec<&str> = rows[0].1.iter().map(|cell| cell.metric.as_str()).collect();
    names.dedup();
    for name in names {
        for (group, cells) in rows {
            for cell in cells.iter().filter(|cell| cell.metric.as_str() == name) {
                table.rows.push(row(cell, group.as_deref(), grouped, exact));
            }
        }
    }
    let listed: Vec<Value> = rows
        .iter()
        .flat_map(|(group, cells)| cells.iter().map(move |cell| object(cell, group.as_deref())))
        .collect();
    output::print_tables(&[table], &listed, args.format)
}

fn row(cell: &Cell, group: Option<&str>, grouped: bool, exact: bool) -> Vec<String> {
    let shown = |value: f64| if exact { value.to_string() } else { number(value) };
    let mut row = vec![cell.metric.to_string()];
    row.extend(grouped.then(|| group.unwrap_or("(all)").to_owned()));
    if let Some(estimate) = &cell.estimate {
        row.push(shown(estimate.value));
        let ends = estimate.interval.as_ref().map(|interval| [interval.low, interval.high]);
        row.extend(ends.map_or(["-".to_owned(), "-".to_owned()], |ends| ends.map(shown)));
        row.extend([estimate.n, estimate.clusters, estimate.unscored].map(|n| n.to_string()));
    } else {
        let unscored: usize = cell.unscored_reasons.iter().map(|(_, times)| times).sum();
        row.extend(["-", "-", "-", "0", "0"].map(str::to_owned));
        row.push(unscored.to_string());
    }
    let reason = cell.unscored_reasons.first();
    row.push(reason.map(|(reason, times)| format!("{times}: {reason}")).unwrap_or_default());
    row
}

fn object(cell: &Cell, group: Option<&str>) -> Value {
    json!({
        "metric": cell.metric,
        "group": group,
        "estimate": cell.estimate,
        "status": cell.status,
        "unscored_reasons": cell.unscored_reasons,
    })
}
