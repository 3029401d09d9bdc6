//! What can go wrong with a results database, in words for the person at the terminal.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

/// Why the results database can't be used. Every message ends with a hint.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no such file, and it was opened for reading only.
    #[error(
        "there is no results database at `{}`\nhint: start a run first, or name another file with `--db`",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder can't be created or opened.
    #[error(
        "the results database `{}` can't be opened: {reason}\n\
         hint: check that its folder exists and is yours, or name another file with `--db`",
        path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file or its folder can't be written.
    #[error(
        "the results database `{}` can't be written: it or its folder is read-only\n\
         hint: change its permissions, or name another file with `--db`",
        path.display()
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error(
        "`{}` is not a results database: {found}\nhint: name another file with `--db`; this one was left as it is",
        path.display()
    )]
    NotResults {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        found: String,
    },
    /// The file was written by a later version.
    #[error(
        "the results database `{}` has format {found}, and this version of Holometer knows formats up to {known}\n\
         hint: update Holometer, or name another file with `--db`",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The latest format known here.
        known: i64,
    },
    /// The file was written by an earlier version and is opened for reading only, so it can't be brought up to date.
    #[error(
        "the results database `{}` has the older format {found} (now {known}) and was opened for reading only\n\
         hint: any command that writes to it, such as `holometer run`, brings it up to date",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The format known here.
        known: i64,
    },
    /// The file is damaged.
    #[error(
        "the results database `{}` is damaged: {detail}\n\
         hint: restore a copy, or rescue what is readable with `sqlite3 OLD .recover | sqlite3 NEW`; \
         answers that can't be read will be asked again in a new file",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// Another process held the file for too long.
    #[error(
        "the results database `{}` is locked by another process (waited {waited_seconds} s)\n\
         hint: wait until the other run is done, or give this one a file of its own with `--db`",
        path.display()
    )]
    Locked {
        /// The file.
        path: PathBuf,
        /// How long it was waited for.
        waited_seconds: u64,
    },
    /// There is no room left.
    #[error(
        "the results database `{}` can't grow: {reason}\n\
         hint: free some space and run the same command again; everything written so far is kept",
        path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A run that is not in the file.
    #[error("the results database `{}` holds no run number {run}\nhint: `holometer report` lists its runs", path.display())]
    UnknownRun {
        /// The file.
        path: PathBuf,
        /// The run's number.
        run: i64,
    },
    /// A text too long to keep.
    #[error(
        "a text of {size} bytes is too long for the results database (at most {limit})\nhint: shorten the data's longest texts"
    )]
    TooLong {
        /// The text's bytes.
        size: usize,
        /// The most that is kept.
        limit: usize,
    },
    /// Two different values for one metric of one unit.
    #[error(
        "the metric `{metric}` has two different values for one instance\n\
         hint: two of the run's metrics compute it in different ways; remove one of them"
    )]
    TwoValues {
        /// The metric.
        metric: String,
    },
    /// Anything else.
    #[error("the results database `{}` failed: {reason}\nhint: `holometer doctor --db` examines the file", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
}

/// How long another process is waited for.
pub(crate) const LOCK_WAIT_SECONDS: u64 = 5;

/// The error for what SQLite reports about a file.
pub(crate) fn explain(path: &Path, error: &rusqlite::Error) -> StoreError {
    let path = path.to_path_buf();
    let reason = error.to_string();
    match error {
        rusqlite::Error::SqliteFailure(code, _) => explain_code(path, *code, reason),
        rusqlite::Error::SqlInputError { .. } => StoreError::Damaged { path, detail: reason },
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::QueryReturnedNoRows => {
            StoreError::Damaged { path, detail: format!("a value can't be read ({reason})") }
        }
        _ => StoreError::Failed { path, reason },
    }
}

fn explain_code(path: PathBuf, error: rusqlite::ffi::Error, reason: String) -> StoreError {
    use rusqlite::ffi;
    match error.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            StoreError::Locked { path, waited_seconds: LOCK_WAIT_SECONDS }
        }
        ErrorCode::DiskFull => StoreError::Full { path, reason: "the disk is full".into() },
        ErrorCode::SystemIoFailure
            if matches!(
                error.extended_code,
                ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_TRUNCATE | ffi::SQLITE_IOERR_FSYNC
            ) =>
        {
            StoreError::Full { path, reason: format!("writing failed ({reason})") }
        }
        ErrorCode::SystemIoFailure
            if matches!(
                error.extended_code,
                ffi::SQLITE_IOERR_SHMSIZE | ffi::SQLITE_IOERR_SHMOPEN | ffi::SQLITE_IOERR_SHMMAP
            ) =>
        {
            StoreError::Full {
                path,
                reason: format!("its shared-memory file can't be made ({reason})"),
            }
        }
        ErrorCode::DatabaseCorrupt | ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch => {
            StoreError::Damaged { path, detail: reason }
        }
        // Statements are fixed: when one does not compile, the file lacks a table or a column.
        ErrorCode::Unknown => StoreError::Damaged { path, detail: reason },
        ErrorCode::NotADatabase => StoreError::NotResults {
            path,
            found: "it is not an SQLite file, or it is damaged".into(),
        },
        ErrorCode::ReadOnly => StoreError::ReadOnly { path },
        ErrorCode::CannotOpen | ErrorCode::PermissionDenied => StoreError::Open { path, reason },
        _ => StoreError::Failed { path, reason },
    }
}
