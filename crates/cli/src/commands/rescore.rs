//! `rescore`: all scores again, from the stored answers.

use std::path::Path;

use holometer_report::Detail;
use holometer_scenarios::Catalogue;

use crate::args::{RescoreArgs, TableFormat};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{
    Environment, Respondents, inquire, open_for_reading, open_for_writing, report, score_run,
    scoring, tokenizer_of,
};
use crate::progress::Talk;

/// Scores every run of a suite (or of all suites) again.
pub(crate) fn rescore(args: &RescoreArgs, verbose: u8, talk: &Talk) -> Result<Exit, Failure> {
    let tokenizer = tokenizer_of(args.model.as_deref(), args.tokenizer.as_deref())?;
    // Says that there is none; an older one is brought up to date by opening it for writing.
    if !args.database.db.exists() {
        drop(open_for_reading(&args.database.db)?);
    }
    let mut store = open_for_writing(&args.database.db)?;
    crate::log::start(args.database.db.parent().unwrap_or(Path::new(".")), verbose);
    let suites = match &args.suite {
        Some(suite) => vec![suite.clone()],
        None => store.suites().map_err(Failure::usage)?,
    };
    let mut options = scoring(&args.scoring, args.helm_compat)?;
    let environment = Environment::plain()?;
    let respondents = Respondents::open(&args.inquiry, &environment, None, talk)?;
    options.scorers = respondents.scorer_ids();
    let mut incomplete = false;
    for suite in &suites {
        let runs = store.runs(suite).map_err(Failure::usage)?;
        if runs.is_empty() {
            return Err(Failure::usage(format!(
                "there is no suite `{suite}` in the results database"
            ))
            .hint("`holometer list suites` lists them"));
        }
        let ids: Vec<_> = runs.iter().map(|run| run.id).collect();
        let inquired = inquire(&mut store, &ids, &respondents, options, talk)?;
        incomplete |= inquired.incomplete;
        if inquired.interrupted {
            return Ok(Exit::Interrupted);
        }
        for run in runs {
            score_run(&mut store, run.id, tokenizer.as_deref(), options)?;
            talk.say(&format!("scored {}", run.spec.name));
        }
        let report = report(&store, Some(suite), &Catalogue::builtin())?;
        output::print_report(&report, &Detail::Headline, TableFormat::Table)?;
    }
    Ok(if incomplete { Exit::Incomplete } else { Exit::Done })
}
