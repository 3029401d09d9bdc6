//! Flags about what is asked of answers after they are there: judges' verdicts, and what generated programs do.

use std::path::PathBuf;

use clap::Args;

/// Judges and programs.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Judges and programs")]
pub(crate) struct InquiryArgs {
    /// A model that judges answers, for scenarios whose scores rest on judges (repeatable): any model that `--model` takes. Verdicts are
    /// recorded like answers: the same question is asked once.
    #[arg(long = "judge", value_name = "SPEC")]
    pub(crate) judges: Vec<String>,
    /// A model on disk that scores answers, as ROLE=FOLDER (repeatable): `toxicity`, `sentiment` (classifiers of texts), `entailment` (of pairs;
    /// SummaC), `bertscore` (any encoder) or `similarity` (sentence embeddings). `FOLDER#CLASS` names the toxic class, `FOLDER#LAYER` BERTScore's layer.
    #[arg(long = "scorer", value_name = "ROLE=FOLDER")]
    pub(crate) scorers: Vec<String>,
    /// The Python interpreter that runs generated programs; by default the first `python3` found.
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,
    /// How many generated programs run at once; by default one per processor.
    #[arg(long, value_name = "N")]
    pub(crate) code_workers: Option<std::num::NonZeroUsize>,
    /// Run generated programs even where they can't be isolated. They then have all your rights: read, write and send whatever you can.
    #[arg(long)]
    pub(crate) allow_unsandboxed_code: bool,
}
