//! `scorer`: applying a scorer to texts, and auditing it on labelled ones.

use std::io::BufRead as _;
use std::path::Path;

use holometer_data::read::{CsvOptions, csv_records, jsonl};
use holometer_metrics::scorers::{Audit, AuditedGroup, Labelled, audit, identity_groups};
use holometer_report::{Column, Table, number};
use serde_json::{Value, json};

use crate::args::{AuditArgs, ScorerAction, ScorerArgs};
use crate::commands::chosen::Chosen;
use crate::commands::perspective::perspective;
use crate::commands::rewritten::{Rewritten, rewritten, rewritten_table};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::progress::Talk;

/// Applies or audits a scorer.
pub(crate) fn scorer(args: &ScorerArgs, talk: &Talk) -> Result<Exit, Failure> {
    match &args.action {
        ScorerAction::Apply { name } => apply(&Chosen::open_any(name, talk)?)?,
        ScorerAction::Audit(args) => audit_files(args, talk)?,
        ScorerAction::Perspective(args) => return perspective(args, talk),
    }
    Ok(Exit::Done)
}

/// Prints a score and the text for each line of standard input.
fn apply(scorer: &Chosen) -> Result<(), Failure> {
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| {
            Failure::usage(format!("standard input can't be read: {error}"))
                .hint("it must be UTF-8 text")
        })?;
        let score = scorer.score_line(&line);
        let shown =
            score.map_or_else(|reason| format!("[{reason}]"), |score| format!("{score:.6}"));
        output::print(format!("{shown}\t{line}"))?;
    }
    Ok(())
}

fn audit_files(args: &AuditArgs, talk: &Talk) -> Result<(), Failure> {
    let scorer = Chosen::open(&args.name, talk)?;
    let mut rows = Vec::new();
    for file in &args.files {
        rows.extend(read(file)?);
    }
    let Found { texts, labelled, without, unscored } = labelled(args, &rows, &scorer)?;
    let audit = audit(&labelled, scorer.threshold());
    let rewritten = rewritten(args, &scorer, &texts, &labelled, talk)?;
    let mut tables = tables(&scorer, &audit, without, unscored);
    if !rewritten.is_empty() {
        tables.push(rewritten_table(&rewritten));
    }
    output::print_tables(
        &tables,
        &as_json(&scorer, &audit, (without, unscored), &rewritten),
        args.format,
    )
}

fn read(file: &Path) -> Result<Vec<Value>, Failure> {
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "csv" => csv_records(file, &CsvOptions::comma()).map_err(Failure::usage),
        "tsv" => csv_records(file, &CsvOptions::tab()).map_err(Failure::usage),
        "jsonl" | "ndjson" => jsonl(file).map_err(Failure::usage),
        _ => Err(Failure::usage(format!("`{}` is of no known kind", file.display()))
            .hint("a .jsonl, .csv or .tsv file")),
    }
}

/// A row's field; dots lead to inner fields.
fn field<'a>(row: &'a Value, path: &str) -> Option<&'a Value> {
    let found = match row.get(path) {
        Some(found) => found,
        None => path.split('.').try_fold(row, |value, name| value.get(name))?,
    };
    (!found.is_null()).then_some(found)
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What the files hold.
struct Found {
    texts: Vec<String>,
    labelled: Vec<Labelled>,
    /// Rows without text or label.
    without: usize,
    /// Rows to which the scorer gives no number.
    unscored: usize,
}

