//! `plot`: drawings of results as SVG and PNG files.

use std::path::Path;

use clap::ValueEnum;
use holometer_web::{Mode, NamedPlot, Site};

use crate::args::{PlotArgs, PlotFormat};
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
    if !(0.1..=20.0).contains(&args.scale) {
        return Err(Failure::usage(format!("--scale {} makes no picture", args.scale))
            .hint("choose a number from 0.1 to 20; 1 is a screen's size, 3 suits print"));
    }
    std::fs::create_dir_all(&args.output).map_err(|error| unwritable(&args.output, &error))?;
    let mut formats = args.format.clone();
    formats.dedup();
    for plot in &plots {
        for format in &formats {
            write(&args.output, plot, *format, args.scale)?;
        }
    }
    talk.say(&format!("{} drawings of suite {suite}", plots.len()));
    Ok(Exit::Done)
}

fn write(folder: &Path, plot: &NamedPlot, format: PlotFormat, scale: f64) -> Result<(), Failure> {
    let (ending, bytes) = match format {
        PlotFormat::Svg => ("svg", plot.plot.file().into_bytes()),
        PlotFormat::Png => ("png", plot.plot.png(scale).map_err(Failure::usage)?),
    };
    let path = folder.join(format!("{}.{ending}", plot.file));
    std::fs::write(&path, bytes).map_err(|error| unwritable(&path, &error))?;
    output::print(path.display())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("can't write `{}`: {error}", path.display()))
        .hint("-o names a folder that you may write to")
}
