//! `pull`: data and models ahead of a run.

use std::collections::BTreeMap;

use holometer_data::{DataFile, cache};

use crate::args::PullArgs;
use crate::commands::run::{is_mistake, runnable, shown};
use crate::failure::{Exit, Failure};
use crate::pipeline::{
    Download, Downloads, Environment, Part, Purpose, fetch_model, perturbation_files, select,
};
use crate::progress::{Talk, Together};
use crate::size;

/// The stand-in for a model: pulling needs none.
const NO_MODEL: &str = "test:echo";

/// Fetches every file that the selection needs.
pub(crate) fn pull(args: &PullArgs, talk: &Talk) -> Result<Exit, Failure> {
    let mut selection = args.selection.clone();
    let models = std::mem::replace(&mut selection.models, vec![NO_MODEL.to_owned()]);
    let environment = Environment::new(&args.environment, &selection.scenario_file)?;
    for model in &models {
        // A model may have a label before it.
        let spec = model.split_once('=').map_or(model.as_str(), |(_, spec)| spec);
        if let Some(repository) = spec.strip_prefix("hf:") {
            let path = fetch_model(&environment.library, repository, Part::Everything, talk)
                .map_err(Failure::usage)?;
            talk.say(&format!("`{spec}` is here: {}", path.display()));
        }
    }
    let nothing_else = selection.entries.is_empty()
        && selection.confs.is_empty()
        && selection.suite.is_none()
        && !models.is_empty();
    if nothing_else {
        return Ok(Exit::Done);
    }
    let selected = select(&selection, &environment, Purpose::Plan, talk)?;
    for cell in selected.cells.iter().filter(|cell| is_mistake(cell)) {
        if let Err(skip) = &cell.run {
            talk.warn(&format!("{}: {skip}", shown(cell)));
        }
    }
    let mut files: BTreeMap<String, DataFile> = BTreeMap::new();
    let mut downloads = Downloads::default();
    for spec in runnable(&selected.cells) {
        let data = environment
            .catalogue
            .wanted_files(&spec.scenario, &environment.library)
            .map_err(Failure::usage)?;
        for file in data.into_iter().chain(perturbation_files(&spec.augmentation)) {
            if let Some(download) = Download::of(&file, &environment.library) {
                downloads.add(download);
            }
            files.insert(format!("{file:?}"), file);
        }
    }
    let files: Vec<DataFile> = files.into_values().collect();
    downloads.ask_unknown(&environment.library);
    if let Some(summary) = downloads.summary() {
        talk.say(&summary);
    }
    let progress = Together::new(talk, downloads.files().count(), downloads.bytes());
    let outcomes = environment.library.fetch_all(&files, &progress);
    progress.end();
    let mut failed = 0;
    for (file, outcome) in files.iter().zip(outcomes) {
        if let Err(error) = outcome {
            failed += 1;
            talk.warn(&format!("{}: {error}", file.name()));
        }
    }
    let total = cache::total_bytes(&environment.library.cache_dir).map_err(Failure::usage)?;
    talk.say(&format!(
        "{} of {} files are here; the cache has {}",
        files.len() - failed,
        files.len(),
        size::show(total)
    ));
    Ok(if failed == 0 { Exit::Done } else { Exit::Incomplete })
}
