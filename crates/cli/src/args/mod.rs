//! What was typed. A doc comment here is the help text.

mod analysis;
mod embed;
mod inquiry;
mod judge;
mod pages;
mod remote;
mod score;
mod scorer;
mod scoring;
mod select;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use analysis::{
    AdjustArg, CompareArgs, ExportTableArgs, GateArgs, JudgementArgs, PowerArgs, RowsFormat,
    ViewArg,
};
pub(crate) use embed::{EmbedArgs, PoolingArg};
pub(crate) use inquiry::InquiryArgs;
pub(crate) use judge::{JudgeAction, JudgeArgs};
pub(crate) use pages::{ExportSiteArgs, PagesArgs, PlotArgs, PlotFormat, ServeArgs};
pub(crate) use remote::RemoteArgs;
pub(crate) use score::ScoreArgs;
pub(crate) use scorer::{AssociationsArgs, AuditArgs, PerspectiveArgs, ScorerAction, ScorerArgs};
pub(crate) use scoring::ScoringArgs;
pub(crate) use select::{DatabaseArgs, EnvironmentArgs, SelectionArgs, Shard, WeightsArg};

/// Holistic evaluation of language models: what they can do, and whom they fail, on the same questions, with error bars.
///
/// Start with `holometer quickstart`. `holometer plan` shows what a run would do without doing it; `holometer list
/// scenarios` and `holometer show scenario NAME` document what can be run.
#[derive(Debug, Parser)]
#[command(name = "holometer", version, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done; 1 internal error; 2 usage or configuration; 3 some requests failed;\n4 nothing selected; 5 a threshold or regression gate failed."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

/// How much is said, and where.
#[derive(Clone, Debug, Args)]
pub(crate) struct TalkArgs {
    /// Say less: no progress, only warnings and errors.
    #[arg(short, long, global = true, help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Say more in the log file (repeat for even more).
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Evaluate: plan, execute, score, summarise. Resumes by itself.
    Run(RunArgs),
    /// Show what `run` would do with the same arguments, without doing it.
    Plan(PlanArgs),
    /// Print the tables of earlier runs: their numbers, whom the models fail, or a leaderboard.
    Report(ReportArgs),
    /// Compare two models, or two runs or suites of one, on the same instances.
    Compare(CompareArgs),
    /// Say how many instances a wanted difference needs.
    Power(PowerArgs),
    /// Have judges compare two models' answers, or say how far judges and people agree.
    Judge(JudgeArgs),
    /// Show results in a browser: leaderboard, fairness, runs, every prompt and answer, comparisons, live progress.
    Serve(ServeArgs),
    /// Draw results as SVG files: bars, radar, forest, calibration, accuracy against time, cost and fairness gaps.
    Plot(PlotArgs),
    /// Compute all scores again from the stored answers; no model is needed.
    Rescore(RescoreArgs),
    /// Score completions made anywhere: a file with one JSON object per line.
    Score(ScoreArgs),
    /// List scenarios, metrics, perturbations, scorers, models or providers.
    List(ListArgs),
    /// Document one scenario, metric, perturbation or scorer: arguments, values, source, licence, example.
    Show(ShowArgs),
    /// Write results in other formats.
    Export(ExportArgs),
    /// Apply a scorer (toxicity, sentiment, refusal) to texts, or audit it on labelled ones.
    Scorer(ScorerArgs),
    /// List the words that go with a group of people more often than chance allows, in answers or any texts.
    Associations(AssociationsArgs),
    /// Read results of other tools into the results database.
    Import(ImportArgs),
    /// Join the results databases of several workers in one.
    Merge(MergeArgs),
    /// Apply a perturbation to text from standard input.
    Perturb(PerturbArgs),
    /// Fetch the data that a selection needs, and models on a hub (`-m hf:ORG/NAME`), ahead of a run.
    Pull(PullArgs),
    /// List or prune the cache of downloaded data.
    Cache(CacheArgs),
    /// Write a commented scenario or suite file to start from.
    Init(InitArgs),
    /// Check a scenario or suite file, with the place of every problem.
    Check(CheckArgs),
    /// Show what works on this machine, and what to do about the rest.
    Doctor(DoctorArgs),
    /// Turn texts from standard input into vectors: the states of a local model's last layer.
    Embed(EmbedArgs),
    /// Measure the local engine on this machine.
    Bench(BenchArgs),
    /// The demonstration: a small real model, real data, a real report.
    Quickstart(QuickstartArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) environment: EnvironmentArgs,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Exit with code 3 when any planned cell is not run or any score is missing.
    #[arg(long, help_heading = "Execution")]
    pub(crate) strict: bool,
    /// Give HELM's numbers, faults included.
    #[arg(long, help_heading = "Execution")]
    pub(crate) helm_compat: bool,
    /// Stop when answers have cost so many US dollars, by the models' price lists; the same command goes on later. Calls in
    /// flight at that moment are still paid for.
    #[arg(long, value_name = "USD", value_parser = positive, help_heading = "Execution")]
    pub(crate) max_cost: Option<f64>,
    #[command(flatten)]
    pub(crate) scoring: ScoringArgs,
    #[command(flatten)]
    pub(crate) inquiry: InquiryArgs,
}

