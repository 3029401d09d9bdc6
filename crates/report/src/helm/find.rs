//! Finding run folders.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::ImportError;
use super::files::exists;

/// How deep runs may lie below the folder that is named: `benchmark_output/runs/SUITE/RUN`.
const DEPTH: usize = 4;

/// A run folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRun {
    /// The folder.
    pub folder: PathBuf,
    /// Its suite: the name of the folder around it; empty where there is none.
    pub suite: String,
}

/// Every run folder at or below a folder, by name. Links are not followed.
///
/// # Errors
/// When the folder can't be listed, or there is no run.
pub fn find_runs(folder: &Path) -> Result<Vec<FoundRun>, ImportError> {
    let mut found = Vec::new();
    walk(folder, DEPTH, &mut found)
        .map_err(|source| ImportError::Folder { folder: folder.to_owned(), source })?;
    if found.is_empty() {
        return Err(ImportError::NotARun { folder: folder.to_owned() });
    }
    Ok(found)
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<FoundRun>) -> std::io::Result<()> {
    if exists(folder, "run_spec.json") || exists(folder, "scenario_state.json") {
        let absolute = fs::canonicalize(folder)?;
        let suite = absolute.parent().and_then(Path::file_name);
        let suite = suite.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        found.push(FoundRun { folder: folder.to_owned(), suite });
        return Ok(());
    }
    let mut folders: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    if depth == 0 {
        return Ok(());
    }
    for inner in folders {
        // One folder that can't be read does not hide the others.
        if let Err(error) = walk(&inner, depth - 1, found)
            && error.kind() != std::io::ErrorKind::PermissionDenied
        {
            return Err(error);
        }
    }
    Ok(())
}
