//! `power`: how many instances a wanted difference needs.

use std::collections::BTreeMap;

use holometer_report::{Column, Table, number};
use holometer_scenarios::Catalogue;
use holometer_summary::power::{Design, Plan, needed};
use serde::Serialize;

use crate::args::PowerArgs;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{
    Scored, open_for_reading, run_label, run_table, runs_of, side_scores, suite_or_latest,
};

/// A planned comparison, for JSON.
#[derive(Serialize)]
struct Row {
    scenario: String,
    basis: String,
    design: Design,
    plan: Plan,
}

/// Prints how many instances are needed.
pub(crate) fn power(args: &PowerArgs) -> Result<Exit, Failure> {
    let designs = match (args.accuracy, args.deviation) {
        (None, None) => stored(args)?,
        (Some(accuracy), _) => {
            let design = Design::of_accuracies(accuracy, args.difference, args.correlation);
            vec![("any".to_owned(), basis(args, "given accuracy"), with_clusters(args, design))]
        }
        (None, Some(deviation)) => {
            let design = Design { deviation, ..Design::default() };
            vec![("any".to_owned(), "given deviation".to_owned(), with_clusters(args, design))]
        }
    };
    let rows: Vec<Row> = designs
        .into_iter()
        .map(|(scenario, basis, design)| Row {
            scenario,
            basis,
            plan: needed(&design, args.difference, args.alpha, args.power),
            design,
        })
        .collect();
    let table = table(args, &rows);
    output::print_tables(std::slice::from_ref(&table), &rows, args.format)?;
    Ok(Exit::Done)
}

fn basis(args: &PowerArgs, what: &str) -> String {
    format!("{what}, correlation {}", number(args.correlation))
}

fn with_clusters(args: &PowerArgs, design: Design) -> Design {
    Design {
        design_effect: 1.0 + (args.cluster_size - 1.0) * args.cluster_correlation,
        cluster_size: args.cluster_size,
        ..design
    }
}

/// One design per scenario of a suite: from the differences of its first two models, else from one model's scores.
fn stored(args: &PowerArgs) -> Result<Vec<(String, String, Design)>, Failure> {
    if !args.database.db.exists() {
        return Err(Failure::usage("there are no stored results to measure variances in").hint(
            "give --accuracy (how often a model is right), or --deviation; --db names a results database",
        ));
    }
    let store = open_for_reading(&args.database.db)?;
    let suite = suite_or_latest(&store, args.suite.as_deref())?;
    let catalogue = Catalogue::builtin();
    let mut sides = BTreeMap::new();
    for run in runs_of(&store, &suite)? {
        let scores = side_scores(
            &run_table(&store, &run, &catalogue, Scored::MainMetric)?,
            Scored::MainMetric,
        );
        sides
            .entry(run_label(&run))
            .or_insert_with(Vec::new)
            .push((run.spec.model.name.to_string(), scores));
    }
    let mut designs = Vec::new();
    for (label, sides) in sides {
        let found = match sides.as_slice() {
            [(first, one), (second, other), ..] => Design::of_differences(one, other)
                .map(|design| (format!("differences of {first} and {second}"), design)),
            [(model, only)] => Design::of_scores(only, args.correlation)
                .map(|design| (basis(args, &format!("scores of {model}")), design)),
            [] => None,
        };
        if let Some((basis, design)) = found {
            designs.push((label, basis, design));
        }
    }
    if designs.is_empty() {
        return Err(Failure::nothing(format!(
            "no scenario of suite `{suite}` has scores of single instances that vary"
        ))
        .hint("give --accuracy or --deviation"));
    }
    Ok(designs)
}

fn table(args: &PowerArgs, rows: &[Row]) -> Table {
    let count = |count: Option<usize>| count.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let cells = rows.iter().map(|row| {
        vec![
            row.scenario.clone(),
            row.basis.clone(),
            number(row.design.deviation),
            number(row.design.design_effect),
            count(row.design.instances),
            row.plan.detectable_now.map_or_else(|| "-".to_owned(), number),
            row.plan.power_now.map_or_else(|| "-".to_owned(), number),
            row.plan.instances.to_string(),
            row.plan.clusters.to_string(),
        ]
    });
    let text = ["scenario", "measured on"].map(Column::text).into_iter();
    let numbers = [
        "SD of differences",
        "design effect",
        "n now",
        "MDE now",
        "power now",
        "n needed",
        "clusters needed",
    ];
    Table {
        title: format!(
            "To find a true difference of {} with power {} at level {}",
            number(args.difference),
            number(args.power),
            number(args.alpha)
        ),
        columns: text.chain(numbers.map(Column::number)).collect(),
        rows: cells.collect(),
        notes: vec![
            "Both models answer the same instances. Design effect: the variance of the mean over what it would be without clusters."
                .to_owned(),
        ],
    }
}
