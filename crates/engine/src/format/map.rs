//! Read-only memory maps of whole files.
#![expect(unsafe_code, reason = "a memory map is unsafe where another process cuts the file short")]

use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::error::EngineError;

/// A file mapped into memory.
#[derive(Debug)]
pub(crate) struct MappedFile {
    path: PathBuf,
    map: Mmap,
}

impl MappedFile {
    pub(crate) fn open(path: &Path) -> Result<Self, EngineError> {
        let read = |source| EngineError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(read)?;
        // SAFETY: the map is read-only and lives as long as the struct. Model files are not written while they are
        // used; a program that truncates one under us ends this process with a signal, it can't corrupt memory.
        let map = unsafe { Mmap::map(&file) }.map_err(read)?;
        Ok(Self { path: path.to_owned(), map })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Gives back the memory that holds parts of the file which were read; reading them again brings them back.
    #[cfg(unix)]
    pub(crate) fn release(&self) {
        // SAFETY: the map is read-only and of a file, so that its pages come back as they were when they are next read.
        let released = unsafe { self.map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        if let Err(error) = released {
            tracing::debug!(%error, "the system keeps a mapped file in memory");
        }
    }

    /// Other systems decide by themselves.
    #[cfg(not(unix))]
    pub(crate) fn release(&self) {}

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}
