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
    /// A model that scores answers, as ROLE=FOLDER or, for guards, ROLE=FILE.toml (repeatable): `toxicity`, `sentiment`, `refusal`, `safety`, `regard`,
    /// `stereotype` (of texts), `entailment` (of pairs; SummaC), `bertscore` (any encoder) or `similarity` (sentence embeddings). `FOLDER#CLASS` names the
    /// class that counts, `FOLDER#MODEL` or `FOLDER#LAYER` how BERTScore is computed, `FILE.toml#MODEL` the guard's model. `docs/scorers.md` has more.
    #[arg(long = "scorer", value_name = "ROLE=FOLDER|FILE")]
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

impl InquiryArgs {
    /// The same with a suite file's scorers, as far as the flags name none of their roles.
    pub(crate) fn with_scorers(mut self, of_suite: &[String]) -> Self {
        let role = |text: &str| text.split_once('=').map(|(role, _)| role.to_owned());
        let named: Vec<_> = self.scorers.iter().map(|text| role(text)).collect();
        let added = of_suite.iter().filter(|text| !named.contains(&role(text)));
        self.scorers.extend(added.cloned());
        self
    }
}
