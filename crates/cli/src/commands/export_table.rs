//! `export table`: the per-instance table, one row for each instance, perturbed copy and draw of examples.

use std::io::Write;

use holometer_core::{CellStatus, Value as Number};
use holometer_scenarios::Catalogue;
use holometer_store::{RunInfo, Store};
use holometer_summary::rows::{Column, InstanceTable, Mentions, ONLY_PAIRS, Row};
use holometer_summary::{status_detail, status_name};
use serde_json::{Map, Value, json};

use crate::args::{ExportTableArgs, RowsFormat};
use crate::failure::Failure;
use crate::output;
use crate::pipeline::{Scored, open_for_reading, run_label, run_table, runs_of, suite_or_latest};

/// Writes the table of a suite's runs.
pub(crate) fn export_table(args: &ExportTableArgs) -> Result<(), Failure> {
    let store = open_for_reading(&args.database.db)?;
    let suite = suite_or_latest(&store, args.suite.as_deref())?;
    let runs = runs_of(&store, &suite)?;
    output::write_to(&args.output, |out| {
        if args.format == RowsFormat::Csv {
            output::line(out, csv_line(&headings())?)?;
        }
        runs.iter().try_for_each(|run| write_run(&store, run, args.format, out))
    })
}

fn write_run(
    store: &Store,
    run: &RunInfo,
    format: RowsFormat,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let table = run_table(store, run, &Catalogue::builtin(), Scored::Correctness)?.table;
    for row in &table.rows {
        let object = row_object(run, &table, row);
        match format {
            RowsFormat::Jsonl => output::line(out, Value::Object(object))?,
            RowsFormat::Csv => {
                let cells: Vec<String> = object.values().map(flat).collect();
                output::line(out, csv_line(&cells)?)?;
            }
        }
    }
    Ok(())
}

const KEYS: [&str; 13] = [
    "scenario",
    "model",
    "instance",
    "split",
    "cluster",
    "perturbation",
    "source",
    "target",
    "placebo",
    "edits",
    "replicate",
    "groups",
    "correct_metric",
];

fn headings() -> Vec<String> {
    let columns = Column::ALL.into_iter().map(Column::as_str);
    KEYS.into_iter()
        .chain(columns)
        .chain(["mentions", "input_mentions"])
        .map(str::to_owned)
        .collect()
}

fn row_object(run: &RunInfo, table: &InstanceTable, row: &Row) -> Map<String, Value> {
    let kind = row.kind.as_ref();
    let parameters = row.perturbation.as_ref().map(|p| &p.parameters);
    let none = || json!("none");
    let text = |text: Option<&String>| text.map_or_else(none, |text| json!(text));
    let values = [
        json!(run_label(run)),
        json!(run.spec.model.name),
        json!(row.instance),
        json!(row.split),
        json!(row.cluster),
        text(kind.map(|kind| &kind.name)),
        text(kind.and_then(|kind| kind.source.as_ref())),
        text(kind.and_then(|kind| kind.target.as_ref())),
        json!(kind.is_some_and(|kind| kind.placebo)),
        parameters.and_then(|p| p.get("edits")).cloned().unwrap_or_else(none),
        json!(row.replicate),
        json!(row.groups),
        table.correct_metric.as_ref().map_or_else(none, |metric| json!(metric)),
    ];
    let mut object: Map<String, Value> = KEYS.into_iter().map(str::to_owned).zip(values).collect();
    for column in Column::ALL {
        let value = match (row.values.get(&column), table.absent.get(&column)) {
            (Some(Number::Number(number)), _) => json!(number),
            (Some(Number::Unscored(reason)), _) => unscored(reason),
            (None, Some(status)) => missing(status),
            (None, None) if column.is_of_pairs() => unscored(ONLY_PAIRS),
            (None, None) => unscored("the unit has no such score"),
        };
        object.insert(column.as_str().to_owned(), value);
    }
    for (name, mentions) in [("mentions", &row.mentions), ("input_mentions", &row.input_mentions)] {
        let value = match (mentions, &table.absent_mentions) {
            (Mentions::Counts(counts), _) => json!(counts),
            (Mentions::Missing(_), Some(status)) => missing(status),
            (Mentions::Missing(reason), None) => unscored(reason),
        };
        object.insert(name.to_owned(), value);
    }
    object
}

fn missing(status: &CellStatus) -> Value {
    json!({ "status": status_name(status), "reason": status_detail(status) })
}

fn unscored(reason: &str) -> Value {
    let failed = reason.starts_with("the request failed");
    json!({ "status": if failed { "failed" } else { "not_applicable" }, "reason": reason })
}

/// A value in one CSV cell: `[not_applicable: why]` for a number that is not there, `gender=female:2` for mentions.
fn flat(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(flat).collect::<Vec<_>>().join(" "),
        Value::Object(object) => {
            if let (Some(status), Some(reason)) = (object.get("status"), object.get("reason")) {
                return format!("[{}: {}]", flat(status), flat(reason));
            }
            let counted = object.iter().filter(|(_, count)| count.as_f64() != Some(0.0));
            let counted: Vec<String> =
                counted.map(|(group, count)| format!("{group}:{count}")).collect();
            if counted.is_empty() { "none".to_owned() } else { counted.join(" ") }
        }
        other => other.to_string(),
    }
}

fn csv_line(cells: &[String]) -> Result<String, Failure> {
    holometer_report::csv_line(cells).map_err(Failure::internal)
}
