//! Arguments of `score`.

use std::path::PathBuf;

use clap::Args;

use super::TableFormat;

/// What may stand on a line of the file; the end of `holometer score --help`.
const FIELDS: &str = "\
One JSON object per line; `docs/scoring.md` has examples. Fields:
  prediction            what the model wrote: a text, or a list of texts (several completions);
                        also `predictions`, `completion`, `completions`, `output`
  references            the right answers: a text or a list of texts; also `reference`, `answer`
  choices               in multiple choice with letters A, B, ...: the choices, in order
  input                 the question or source text, for metrics that look at it
  id, cluster           a name; lines with the same cluster are not counted as independent
  group                 a text, a list of texts, or {\"gender\": \"female\", ...}: each gets its own rows
  logprobs              natural-log probabilities of the prediction's tokens; with several predictions, a list of lists
  seconds, prompt_tokens, completion_tokens, finish_reason
                        for efficiency (stop, length, end_of_text)
  extra                 what else a metric needs, for instance `instruction_ids` for `ifeval`";

/// Scores of completions made anywhere.
#[derive(Debug, Args)]
#[command(after_help = FIELDS)]
pub(crate) struct ScoreArgs {
    /// Metrics, separated by commas: names from `holometer list metrics`, such as `rouge_l,f1_score` (`f1` for short), or of
    /// a family such as `ifeval` or `summarization`.
    #[arg(
        short,
        long,
        value_delimiter = ',',
        value_name = "LIST",
        required_unless_present = "metric"
    )]
    pub(crate) metrics: Vec<String>,
    /// A family with arguments as JSON (repeatable), for instance `{"name": "classification", "args": {"labels":
    /// ["yes", "no"]}}`.
    #[arg(long, value_name = "JSON")]
    pub(crate) metric: Vec<String>,
    /// The file with one JSON object per line; `-` is standard input.
    pub(crate) predictions: PathBuf,
    /// Which model wrote the predictions, for the few metrics that look it up.
    #[arg(long, value_name = "NAME", default_value = "unknown")]
    pub(crate) model: String,
    /// Leave out lines that can't be read, saying which, instead of stopping; the exit code is then 3.
    #[arg(long)]
    pub(crate) skip_bad_lines: bool,
    /// Give HELM's numbers, faults included.
    #[arg(long)]
    pub(crate) helm_compat: bool,
    /// Print the scores of every line as JSON Lines instead of the table.
    #[arg(long, conflicts_with = "format")]
    pub(crate) per_line: bool,
    /// How to print it.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: TableFormat,
}
