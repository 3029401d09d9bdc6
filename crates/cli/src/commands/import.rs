//! `import`: results of other tools into the results database.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use holometer_core::{Outcome, RequestState, Tokenizer};
use holometer_report::helm::{FoundRun, ImportedRun, find_runs, fnv1a, read_run, read_run_with};
use holometer_report::{Column, Table};
use holometer_store::{Recorded, Retry, RunContext, RunId, RunInputs, Store, UnixMillis};
use serde_json::json;

use crate::args::{ImportArgs, ImportFormat, TableFormat};
use crate::commands::import_ratings::import_ratings;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{ScoreOptions, now, open_for_writing, score_run, tokenizer_of};
use crate::progress::Talk;

/// Imports runs, scores them, and prints what became of each.
pub(crate) fn import(args: &ImportArgs, verbose: u8, talk: &Talk) -> Result<Exit, Failure> {
    let (dir, model, tokenizer, suite, helm_compat, database) = match &args.format {
        ImportFormat::Ratings { file, suite, database } => {
            return import_ratings(file, suite.as_deref(), &database.db, talk);
        }
        ImportFormat::Helm { dir, model, tokenizer, suite, helm_compat, database } => {
            (dir, model, tokenizer, suite, helm_compat, database)
        }
    };
    let tokenizer = tokenizer_of(model.as_deref(), tokenizer.as_deref())?;
    let found = find_runs(dir).map_err(Failure::usage)?;
    let mut store = open_for_writing(&database.db)?;
    crate::log::start(database.db.parent().unwrap_or(Path::new(".")), verbose);
    let options = ScoreOptions { helm_compat: *helm_compat, ..ScoreOptions::default() };
    let mut rows = Vec::new();
    let mut notes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut failed = 0;
    for run in &found {
        let suite = suite.as_deref().unwrap_or(&run.suite);
        match import_run(&mut store, suite, run, tokenizer.as_deref(), options) {
            Ok(imported) => {
                for note in imported.notes {
                    notes.entry(note).or_default().push(imported.row[1].clone());
                }
                rows.push(imported.row);
            }
            Err(failure) => {
                failed += 1;
                talk.warn(&failure.to_string());
            }
        }
        talk.say(&format!("imported {}", run.folder.display()));
    }
    let imported = rows.len();
    let table = Table {
        title: format!("Imported {imported} of {} runs", found.len()),
        columns: [
            Column::text("suite"),
            Column::text("run"),
            Column::number("requests"),
            Column::number("answered"),
        ]
        .into(),
        rows,
        notes: notes.into_iter().map(told).collect(),
    };
    let counts = json!({ "imported": imported, "failed": failed });
    output::print_tables(&[table], &counts, TableFormat::Table)?;
    Ok(if failed == 0 { Exit::Done } else { Exit::Incomplete })
}

/// A note with the runs that it is about.
fn told((note, runs): (String, Vec<String>)) -> String {
    match runs.as_slice() {
        [run] => format!("{run}: {note}"),
        runs => format!("{} runs: {note}", runs.len()),
    }
}

/// What became of a run.
struct Imported {
    /// Suite, name, requests, answered.
    row: Vec<String>,
    notes: Vec<String>,
}

/// Imports one run. Importing it again finds it and changes nothing.
fn import_run(
    store: &mut Store,
    suite: &str,
    found: &FoundRun,
    tokenizer: Option<&dyn Tokenizer>,
    options: ScoreOptions,
) -> Result<Imported, Failure> {
    let read = match tokenizer {
        Some(tokenizer) => read_run_with(&found.folder, tokenizer),
        None => read_run(&found.folder),
    };
    let ImportedRun { run, instances, mut notes, .. } = read.map_err(Failure::usage)?;
    let suite = if suite.is_empty() { "helm" } else { suite };
    let requests: Vec<RequestState> =
        run.requests.iter().map(|request| request.state.clone()).collect();
    let mut outcomes = Vec::new();
    for request in &run.requests {
        outcomes.push(serde_json::to_vec(&request.outcome).map_err(Failure::internal)?);
    }
    // Answers of different imports must not stand in for one another, so that their hash is part of who answered.
    let hash = fnv1a(outcomes.iter().map(Vec::as_slice));
    let fingerprint = format!("helm-import {} {hash:016x}", run.spec.model.deployment);
    let inputs = RunInputs {
        fingerprint: &fingerprint,
        data_hashes: &BTreeMap::new(),
        instances: &instances,
        requests: &requests,
    };
    let context = RunContext {
        at: now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        host: json!({
            "imported_from": found.folder.display().to_string(),
            "scenario": {
                "name": run.scenario.name, "description": run.scenario.description,
                "tags": run.scenario.tags, "definition_path": run.scenario.definition_path,
            },
        }),
    };
    let begun = store.begin_run(suite, &run.spec, &inputs, &context).map_err(Failure::usage)?;
    record(store, begun.run, &run.requests, &outcomes, &mut notes)?;
    score_run(store, begun.run, tokenizer, options)?;
    let progress = store.progress(begun.run).map_err(Failure::usage)?;
    let mut row = vec![suite.to_owned(), run.spec.name.to_string()];
    row.extend([progress.planned, progress.answered].map(|count| count.to_string()));
    Ok(Imported { row, notes })
}

/// Keeps the outcomes, each under the time at which HELM sent its request. The database keeps one outcome for equal requests.
fn record(
    store: &mut Store,
    run: RunId,
    requests: &[holometer_report::helm::HelmRequest],
    outcomes: &[Vec<u8>],
    notes: &mut Vec<String>,
) -> Result<(), Failure> {
    let pending = store.pending(run, 0, requests.len(), Retry::Failures).map_err(Failure::usage)?;
    let mut by_time: BTreeMap<UnixMillis, Vec<Recorded>> = BTreeMap::new();
    let mut kept: HashMap<_, &[u8]> = HashMap::new();
    let mut differing = 0;
    let present = now();
    for task in pending {
        let Some(request) = requests.get(task.position) else { continue };
        let Some(outcome) = &request.outcome else { continue };
        let bytes = outcomes[task.position].as_slice();
        if let Some(first) = kept.get(&task.key) {
            differing += usize::from(*first != bytes);
            continue;
        }
        kept.insert(task.key, bytes);
        let at =
            request.sent_at.map_or(present, |seconds| UnixMillis(seconds.saturating_mul(1000)));
        by_time.entry(at).or_default().push(Recorded {
            key: task.key,
            outcome: outcome.clone(),
            seconds: request.seconds,
            retries: 0,
        });
    }
    for (at, outcomes) in by_time {
        store.record(&outcomes, at).map_err(Failure::usage)?;
    }
    if differing > 0 {
        notes.push(format!(
            "{differing} requests equal an earlier one but were answered otherwise; they share the first answer"
        ));
    }
    let messages: HashSet<&str> = requests
        .iter()
        .filter_map(|request| match &request.outcome {
            Some(Outcome::Failed { message, .. }) => Some(message.as_str()),
            _ => None,
        })
        .collect();
    if !messages.is_empty() {
        notes.push(format!(
            "some requests failed in HELM, with {} different errors",
            messages.len()
        ));
    }
    Ok(())
}
