//! What was typed about reports, comparisons and power.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{DatabaseArgs, TableFormat};

/// What a report is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ViewArg {
    /// Every run's numbers, with what became of its requests.
    #[default]
    Metrics,
    /// One row per scenario and model: accuracy and whom the model fails, every measure judged, nothing blank; then what is
    /// missing and why, how the measures go together, and a methods paragraph.
    Fairness,
    /// Models by mean win rate, those that the data can't tell apart grouped.
    Leaderboard,
}

/// How differences are judged.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Statistics")]
pub(crate) struct JudgementArgs {
    /// Differences smaller than this share of a measure's range do not matter; 0.02 is two points of accuracy.
    #[arg(long, value_name = "SHARE", default_value_t = 0.02, value_parser = share)]
    pub(crate) margin: f64,
    /// The significance level of tests.
    #[arg(long, value_name = "P", default_value_t = 0.05, value_parser = share)]
    pub(crate) alpha: f64,
    /// Bootstrap draws.
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..))]
    pub(crate) draws: u32,
    /// Groups and comparisons with fewer instances get no number.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) least_instances: usize,
}

/// Conditions under which the command exits with code 5.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Gates")]
pub(crate) struct GateArgs {
    /// Exit with code 5 when this holds for any number (repeatable): `accuracy<0.5`, `mmlu*:exact_match.low<0.4` (the lower end of
    /// the interval, some scenarios only), `disparities>0` with the fairness view, `difference<-0.02` with `compare`.
    #[arg(long, value_name = "CONDITION")]
    pub(crate) fail_if: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The first side: a model of the suite (a part of its name will do), a run, or a suite; `MODEL@SUITE` for a model of
    /// another suite.
    #[arg(value_name = "A")]
    pub(crate) first: String,
    /// The second side.
    #[arg(value_name = "B")]
    pub(crate) second: String,
    /// The suite in which models and runs are looked for; without it, the suite that was run last.
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Option<String>,
    /// Compare this metric; without it, each scenario's own.
    #[arg(long, value_name = "NAME")]
    pub(crate) metric: Option<String>,
    /// How p values are adjusted for the number of scenarios.
    #[arg(long, value_enum, default_value_t, help_heading = "Statistics")]
    pub(crate) adjust: AdjustArg,
    #[command(flatten)]
    pub(crate) judgement: JudgementArgs,
    #[command(flatten)]
    pub(crate) gates: GateArgs,
    /// How to print it.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TableFormat,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// How p values are adjusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum AdjustArg {
    /// Holm: any false finding is unlikely.
    #[default]
    Holm,
    /// Benjamini and Hochberg: few of the findings are false.
    Bh,
}

#[derive(Debug, Args)]
pub(crate) struct PowerArgs {
    /// The true difference that is to be found, for instance 0.05 for five points of accuracy.
    #[arg(short, long, value_name = "D", value_parser = difference)]
    pub(crate) difference: f64,
    /// The probability of finding it.
    #[arg(long, value_name = "P", default_value_t = 0.8, value_parser = share)]
    pub(crate) power: f64,
    /// The significance level.
    #[arg(long, value_name = "P", default_value_t = 0.05, value_parser = share)]
    pub(crate) alpha: f64,
    /// Plan without stored results, for a model that is right this often.
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = "Without stored results")]
    pub(crate) accuracy: Option<f64>,
    /// Plan without stored results, for single differences with this standard deviation.
    #[arg(long, value_name = "SD", conflicts_with = "accuracy", value_parser = difference, help_heading = "Without stored results")]
    pub(crate) deviation: Option<f64>,
    /// How strongly the two models' scores on the same instance correlate, where that can't be measured.
    #[arg(long, value_name = "R", default_value_t = 0.5, value_parser = correlation, help_heading = "Without stored results")]
    pub(crate) correlation: f64,
    /// Instances per cluster (per template).
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = at_least_one, help_heading = "Without stored results")]
    pub(crate) cluster_size: f64,
    /// How strongly scores of one cluster correlate.
    #[arg(long, value_name = "R", default_value_t = 0.0, value_parser = correlation, help_heading = "Without stored results")]
    pub(crate) cluster_correlation: f64,
    /// Measure variances and clusters in this suite; without it, the suite that was run last.
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Option<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TableFormat,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// How the per-instance table is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowsFormat {
    /// RFC 4180; a number that is not there is its status in brackets.
    #[default]
    Csv,
    /// One JSON object per row; a number that is not there is an object with its status and reason.
    Jsonl,
}

#[derive(Debug, Args)]
pub(crate) struct ExportTableArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Export this suite; without it, the suite that was run last.
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Option<String>,
    /// How rows are written.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: RowsFormat,
    /// The file to write; `-` is standard output.
    #[arg(default_value = "-", value_name = "FILE")]
    pub(crate) output: PathBuf,
}

fn number(text: &str, what: &str, fits: impl Fn(f64) -> bool) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && fits(number) => Ok(number),
        _ => Err(format!("it is not {what}")),
    }
}

fn share(text: &str) -> Result<f64, String> {
    number(text, "a number between 0 and 1", |share| share > 0.0 && share < 1.0)
}

fn difference(text: &str) -> Result<f64, String> {
    number(text, "a number above zero", |number| number > 0.0)
}

fn correlation(text: &str) -> Result<f64, String> {
    number(text, "a number from 0 to below 1", |number| (0.0..1.0).contains(&number))
}

fn at_least_one(text: &str) -> Result<f64, String> {
    number(text, "a number of at least 1", |number| number >= 1.0)
}
