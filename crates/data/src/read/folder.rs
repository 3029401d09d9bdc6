//! The files of a folder that a user laid out.

use std::path::{Path, PathBuf};

use crate::DataError;

/// The plain files directly in a folder, in the order of their names. Links are followed, folders left out.
///
/// # Errors
/// The folder can't be read.
pub fn folder_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(DataError::read(folder))? {
        let path = entry.map_err(DataError::read(folder))?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The folders directly in a folder, in the order of their names.
///
/// # Errors
/// The folder can't be read.
pub fn folder_folders(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(DataError::read(folder))? {
        let path = entry.map_err(DataError::read(folder))?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}
