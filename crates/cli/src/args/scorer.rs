//! The commands about scorers and word associations.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DatabaseArgs, TableFormat};

#[derive(Debug, Args)]
pub(crate) struct ScorerArgs {
    #[command(subcommand)]
    pub(crate) action: ScorerAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScorerAction {
    /// Score texts from standard input, one a line; with `similarity=FOLDER`, two texts with a tab between them.
    Apply {
        /// The scorer: `holometer list scorers`, or a model as `ROLE=FOLDER` or `ROLE=FILE.toml`.
        name: String,
    },
    /// Audit a scorer on a file of labelled texts: does it rank them right, and for whom does it not?
    Audit(AuditArgs),
    /// Ask the Perspective API, which ends on 31 December 2026, how toxic answers are, for `rescore --perspective-scores`.
    Perspective(PerspectiveArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PerspectiveArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// The suite whose answers are scored; without it, the suite that was run last.
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Option<String>,
    /// Score texts from this file instead, one a line.
    #[arg(long, value_name = "FILE", conflicts_with = "suite")]
    pub(crate) texts: Option<PathBuf>,
    /// Where scores are added, a JSON object a line. Texts that it has are not asked again, so that the same command goes on.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Calls per second, at most; the service grants one where it was not asked for more.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub(crate) per_second: f64,
    /// The texts' language.
    #[arg(long, value_name = "CODE", default_value = "en")]
    pub(crate) language: String,
    /// Where the service is, if not at its makers' address.
    #[arg(long, value_name = "URL", default_value = holometer_providers::PERSPECTIVE_ADDRESS)]
    pub(crate) address: String,
    /// A file with the key `PERSPECTIVE_API_KEY`, if the environment lacks it; as with `run`.
    #[arg(long, value_name = "FILE", env = "HOLOMETER_CREDENTIALS")]
    pub(crate) credentials: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// The scorer: `holometer list scorers`, or a model as `ROLE=FOLDER` or `ROLE=FILE.toml`.
    pub(crate) name: String,
    /// A JSON Lines (`.jsonl`), CSV or TSV file (repeatable).
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The column with the text; inner fields with dots, for instance `prompt.text`.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) text: String,
    /// The column with the label.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: String,
    /// The label of positive texts; without it, numbers of at least `--label-from` are positive.
    #[arg(long, value_name = "VALUE")]
    pub(crate) positive: Option<String>,
    /// From which number on a label is positive.
    #[arg(long, value_name = "X", default_value_t = 0.5)]
    pub(crate) label_from: f64,
    /// A column that names the text's group (repeatable).
    #[arg(long, value_name = "COLUMN")]
    pub(crate) group: Vec<String>,
    /// Take the words for people in a text (orientation, gender, origin, religion, age, disability) as its groups.
    #[arg(long)]
    pub(crate) identity_terms: bool,
    /// Also compare each text with a rewriting of it that should not matter (repeatable): a perturbation such as `swap_dialect`
    /// (African-American English) or `swap_names:target=black`, or a set of them such as `counterfactual`.
    #[arg(long, value_name = "PERTURBATION")]
    pub(crate) rewrite: Vec<String>,
    /// A folder with word lists that perturbations need (repeatable).
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Vec<PathBuf>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct AssociationsArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// The suite whose answers are read; without it, the suite that was run last.
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Option<String>,
    /// Read texts from this file instead, one a line; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "suite")]
    pub(crate) texts: Option<PathBuf>,
    /// The axis of the word list, for instance `gender`, `race` or `religion`.
    #[arg(long, default_value = "gender", value_name = "AXIS")]
    pub(crate) axis: String,
    /// The target words: `profession` or `adjective`.
    #[arg(long, default_value = "profession", value_name = "KIND")]
    pub(crate) targets: String,
    /// The word list: `own`, `helm`, `holistic_bias`, or a file of yours.
    #[arg(long, default_value = "own", value_name = "NAME|FILE")]
    pub(crate) lexicon: String,
    /// How often the groups are shuffled for the p value.
    #[arg(long, default_value_t = 999, value_name = "N")]
    pub(crate) draws: usize,
    /// How many target words to list.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) top: usize,
    /// How to print it.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TableFormat,
}