/// The rows that have a text and a label, scored.
fn labelled(args: &AuditArgs, rows: &[Value], scorer: &Chosen) -> Result<Found, Failure> {
    let Some(first) = rows.first() else {
        return Err(Failure::nothing("the files hold no rows"));
    };
    for column in [&args.text, &args.label].into_iter().chain(&args.group) {
        if !rows.iter().any(|row| field(row, column).is_some()) {
            let names = first.as_object().map(|row| {
                row.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            });
            return Err(Failure::usage(format!("no row has `{column}`"))
                .hint(format!("the first row has {}", names.unwrap_or_default())));
        }
    }
    let mut given = Vec::new();
    for row in rows {
        let (Some(text), Some(label)) = (field(row, &args.text), field(row, &args.label)) else {
            continue;
        };
        let positive = match &args.positive {
            Some(positive) => text_of(label) == *positive,
            None => {
                text_of(label).parse::<f64>().map_err(|_| {
                    Failure::usage(format!("the label {label} is no number"))
                        .hint("`--positive VALUE` says which label is the positive one")
                })? >= args.label_from
            }
        };
        let groups = args.group.iter().filter_map(|column| field(row, column)).map(text_of);
        given.push((text_of(text), positive, groups.collect::<Vec<_>>()));
    }
    let scores = scorer.score(&given.iter().map(|(text, ..)| text.as_str()).collect::<Vec<_>>());
    let (mut texts, mut labelled) = (Vec::new(), Vec::new());
    let (without, all) = (rows.len() - given.len(), given.len());
    let mut why = None;
    for ((text, positive, groups), score) in given.into_iter().zip(scores) {
        match score {
            Ok(score) => {
                labelled.push(Labelled { score, positive, groups });
                texts.push(text);
            }
            Err(reason) => why = Some(reason),
        }
    }
    if let (true, Some(reason)) = (labelled.is_empty(), why) {
        return Err(Failure::nothing(format!("the scorer gives no text a number: {reason}")));
    }
    if args.identity_terms {
        for (row, groups) in labelled.iter_mut().zip(identity_groups(&texts)) {
            row.groups.extend(groups);
        }
    }
    let unscored = all - texts.len();
    Ok(Found { texts, labelled, without, unscored })
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

fn tables(scorer: &Chosen, audit: &Audit, without: usize, unscored: usize) -> Vec<Table> {
    let facts = [
        ("texts", audit.n.to_string()),
        ("positive", audit.positive.to_string()),
        ("AUC", shown(audit.auc)),
        ("F1", shown(audit.f1)),
        ("Borkan final", shown(audit.borkan)),
    ];
    let mut notes = vec![format!("{} ({})", scorer.id(), scorer.scale())];
    if without > 0 {
        notes.push(format!("{without} rows without text or label are left out"));
    }
    if unscored > 0 {
        notes.push(format!("{unscored} texts to which the scorer gives no number are left out"));
    }
    if audit.borkan.is_none() {
        notes
            .push("Borkan's number needs groups that each have positives and negatives".to_owned());
    }
    let whole = Table {
        title: format!("Audit of {}", scorer.name()),
        columns: vec![Column::text("measure"), Column::number("value")],
        rows: facts.map(|(name, value)| vec![name.to_owned(), value]).into(),
        notes,
    };
    if audit.groups.is_empty() {
        return vec![whole];
    }
    let row = |group: &AuditedGroup| {
        vec![
            group.name.clone(),
            number(group.n as f64),
            shown(group.subgroup),
            shown(group.background_positive_subgroup_negative),
            shown(group.background_negative_subgroup_positive),
            shown(group.false_positive_rate),
        ]
    };
    let groups = Table {
        title: "By group, worst first".to_owned(),
        columns: vec![
            Column::text("group"),
            Column::number("texts"),
            Column::number("subgroup AUC"),
            Column::number("BPSN AUC"),
            Column::number("BNSP AUC"),
            Column::number("false alarms"),
        ],
        rows: audit.groups.iter().map(row).collect(),
        notes: vec![
            "BPSN: benign texts about the group against abusive ones about others; low where the group is wrongly scored high. BNSP: the reverse."
                .to_owned(),
        ],
    };
    vec![whole, groups]
}

fn as_json(
    scorer: &Chosen,
    audit: &Audit,
    (without, unscored): (usize, usize),
    rewritten: &[Rewritten],
) -> Value {
    let groups: Vec<Value> = audit
        .groups
        .iter()
        .map(|group| {
            json!({
                "group": group.name, "n": group.n, "subgroup_auc": group.subgroup,
                "bpsn_auc": group.background_positive_subgroup_negative,
                "bnsp_auc": group.background_negative_subgroup_positive,
                "false_positive_rate": group.false_positive_rate,
            })
        })
        .collect();
    json!({
        "scorer": scorer.id(), "n": audit.n, "positive": audit.positive, "without_label": without, "unscored": unscored,
        "auc": audit.auc, "f1": audit.f1, "borkan": audit.borkan, "groups": groups,
        "rewritten": rewritten,
    })
}
