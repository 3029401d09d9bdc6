//! Arguments of the commands that show results in a browser or as drawings.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::DatabaseArgs;

/// Scenarios beside the built-in ones.
#[derive(Clone, Debug, Args)]
pub(crate) struct PagesArgs {
    /// Scenario files of your own, for their main metrics and cards (repeatable).
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario_file: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The port to listen on; 0 takes any free one.
    #[arg(long, default_value_t = 7700, value_name = "PORT")]
    pub(crate) port: u16,
    /// The address to listen on. Another than this machine's own shows the results to everyone who can reach it.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub(crate) address: IpAddr,
    /// A host name by which browsers may address the server, besides the address itself (repeatable).
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Vec<String>,
    /// Let readers rate answers; ratings are stored with name and time. Without it nothing is ever written.
    #[arg(long)]
    pub(crate) allow_ratings: bool,
    #[command(flatten)]
    pub(crate) pages: PagesArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExportSiteArgs {
    /// The folder to write to.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// How many instances of each run have a page of their own.
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub(crate) instances: usize,
    #[command(flatten)]
    pub(crate) pages: PagesArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlotKind {
    /// Bars with intervals, scenario by scenario.
    Bars,
    /// Each model's profile over the scenarios.
    Radar,
    /// Accuracy against model time.
    Time,
    /// Accuracy against cost, where prices are known.
    Cost,
    /// Accuracy against what the worst fairness perturbation costs.
    Fairness,
    /// Accuracy against what the worst robustness perturbation costs.
    Robustness,
    /// The fairness report's gaps with intervals.
    Forest,
    /// Confidence against correctness, run by run.
    Calibration,
}

#[derive(Debug, Args)]
pub(crate) struct PlotArgs {
    /// The kinds to draw; without any, all that the results allow.
    #[arg(value_enum, value_name = "KIND")]
    pub(crate) kinds: Vec<PlotKind>,
    /// Draw this suite; without it, the suite that was run last.
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Option<String>,
    /// The folder to write to.
    #[arg(short, long, default_value = "holometer-plots", value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// What kinds of files to write (repeatable).
    #[arg(long, value_enum, default_value = "svg", value_name = "FORMAT")]
    pub(crate) format: Vec<PlotFormat>,
    /// How many pixels of a PNG stand for one of the drawing, which is 760 wide: 3 suits a page in print.
    #[arg(long, default_value_t = 2.0, value_name = "N")]
    pub(crate) scale: f64,
    #[command(flatten)]
    pub(crate) pages: PagesArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlotFormat {
    /// Lines and text that stay sharp at every size.
    Svg,
    /// A picture on white.
    Png,
}
