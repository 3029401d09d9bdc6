//! What can go wrong with a local model, said in one sentence with a hint.

use std::path::PathBuf;

/// Why a local model can't be loaded or used.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The path holds no model that can be read.
    #[error("`{path}` is not a model: {reason}\nhint: {hint}")]
    NotAModel {
        /// What was given.
        path: PathBuf,
        /// What is missing or unexpected.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// A file could not be opened or mapped.
    #[error(
        "cannot read `{path}`: {source}\nhint: check that the file exists and that you may read it"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A file is cut short or damaged.
    #[error(
        "`{path}` is damaged: {reason}\nhint: download the file again and compare its size and hash"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A configuration field has a value that the engine does not know or that contradicts another one.
    #[error("`{path}` cannot be used: {reason}\nhint: {hint}")]
    Config {
        /// The file with the configuration.
        path: PathBuf,
        /// Which field and value.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// A tensor is missing or has another shape than the configuration says.
    #[error(
        "tensor `{tensor}` {reason}\nhint: the checkpoint and its configuration do not belong together; download both again"
    )]
    Tensor {
        /// The tensor's name in the checkpoint.
        tensor: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The tokenizer can't be built.
    #[error("tokenizer of `{path}`: {reason}\nhint: {hint}")]
    Tokenizer {
        /// The model.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// The chat template can't be used.
    #[error("chat template: {0}\nhint: turn the chat template off to send prompts as plain text")]
    Template(String),
    /// The memory limit leaves no room for even one sequence.
    #[error(
        "{needed_mib} MiB are needed for the model and one full context, more than the limit of {limit_mib} MiB\n\
         hint: raise `--max-memory` or choose a smaller or a quantised model"
    )]
    Memory {
        /// What is needed, in MiB.
        needed_mib: usize,
        /// What is allowed, in MiB.
        limit_mib: usize,
    },
    /// The thread pool could not be started.
    #[error("cannot start {threads} threads: {reason}\nhint: choose fewer with `--threads`")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// The reason.
        reason: String,
    },
}

impl EngineError {
    pub(crate) fn tensor(tensor: &str, reason: impl Into<String>) -> Self {
        Self::Tensor { tensor: tensor.to_owned(), reason: reason.into() }
    }
}
