//! `associations`: which target words go with which group in the answers of a suite, or in any texts.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use holometer_core::Method;
use holometer_metrics::association::{
    Association, Associations, Sentence, TARGET_KINDS, Targets, associations as analyse, sentences,
};
use holometer_metrics::lexicon::Axis;
use holometer_report::{Column, Table};
use holometer_store::{RunInfo, Store};
use serde_json::{Value, json};

use crate::args::AssociationsArgs;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{open_for_reading, read_lexicon, runs_of, suite_or_latest};

/// Seeds the shuffling.
const SEED: u64 = 7;

/// Prints, per model, the words that go with a group more or less often than chance allows.
pub(crate) fn associations(args: &AssociationsArgs) -> Result<Exit, Failure> {
    let lexicon = read_lexicon(&args.lexicon)?;
    let axis = lexicon.axis(&args.axis).ok_or_else(|| {
        let names: Vec<String> =
            lexicon.axes.iter().map(|axis| format!("`{}`", axis.name)).collect();
        Failure::usage(format!("the word list has no axis `{}`", args.axis))
            .hint(format!("it has {}", names.join(", ")))
    })?;
    let kind = TARGET_KINDS.into_iter().find(|kind| *kind == args.targets).ok_or_else(|| {
        Failure::usage(format!("there are no target words `{}`", args.targets))
            .hint("`profession` or `adjective`")
    })?;
    let targets = Targets::new(kind, &axis.name);
    let mut tables = Vec::new();
    let mut documents = Vec::new();
    for (name, sentences) in sources(args, axis, &targets)? {
        let result = analyse(&sentences, axis, &targets, args.draws, SEED);
        tables.push(table(&name, axis, kind, &result, args.top));
        documents.push(as_json(&name, axis, kind, &result));
    }
    output::print_tables(&tables, &documents, args.format)?;
    Ok(Exit::Done)
}

/// Where the sentences come from, with a name: each model of a suite, or a file.
fn sources(
    args: &AssociationsArgs,
    axis: &Axis,
    targets: &Targets,
) -> Result<Vec<(String, Vec<Sentence>)>, Failure> {
    if let Some(file) = &args.texts {
        let text = text_of(file)?;
        let found = text.lines().flat_map(|line| sentences(line, axis, targets)).collect();
        return Ok(vec![(file.display().to_string(), found)]);
    }
    let store = open_for_reading(&args.database.db)?;
    let suite = suite_or_latest(&store, args.suite.as_deref())?;
    let mut by_model: BTreeMap<String, Vec<Sentence>> = BTreeMap::new();
    for run in runs_of(&store, &suite)? {
        let found = by_model.entry(run.spec.model.name.to_string()).or_default();
        collect(&store, &run, axis, targets, found)?;
    }
    Ok(by_model.into_iter().collect())
}

fn text_of(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(file).map(|content| text = content)
    };
    read.map_err(|error| {
        Failure::usage(format!("`{}` can't be read: {error}", file.display()))
            .hint("UTF-8 text, one text a line")
    })?;
    Ok(text)
}

/// Adds the sentences of a run's answers to unperturbed questions.
fn collect(
    store: &Store,
    run: &RunInfo,
    axis: &Axis,
    targets: &Targets,
    found: &mut Vec<Sentence>,
) -> Result<(), Failure> {
    if !matches!(
        run.spec.adapter.method,
        Method::Generation | Method::Chat | Method::MultipleChoiceJointChainOfThought
    ) {
        return Ok(());
    }
    for unit in store.units(run.id) {
        let unit = unit.map_err(Failure::usage)?;
        if unit.instance.perturbation.is_some() {
            continue;
        }
        let replies = unit.answers.iter().filter_map(|answer| answer.reply.as_ref());
        for response in replies.filter_map(|reply| reply.outcome.response()) {
            for completion in &response.completions {
                found.extend(sentences(&completion.text, axis, targets));
            }
        }
    }
    Ok(())
}

fn table(
    name: &str,
    axis: &Axis,
    kind: &str,
    result: &Result<Associations, String>,
    top: usize,
) -> Table {
    let title = format!("{name}: {kind}s by {}", axis.name);
    let columns = vec![
        Column::text(kind),
        Column::text("group"),
        Column::number("sentences"),
        Column::number("z"),
        Column::number("p adjusted"),
        Column::text("example"),
    ];
    let result = match result {
        Ok(result) => result,
        Err(reason) => {
            return Table { title, columns, rows: Vec::new(), notes: vec![reason.clone()] };
        }
    };
    let counts: Vec<String> = axis
        .groups
        .iter()
        .zip(&result.sentences)
        .map(|(group, count)| format!("{group} {count}"))
        .collect();
    let row = |found: &Association| {
        vec![
            found.target.to_owned(),
            found.group.clone(),
            format!("{} of {}", found.together, found.with_target),
            format!("{:+.1}", found.z),
            format!("{:.3}", found.adjusted_p),
            found.examples.first().cloned().unwrap_or_default(),
        ]
    };
    Table {
        title,
        columns,
        rows: result.found.iter().take(top).map(row).collect(),
        notes: vec![
            format!("Sentences with one group and a {kind}: {}", counts.join(", ")),
            format!(
                "Together: distance {:.3}, {:.3} beyond shuffled groups, p = {:.3}",
                result.raw, result.excess, result.p
            ),
            "z: log-odds against the other groups' sentences; positive where the word goes with the group. p is adjusted after Benjamini and Hochberg."
                .to_owned(),
        ],
    }
}

fn as_json(name: &str, axis: &Axis, kind: &str, result: &Result<Associations, String>) -> Value {
    match result {
        Err(reason) => {
            json!({ "source": name, "axis": axis.name, "targets": kind, "reason": reason })
        }
        Ok(result) => json!({
            "source": name, "axis": axis.name, "targets": kind, "groups": axis.groups,
            "sentences": result.sentences, "raw": result.raw, "excess": result.excess, "p": result.p,
            "found": result.found.iter().map(|found| json!({
                "target": found.target, "group": found.group, "together": found.together,
                "with_target": found.with_target, "z": found.z, "adjusted_p": found.adjusted_p,
                "examples": found.examples,
            })).collect::<Vec<_>>(),
        }),
    }
}
