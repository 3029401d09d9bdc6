//! `plot`: drawings of results as SVG files.

use std::path::Path;

use clap::ValueEnum;
use holometer_web::{Mode, NamedPlot, Site};

use crate::args::PlotArgs;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{open_for_pages, page_sources};
use crate::progress::Talk;

/// Draws a suite and prints the files' names.
pub(crate) fn plot(args: &PlotArgs, talk: &Talk) -> Result<Exit, Failure> {
    let store = open_for_pages(&args.pages.database.db)?;
    let latest = store.latest_suite().map_err(Failure::usage)?;
    let Some(suite) = args.suite.clone().or(latest) else {
        return Err(Failure::nothing("the results database has no runs yet")
            .hint("`holometer run` makes some"));
    };
    if !store.suites().map_err(Failure::usage)?.contains(&suite) {
        return Err(Failure::usage(format!("there is no suite `{suite}` in the results database"))
            .hint("`holometer list suites` lists them"));
    }
    let (cards, fairness) = page_sources(&args.pages)?;
    let mode = Mode::Served { ratings: false };
    let site = Site::new(cards, fairness, mode).map_err(Failure::internal)?;
    let wanted = |name: &str| {
        args.kinds.is_empty()
            || args
                .kinds
                .iter()
                .any(|kind| kind.to_possible_value().is_some_and(|kind| kind.get_name() == name))
    };
    let plots = site.plots(&store, &suite, &wanted).map_err(Failure::usage)?;
    if plots.is_empty() {
        return Err(Failure::nothing(format!("suite `{suite}` has nothing to draw of that kind"))
            .hint("`holometer report` shows which numbers there are"));
    }
    std::fs::create_dir_all(&args.output).map_err(|error| unwritable(&args.output, &error))?;
    for plot in &plots {
        write(&args.output, plot)?;
    }
    talk.say(&format!("{} drawings of suite {suite}", plots.len()));
    Ok(Exit::Done)
}

fn write(folder: &Path, plot: &NamedPlot) -> Result<(), Failure> {
    let path = folder.join(format!("{}.svg", plot.file));
    std::fs::write(&path, plot.plot.file()).map_err(|error| unwritable(&path, &error))?;
    output::print(path.display())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("can't write `{}`: {error}", path.display()))
        .hint("-o names a folder that you may write to")
}
