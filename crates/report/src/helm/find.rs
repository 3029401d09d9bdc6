//! Finding run folders.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::error::ImportError;
use super::files::{exists, value};

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

/// Every run folder at or below a folder, by name. Links are not followed. A release (`benchmark_output/releases/NAME`) has none of its
/// own: its runs are those that it names, in the suites beside it, and the release stands for their suite.
///
/// # Errors
/// When the folder can't be listed, or there is no run.
pub fn find_runs(folder: &Path) -> Result<Vec<FoundRun>, ImportError> {
    let mut found = Vec::new();
    walk(folder, DEPTH, &mut found)
        .map_err(|source| ImportError::Folder { folder: folder.to_owned(), source })?;
    if found.is_empty() {
        found = of_release(folder);
    }
    if found.is_empty() {
        return Err(ImportError::NotARun { folder: folder.to_owned() });
    }
    Ok(found)
}

/// The runs that a release is made of. Runs that are not there are among them, so that who reads them can say so.
fn of_release(folder: &Path) -> Vec<FoundRun> {
    let Ok(folder) = fs::canonicalize(folder) else { return Vec::new() };
    let named = value(&folder, "runs_to_run_suites.json", &mut Vec::new());
    let output = folder.parent().and_then(Path::parent);
    let (Some(named), Some(output)) = (named.as_object(), output) else { return Vec::new() };
    let release = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    // Names from a file must not lead out of the folder of runs.
    let is_plain = |name: &str| {
        let mut parts = Path::new(name).components();
        matches!(parts.next(), Some(Component::Normal(_))) && parts.next().is_none()
    };
    let mut found: Vec<FoundRun> = named
        .iter()
        .filter_map(|(run, suite)| Some((run, suite.as_str()?)))
        .filter(|(run, suite)| is_plain(run) && is_plain(suite))
        .map(|(run, suite)| FoundRun {
            folder: output.join("runs").join(suite).join(run),
            suite: release.clone().unwrap_or_default(),
        })
        .collect();
    found.sort_by(|a, b| a.folder.cmp(&b.folder));
    found
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
