//! `merge`: the results of several workers in one database.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use holometer_store::{Absorbed, RunInfo, Store};

use crate::args::MergeArgs;
use crate::failure::{Exit, Failure};
use crate::pipeline::{open_for_reading, open_for_writing};
use crate::progress::Talk;

/// The database's name in a folder of results.
const FILE_NAME: &str = "holometer.db";

/// What was taken over, summed.
#[derive(Default)]
struct Sum {
    new: usize,
    known: usize,
    outcomes: usize,
    ratings: usize,
}

/// Takes every run of every file over, after all of them were opened.
pub(crate) fn merge(args: &MergeArgs, talk: &Talk) -> Result<Exit, Failure> {
    let files: Vec<PathBuf> = args.files.iter().map(|file| database_in(file)).collect();
    let sources = files
        .iter()
        .map(|file| open_source(file, &args.database.db))
        .collect::<Result<Vec<_>, _>>()?;
    let wanted =
        |run: &RunInfo| args.suite.as_ref().is_none_or(|suite| concerns(&run.suite, suite));
    let mut runs = Vec::new();
    for source in &sources {
        let mut found = source.all_runs().map_err(Failure::usage)?;
        found.retain(&wanted);
        runs.push(found);
    }
    if runs.iter().all(Vec::is_empty) {
        let what =
            args.suite.as_ref().map_or(String::new(), |suite| format!(" of the suite `{suite}`"));
        return Err(Failure::nothing(format!("the files have no runs{what}")));
    }
    let mut store = open_for_writing(&args.database.db)?;
    let mut suites = BTreeSet::new();
    for ((file, source), runs) in files.iter().zip(&sources).zip(&runs) {
        let mut sum = Sum::default();
        for run in runs {
            let absorbed = store.absorb_run(source, run).map_err(Failure::usage)?;
            sum.add(&absorbed);
            warn_of_rival(talk, run, &absorbed);
            suites.insert(run.suite.clone());
        }
        for suite in source.suites().map_err(Failure::usage)? {
            if args.suite.as_ref().is_none_or(|wanted| concerns(&suite, wanted)) {
                let not_run = source.not_run(&suite).map_err(Failure::usage)?;
                store.record_not_run(&suite, &[], &not_run).map_err(Failure::usage)?;
            }
        }
        talk.say(&sum.line(file));
    }
    for suite in &suites {
        let runs = store.runs(suite).map_err(Failure::usage)?;
        let there: Vec<String> = runs.into_iter().map(|run| run.spec.name.0).collect();
        store.record_not_run(suite, &there, &[]).map_err(Failure::usage)?;
    }
    talk.say(&format!("joined in {}", args.database.db.display()));
    advise(&store, &suites, talk)?;
    Ok(Exit::Done)
}

/// Whether a stored suite is the wanted one, or holds what judges were asked about it.
fn concerns(stored: &str, wanted: &str) -> bool {
    stored == wanted || stored == holometer_store::inquiry_suite(wanted)
}

/// A folder stands for the database in it.
fn database_in(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(FILE_NAME) } else { path.to_path_buf() }
}

fn open_source(file: &Path, into: &Path) -> Result<Store, Failure> {
    let real = |path: &Path| path.canonicalize().ok();
    if real(file).is_some() && real(file) == real(into) {
        return Err(Failure::usage(format!("`{}` can't be joined with itself", file.display()))
            .hint("--db names the database that takes the others over"));
    }
    if !file.exists() {
        return Err(Failure::usage(format!(
            "there is no results database at `{}`",
            file.display()
        ))
        .hint("name the workers' databases, or the folders that hold them"));
    }
    open_for_reading(file)
}

impl Sum {
    fn add(&mut self, absorbed: &Absorbed) {
        self.new += usize::from(absorbed.is_new);
        self.known += usize::from(!absorbed.is_new);
        self.outcomes += absorbed.outcomes;
        self.ratings += absorbed.ratings;
    }

    fn line(&self, file: &Path) -> String {
        let ratings = match self.ratings {
            0 => String::new(),
            number => format!(", {number} ratings"),
        };
        format!(
            "{}: {} runs are new, {} were there; {} answers{ratings} were added",
            file.display(),
            self.new,
            self.known,
            self.outcomes
        )
    }
}

fn warn_of_rival(talk: &Talk, run: &RunInfo, absorbed: &Absorbed) {
    if absorbed.is_new && absorbed.has_rival && !run.superseded {
        let kept =
            if absorbed.is_current { "this file's is current" } else { "the other is current" };
        talk.warn(&format!(
            "two runs are called `{}` and differ in their data, spec or model; the later counts ({kept}), the other is kept",
            run.spec.name
        ));
    }
}

/// Says which suites want to be scored again.
fn advise(store: &Store, suites: &BTreeSet<String>, talk: &Talk) -> Result<(), Failure> {
    let shown = store.suites().map_err(Failure::usage)?;
    for suite in shown.iter().filter(|suite| suites.contains(*suite)) {
        let mut stale = 0;
        for run in store.runs(suite).map_err(Failure::usage)? {
            stale += usize::from(wants_scores(store, &run).map_err(Failure::usage)?);
        }
        if stale > 0 {
            talk.say(&format!(
                "{stale} runs of `{suite}` have answers that their scores don't know yet; hint: `holometer rescore --suite {suite} --db {}`",
                store.path().display()
            ));
        }
    }
    Ok(())
}

fn wants_scores(store: &Store, run: &RunInfo) -> Result<bool, holometer_store::StoreError> {
    if run.finished.is_some() {
        return store.is_stale(run.id);
    }
    let progress = store.progress(run.id)?;
    Ok(progress.not_run == 0 && progress.planned > 0)
}
