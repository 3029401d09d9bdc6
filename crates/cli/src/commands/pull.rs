//! `pull`: data ahead of a run.

use std::collections::BTreeMap;

use holometer_data::DataFile;

use crate::args::PullArgs;
use crate::commands::run::{is_mistake, runnable, shown};
use crate::failure::{Exit, Failure};
use crate::pipeline::{Environment, Purpose, select};
use crate::progress::Talk;

/// The stand-in for a model: pulling needs none.
const NO_MODEL: &str = "test:echo";

/// Fetches every file that the selection needs.
pub(crate) fn pull(args: &PullArgs, talk: &Talk) -> Result<Exit, Failure> {
    let mut selection = args.selection.clone();
    selection.models = vec![NO_MODEL.to_owned()];
    let environment = Environment::new(&args.environment, &selection.scenario_file)?;
    let selected = select(&selection, &environment, Purpose::Plan, talk)?;
    for cell in selected.cells.iter().filter(|cell| is_mistake(cell)) {
        if let Err(skip) = &cell.run {
            talk.warn(&format!("{}: {skip}", shown(cell)));
        }
    }
    let mut files: BTreeMap<String, DataFile> = BTreeMap::new();
    for spec in runnable(&selected.cells) {
        for file in environment
            .catalogue
            .wanted_files(&spec.scenario, &environment.library)
            .map_err(Failure::usage)?
        {
            files.insert(format!("{file:?}"), file);
        }
    }
    let files: Vec<DataFile> = files.into_values().collect();
    let mut failed = 0;
    for (file, outcome) in files.iter().zip(environment.library.fetch_all(&files, talk)) {
        if let Err(error) = outcome {
            failed += 1;
            talk.warn(&format!("{}: {error}", file.name()));
        }
    }
    talk.say(&format!("{} of {} files are here", files.len() - failed, files.len()));
    Ok(if failed == 0 { Exit::Done } else { Exit::Incomplete })
}
