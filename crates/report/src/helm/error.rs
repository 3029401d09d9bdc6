//! What can go wrong with HELM's files.

use std::path::{Path, PathBuf};

/// Why a HELM run can't be read at all. What is wrong with parts of a run is a note of the run instead.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The folder can't be listed.
    #[error("can't read `{}`: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is nothing to read.
    #[error(
        "`{}` holds no HELM run\nhint: a run folder has a run_spec.json or a scenario_state.json; name it, its suite's folder, or `benchmark_output`",
        folder.display()
    )]
    NotARun {
        /// The folder.
        folder: PathBuf,
    },
    /// Neither file says what was run.
    #[error(
        "`{}` can't be imported: {}\nhint: run_spec.json or the adapter_spec of scenario_state.json must be readable",
        folder.display(),
        notes.join("; ")
    )]
    NoSpec {
        /// The folder.
        folder: PathBuf,
        /// What was wrong with its files.
        notes: Vec<String>,
    },
}

/// Why files can't be written.
#[derive(Debug, thiserror::Error)]
#[error("can't write `{}`: {source}\nhint: name a folder that you may write to", path.display())]
pub struct ExportError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

impl ExportError {
    /// An error about a path.
    pub(crate) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { path, source }
    }
}
