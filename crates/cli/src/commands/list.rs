//! `list`: what there is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use holometer_core::{ScenarioCard, ScenarioCatalogue};
use holometer_report::{Column, Table};
use holometer_scenarios::{Catalogue, known_helm_scenarios};
use serde_json::json;

use crate::args::{Kind, ListArgs};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{LAUNCHERS, open_for_reading};

/// Prints a list.
pub(crate) fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let table = match args.kind {
        Kind::Scenarios => scenarios(&args.scenario_file, args.tag.as_deref())?,
        Kind::Metrics => metrics(),
        Kind::Perturbations => perturbations(),
        Kind::Scorers => scorers(),
        Kind::Providers => providers(),
        Kind::Suites => suites(args)?,
    };
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let rows: Vec<serde_json::Value> = table
        .rows
        .iter()
        .map(|row| {
            names.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), json!(cell))).collect()
        })
        .collect();
    output::print_tables(std::slice::from_ref(&table), &rows, args.format)?;
    Ok(Exit::Done)
}

fn scenarios(files: &[PathBuf], tag: Option<&str>) -> Result<Table, Failure> {
    let mut catalogue = Catalogue::builtin();
    for file in files {
        catalogue.add_file(file).map_err(Failure::usage)?;
    }
    let names = catalogue.names();
    let cards: Vec<&ScenarioCard> = names.iter().filter_map(|name| catalogue.card(name)).collect();
    let tagged =
        |card: &&&ScenarioCard| tag.is_none_or(|tag| card.tags.iter().any(|known| known == tag));
    let rows: Vec<Vec<String>> = cards
        .iter()
        .filter(tagged)
        .map(|card| {
            let source = card
                .sources
                .first()
                .map_or("makes its own data", |source| source.location.as_str());
            let main = card.main_metric.metric.to_string();
            vec![
                card.name.to_string(),
                card.summary.clone(),
                main,
                card.licence.id.clone(),
                source.to_owned(),
            ]
        })
        .collect();
    if let (true, Some(tag)) = (rows.is_empty(), tag) {
        let mut tags: Vec<&str> =
            cards.iter().flat_map(|card| card.tags.iter().map(String::as_str)).collect();
        tags.sort_unstable();
        tags.dedup();
        return Err(Failure::usage(format!("no scenario has the tag `{tag}`"))
            .hint(format!("there are: {}", tags.join(", "))));
    }
    let elsewhere = known_helm_scenarios().len();
    Ok(Table {
        title: format!("{} scenarios", rows.len()),
        columns: ["scenario", "what it asks", "main metric", "licence", "source"]
            .map(Column::text)
            .into(),
        rows,
        notes: vec![format!(
            "`holometer show scenario NAME` documents one. {elsewhere} of HELM's names are not built in; the plan says why."
        )],
    })
}

fn metrics() -> Table {
    let mut cards = holometer_metrics::cards();
    cards.sort_by_key(|card| card.name);
    cards.dedup_by_key(|card| card.name);
    let rows = cards.iter().map(|card| {
        let better = match card.higher_is_better {
            Some(true) => "higher",
            Some(false) => "lower",
            None => "neither",
        };
        vec![card.name.to_owned(), card.summary.to_owned(), better.to_owned(), range(card.range)]
    });
    Table {
        title: format!("{} metrics", cards.len()),
        columns: ["metric", "what it measures", "better", "range"].map(Column::text).into(),
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

fn range((low, high): (f64, f64)) -> String {
    let end = |value: f64| {
        if value.is_finite() { holometer_report::number(value) } else { "∞".to_owned() }
    };
    format!("{} to {}", if low.is_finite() { end(low) } else { "-∞".to_owned() }, end(high))
}

fn perturbations() -> Table {
    let mut rows: Vec<Vec<String>> = holometer_perturb::cards()
        .iter()
        .map(|card| vec![card.name.to_owned(), "perturbation".to_owned(), card.summary.to_owned()])
        .collect();
    for set in holometer_plan::augmentation_sets() {
        let mut names: Vec<&str> = set
            .runs
            .iter()
            .flat_map(|(_, list)| list)
            .map(|perturbation| perturbation.name.as_str())
            .collect();
        names.dedup();
        rows.push(vec![set.name.to_owned(), "set".to_owned(), names.join(", ")]);
    }
    Table {
        title: "Perturbations, and the named sets that `data_augmentation` takes".to_owned(),
        columns: ["name", "kind", "what it does"].map(Column::text).into(),
        rows,
        notes: Vec::new(),
    }
}

fn scorers() -> Table {
    let cards = holometer_metrics::scorers::scorers().into_iter().map(|scorer| scorer.card());
    let rows = cards.map(|card| {
        vec![card.name.to_owned(), card.summary.to_owned(), card.scale.to_owned(), card.hash]
    });
    Table {
        title: "What judges the sound of an answer".to_owned(),
        columns: ["scorer", "what it measures", "scale", "hash"].map(Column::text).into(),
        rows: rows.collect(),
        notes: vec!["`holometer show scorer NAME` shows one with its audit.".to_owned()],
    }
}

fn providers() -> Table {
    let rows = holometer_providers::providers().into_iter().map(|provider| {
        vec![
            provider.spec,
            provider.title,
            provider.key_variable,
            provider.models.join(", "),
            provider.docs,
        ]
    });
    let started = LAUNCHERS.iter().map(|launcher| {
        let model = if launcher.takes_path { "FILE" } else { "MODEL" };
        let spec = format!("{}:{model}", launcher.prefix);
        let title = format!("started for the run and stopped after it: {}", launcher.about);
        vec![spec, title, String::new(), String::new(), String::new()]
    });
    Table {
        title: "Models are named with -m".to_owned(),
        columns: ["spec", "what it is", "key", "known models", "documentation"].map(Column::text).into(),
        rows: rows.chain(started).collect(),
        notes: vec!["A folder or a .gguf file is named by its path. NAME=SPEC gives a model a name of your own.".to_owned()],
    }
}

/// The suites that are built in, and those that have results.
fn suites(args: &ListArgs) -> Result<Table, Failure> {
    let mut runs: BTreeMap<String, usize> = BTreeMap::new();
    if args.database.db.exists() {
        let store = open_for_reading(&args.database.db)?;
        for suite in store.suites().map_err(Failure::usage)? {
            let count = store.runs(&suite).map_err(Failure::usage)?.len();
            runs.insert(suite, count);
        }
    }
    let mut rows = Vec::new();
    for suite in holometer_plan::shipped_suites() {
        let entries = suite.read().map_err(Failure::usage)?.entries.len();
        let done = runs.remove(suite.name).unwrap_or(0).to_string();
        rows.push(vec![suite.name.to_owned(), suite.summary.to_owned(), entries.to_string(), done]);
    }
    for (suite, count) in runs {
        rows.push(vec![suite, "your own".to_owned(), "-".to_owned(), count.to_string()]);
    }
    Ok(Table {
        title: format!("Suites: built in, and with results in {}", args.database.db.display()),
        columns: ["suite", "what it is"]
            .map(Column::text)
            .into_iter()
            .chain(["entries", "runs in the database"].map(Column::number))
            .collect(),
        rows,
        notes: vec![
            "`holometer run --suite NAME -m MODEL` runs one that is built in; `holometer show suite NAME` prints its file."
                .to_owned(),
        ],
    })
}