/// A number above zero.
fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err("it is not a number above zero".to_owned()),
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// Aligned columns for the terminal.
    #[default]
    Table,
    /// GitHub-flavoured Markdown.
    Markdown,
    /// RFC 4180.
    Csv,
    /// Everything known, with full precision.
    Json,
    /// LaTeX tables with captions, for papers (`booktabs`).
    Latex,
    /// An HTML page that needs no other file.
    Html,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) environment: EnvironmentArgs,
    /// How to print the plan.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: TableFormat,
    /// Write the exact requests to this file as JSON Lines, in HELM's order and with HELM's field names; `-` is standard
    /// output. Needs the model's tokenizer, not its weights.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) requests: Option<PathBuf>,
    /// Do not load data: no request and token counts.
    #[arg(long, conflicts_with = "requests", help_heading = "Output")]
    pub(crate) no_counts: bool,
    /// List every file to download, with its source, its size and what is kept of it.
    #[arg(long, conflicts_with = "requests", help_heading = "Output")]
    pub(crate) downloads: bool,
    /// Ask the servers how large the downloads are whose size is not known, or only about.
    #[arg(long, conflicts_with_all = ["requests", "offline"], help_heading = "Output")]
    pub(crate) ask_sizes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Report this suite; without it, the suite that was run last.
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Option<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TableFormat,
    /// What to show.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) view: ViewArg,
    /// Exit with code 3 when anything that was planned is missing (in the fairness view: for a reason that you can mend).
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) judgement: JudgementArgs,
    #[command(flatten)]
    pub(crate) gates: GateArgs,
    /// Metrics to show: `headline` (what each scenario is known for), `all`, or names separated by commas.
    #[arg(long, default_value = "headline", value_name = "LIST")]
    pub(crate) metrics: String,
}

