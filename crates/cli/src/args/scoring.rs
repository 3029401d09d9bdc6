//! Flags that say how answers are scored beside a scenario's own metrics.

use std::path::PathBuf;

use clap::Args;

/// How answers are scored beside a scenario's own metrics.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Scoring")]
pub(crate) struct ScoringArgs {
    /// The word list that tells whom answers mention: `own` (the default), `helm`, `holistic_bias`, or a file of yours with lines
    /// `axis=group: word, phrase, ...`.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) lexicon: Option<String>,
    /// Toxicity scores of answers from elsewhere, for HELM's toxicity metric: a JSON Lines file of `{"text": ..., "score": ...}`.
    #[arg(long, value_name = "FILE")]
    pub(crate) perspective_scores: Option<PathBuf>,
}
