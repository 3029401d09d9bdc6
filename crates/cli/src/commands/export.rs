//! `export`: results in other formats.

use std::collections::HashMap;
use std::io::Write;

use holometer_adapt::helm_request;
use holometer_core::Value as ScoreValue;
use holometer_store::{RunInfo, Store, UnitId};
use serde_json::{Map, Value, json};

use crate::args::{ExportArgs, ExportFormat};
use crate::commands::export_helm::export_helm;
use crate::commands::export_site::export_site;
use crate::commands::export_table::export_table;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::open_for_reading;
use crate::progress::Talk;

/// Writes an export.
pub(crate) fn export(args: &ExportArgs, talk: &Talk) -> Result<Exit, Failure> {
    match &args.format {
        ExportFormat::Jsonl { database, suite, output } => {
            let store = open_for_reading(&database.db)?;
            let (suite, runs) = runs(&store, suite.as_deref())?;
            output::write_to(output, |out| {
                runs.iter().try_for_each(|run| write_run(&store, &suite, run, out))
            })?;
        }
        ExportFormat::Table(table) => export_table(table)?,
        ExportFormat::Site(site) => export_site(site, talk)?,
        ExportFormat::Helm { dir, suite, helm_compat, database } => {
            let store = open_for_reading(&database.db)?;
            let (suite, runs) = runs(&store, suite.as_deref())?;
            export_helm(&store, &suite, &runs, dir, *helm_compat)?;
        }
    }
    Ok(Exit::Done)
}

/// The runs of the named suite, else of the one that was run last.
fn runs(store: &Store, suite: Option<&str>) -> Result<(String, Vec<RunInfo>), Failure> {
    let latest = store.latest_suite().map_err(Failure::usage)?;
    let Some(suite) = suite.map(str::to_owned).or(latest) else {
        return Err(Failure::nothing("the results database has no runs yet")
            .hint("`holometer run` makes some"));
    };
    let runs = store.runs(&suite).map_err(Failure::usage)?;
    if runs.is_empty() {
        return Err(Failure::usage(format!("there is no suite `{suite}` in the results database"))
            .hint("`holometer list suites` lists them"));
    }
    Ok((suite, runs))
}

/// One line per request: the request as `plan --requests` writes it, the instance, the outcome, and the unit's scores.
fn write_run(
    store: &Store,
    suite: &str,
    run: &RunInfo,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut scores: HashMap<UnitId, Value> = HashMap::new();
    for unit in store.scores(run.id) {
        let unit = unit.map_err(Failure::usage)?;
        let named = unit.scores.iter().map(|score| {
            let value = match &score.value {
                ScoreValue::Number(number) => json!(number),
                ScoreValue::Unscored(reason) => json!({ "unscored": reason }),
            };
            (score.metric.to_string(), value)
        });
        scores.insert(unit.unit, Value::Object(named.collect::<Map<_, _>>()));
    }
    for answer in store.answers(run.id) {
        let answer = answer.map_err(Failure::usage)?;
        let mut line = helm_request(&answer.state, &run.spec);
        let Some(object) = line.as_object_mut() else { continue };
        object.insert("suite".into(), json!(suite));
        object.insert("model".into(), json!(run.spec.model.name));
        object.insert("input".into(), json!(answer.state.instance.input.text));
        object.insert("references".into(), json!(answer.state.instance.references));
        object.insert("groups".into(), json!(answer.state.instance.groups));
        object.insert("outcome".into(), json!(answer.reply.as_ref().map(|reply| &reply.outcome)));
        object
            .insert("seconds".into(), json!(answer.reply.as_ref().and_then(|reply| reply.seconds)));
        object.insert(
            "scores".into(),
            scores.get(&answer.unit).cloned().unwrap_or_else(|| json!({})),
        );
        output::line(out, &line)?;
    }
    Ok(())
}