#[derive(Debug, Args)]
pub(crate) struct RescoreArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Rescore this suite only.
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Option<String>,
    #[command(flatten)]
    pub(crate) scoring: ScoringArgs,
    #[command(flatten)]
    pub(crate) inquiry: InquiryArgs,
    /// Give HELM's numbers, faults included.
    #[arg(long)]
    pub(crate) helm_compat: bool,
    /// The folder or `.gguf` file of the model whose answers these are, for its tokenizer; the weights are not read.
    #[arg(long, value_name = "PATH")]
    pub(crate) model: Option<PathBuf>,
    /// The model's `tokenizer.json`: with `--helm-compat`, a choice's tokens are then counted as HELM counts them.
    #[arg(long, value_name = "FILE")]
    pub(crate) tokenizer: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// Results databases, or the folders that hold them. They are only read.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Take this suite only.
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Data sets with a way of asking.
    Scenarios,
    /// What is measured.
    Metrics,
    /// Ways of changing the questions.
    Perturbations,
    /// What judges the sound of an answer: toxicity, sentiment, refusal.
    Scorers,
    /// APIs that can be called.
    Providers,
    /// Suites that are built in, and those in the results database.
    Suites,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// What to list.
    pub(crate) kind: Kind,
    /// Only those with this tag, for instance `bias`.
    #[arg(long)]
    pub(crate) tag: Option<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TableFormat,
    /// Scenario files of your own to include (repeatable).
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario_file: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowKind {
    /// A scenario.
    Scenario,
    /// A metric.
    Metric,
    /// A perturbation.
    Perturbation,
    /// A scorer, with its audit.
    Scorer,
    /// A suite that is built in.
    Suite,
    /// The JSON Schema of scenario files, for editors: `holometer show schema scenario`.
    Schema,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// What it is.
    pub(crate) kind: ShowKind,
    /// Its name; for scenarios also with arguments, for instance `mmlu:subject=anatomy`, which the example then uses.
    pub(crate) name: String,
    /// Scenario files of your own to include (repeatable).
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario_file: Vec<PathBuf>,
    /// Ask the servers how large the scenario's files are.
    #[arg(long, conflicts_with = "offline")]
    pub(crate) ask_sizes: bool,
    #[command(flatten)]
    pub(crate) environment: EnvironmentArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(subcommand)]
    pub(crate) format: ExportFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExportFormat {
    /// One JSON object per request: the run, the instance, the prompt, the answer, the scores.
    Jsonl {
        #[command(flatten)]
        database: DatabaseArgs,
        /// Export this suite; without it, the suite that was run last.
        #[arg(long, value_name = "NAME")]
        suite: Option<String>,
        /// The file to write; `-` is standard output.
        #[arg(default_value = "-", value_name = "FILE")]
        output: PathBuf,
    },
    /// The per-instance table: right or wrong, log-probability, refusal, toxicity, sentiment and who is mentioned, one row for each
    /// instance, perturbed copy and draw of examples.
    Table(ExportTableArgs),
    /// The pages of `holometer serve` as files, for any web host or a plain file browser.
    Site(ExportSiteArgs),
    /// HELM's own files, for `helm-summarize` and HELM's web pages: `DIR/runs/SUITE` and `DIR/prod_env`.
    Helm {
        /// The folder to write to; HELM's is called `benchmark_output`.
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// Export this suite; without it, the suite that was run last.
        #[arg(long, value_name = "NAME")]
        suite: Option<String>,
        /// Take the smallest value as the worst case of every metric, as HELM does.
        #[arg(long)]
        helm_compat: bool,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    #[command(subcommand)]
    pub(crate) format: ImportFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImportFormat {
    /// What people think of answers: JSON Lines with `run`, `instance`, `rater`, `rating` (1 to 5) and, where they matter, `perturbation`, `trial` and
    /// `note`.
    Ratings {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The suite that was rated; without it, the suite that was run last.
        #[arg(long, value_name = "NAME")]
        suite: Option<String>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Runs of HELM (0.2 and later): a run's folder, a suite's, or a whole `benchmark_output`.
    Helm {
        /// The folder.
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// The folder or `.gguf` file of the model whose answers these are, for its tokenizer; the weights are not read.
        /// HELM counts a choice's tokens with it where choices were scored one by one; without it they are found by their text.
        #[arg(long, value_name = "PATH")]
        model: Option<PathBuf>,
        /// The model's `tokenizer.json`, instead of or in place of the one that `--model` holds.
        #[arg(long, value_name = "FILE")]
        tokenizer: Option<PathBuf>,
        /// Import into this suite; without it, into suites named as the folders around the runs.
        #[arg(long, value_name = "NAME")]
        suite: Option<String>,
        /// Give HELM's numbers, faults included.
        #[arg(long)]
        helm_compat: bool,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PerturbArgs {
    /// The perturbation, as in a run entry: a name such as `dialect`, with its arguments after `:`.
    pub(crate) name: String,
    /// The instance id that seeds it, as in a run.
    #[arg(long, default_value = "id0", value_name = "ID")]
    pub(crate) seed_id: String,
    #[command(flatten)]
    pub(crate) environment: EnvironmentArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) environment: EnvironmentArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    #[command(subcommand)]
    pub(crate) action: CacheAction,
    #[command(flatten)]
    pub(crate) environment: EnvironmentArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheAction {
    /// List what is kept, with sizes and the time of last use.
    Ls,
    /// Remove what was used longest ago until the cache is no larger than a size.
    Prune {
        /// The size to come down to, for instance `500MB`, `2GB` or `0`.
        #[arg(long, default_value = "0", value_name = "SIZE")]
        to: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// What to write.
    #[command(subcommand)]
    pub(crate) what: InitKind,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InitKind {
    /// A scenario file for a JSONL, CSV or Parquet file of your own.
    Scenario {
        /// The data file; its columns are looked at.
        data: PathBuf,
        /// The scenario file to write; by default beside the data file, with `.toml` for its extension.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// A suite file: models, scenarios, sample sizes.
    Suite {
        /// The file to write.
        #[arg(default_value = "suite.toml")]
        output: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Scenario or suite files (`.toml`), or HELM's `.conf`.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) environment: EnvironmentArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArgs,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    pub(crate) what: BenchKind,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchKind {
    /// Reading prompts, writing, and a scoring job with a shared prefix, beside the machine's limits.
    Engine {
        /// The model: a folder or a `.gguf` file.
        #[arg(short, long, value_name = "PATH")]
        model: String,
        /// Threads; by default one per physical core.
        #[arg(long, value_name = "N")]
        threads: Option<usize>,
        /// How the model's weights are kept.
        #[arg(long, value_enum, default_value_t)]
        dtype: WeightsArg,
        /// How often everything is repeated; medians are shown.
        #[arg(long, value_name = "N", default_value_t = 3)]
        repeats: usize,
        /// How to print it.
        #[arg(long, value_enum, default_value_t)]
        format: TableFormat,
    },
}

#[derive(Debug, Args)]
pub(crate) struct QuickstartArgs {
    /// Where the model and the results go.
    #[arg(long, default_value = "holometer-quickstart", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) environment: EnvironmentArgs,
}
