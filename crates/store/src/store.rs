//! The open database: one connection with what reading and writing need beside it.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tempfile::TempPath;

use crate::codec::{Decoder, MAX_TEXT_BYTES};
use crate::error::{StoreError, explain};
use crate::schema;
use crate::texts::TextReader;

/// An open results database.
///
/// A store may be sent to another thread but not shared; readers open the file once more, which WAL mode allows
/// while another thread or process writes.
pub struct Store {
    pub(crate) connection: Connection,
    pub(crate) path: PathBuf,
    pub(crate) texts: RefCell<TextReader>,
    pub(crate) outcomes: RefCell<Decoder>,
    /// The file that is really open, where it is a temporary copy. Last, so that it goes after the connection.
    _copy: Option<TempPath>,
}

impl Store {
    /// Opens a file for reading and writing. Makes it, and its folder, when there is none; brings an older format up
    /// to date.
    ///
    /// # Errors
    /// When the file is not ours, damaged, locked, of a newer format, or can't be written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        Self::with(schema::open(path)?, path, None)
    }

    /// Opens an existing file for reading only, also in a folder that can't be written.
    ///
    /// # Errors
    /// When the file is missing, not ours, damaged, or of another format.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        Self::with(schema::open_read_only(path)?, path, None)
    }

    /// Opens an existing file for reading only, also one of an older format: of that a temporary copy is made and brought up to
    /// date, and the file stays as it is, for the version that wrote it.
    ///
    /// # Errors
    /// When the file is missing, not ours, damaged, of a newer format, or can't be copied.
    pub fn open_for_reading(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        match Self::open_read_only(path) {
            Err(StoreError::Older { .. }) => {
                let (connection, copy) = schema::open_copy(path)?;
                Self::with(connection, path, Some(copy))
            }
            opened => opened,
        }
    }

    fn with(
        connection: Connection,
        path: &Path,
        copy: Option<TempPath>,
    ) -> Result<Self, StoreError> {
        connection.set_prepared_statement_cache_capacity(64);
        let path = path.to_path_buf();
        let readers = TextReader::new().and_then(|texts| Ok((texts, Decoder::for_outcomes()?)));
        let (texts, outcomes) = readers.map_err(|error| Problem::from(error).explain(&path))?;
        Ok(Self {
            connection,
            path,
            texts: RefCell::new(texts),
            outcomes: RefCell::new(outcomes),
            _copy: copy,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Examines the whole file: SQLite's own check, then every text and outcome is read and texts are compared with
    /// their hashes. Takes time in proportion to the file.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the first thing that is wrong.
    pub fn check(&self) -> Result<(), StoreError> {
        self.explain(crate::check::check(self))
    }

    /// Says in which file a problem occurred.
    pub(crate) fn explain<T>(&self, result: Result<T, Problem>) -> Result<T, StoreError> {
        result.map_err(|problem| problem.explain(&self.path))
    }

    /// Does all of `work` or none of it.
    pub(crate) fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Problem>,
    ) -> Result<T, StoreError> {
        let path = &self.path;
        let sql = |error: rusqlite::Error| explain(path, &error);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sql)?;
        let value = work(&transaction).map_err(|problem| problem.explain(path))?;
        transaction.commit().map_err(sql)?;
        Ok(value)
    }
}

/// What went wrong, before it is known in which file.
#[derive(Debug)]
pub(crate) enum Problem {
    Sql(rusqlite::Error),
    Damaged(String),
    TooLong { size: usize },
    UnknownRun(i64),
    TwoValues { metric: String },
}

impl Problem {
    pub(crate) fn explain(self, path: &Path) -> StoreError {
        let path_buf = path.to_path_buf();
        match self {
            Self::Sql(error) => explain(path, &error),
            Self::Damaged(detail) => StoreError::Damaged { path: path_buf, detail },
            Self::TooLong { size } => StoreError::TooLong { size, limit: MAX_TEXT_BYTES },
            Self::UnknownRun(run) => StoreError::UnknownRun { path: path_buf, run },
            Self::TwoValues { metric } => StoreError::TwoValues { metric },
        }
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<io::Error> for Problem {
    /// Only compression reports these.
    fn from(error: io::Error) -> Self {
        Self::Damaged(format!("a compressed text can't be read ({error})"))
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(format!("stored JSON can't be read ({error})"))
    }
}

/// Turns an absence that only damage explains into a problem.
pub(crate) trait Problematic<T> {
    fn damaged(self, what: &str) -> Result<T, Problem>;
}

impl<T> Problematic<T> for Option<T> {
    fn damaged(self, what: &str) -> Result<T, Problem> {
        self.ok_or_else(|| Problem::Damaged(what.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn fill(store: &mut Store) -> Result<(), StoreError> {
        store.write(|connection| {
            for _ in 0..1000 {
                connection
                    .execute("INSERT INTO contents (size, body) VALUES (1, randomblob(500))", [])?;
            }
            Ok(())
        })
    }

    fn rows(store: &Store) -> i64 {
        let sql = "SELECT count(*) FROM contents";
        store.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_full_disk_is_one_clear_error_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path().join("results.db")).unwrap();
        fill(&mut store).unwrap();
        let pages: i64 =
            store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        store.connection.pragma_update(None, "max_page_count", pages + 10).unwrap();
        let error = fill(&mut store).unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
        assert!(error.to_string().contains("hint: free some space"), "{error}");
        assert_eq!(rows(&store), 1000);
        drop(store);
        let mut store = Store::open(folder.path().join("results.db")).unwrap();
        fill(&mut store).unwrap();
        assert_eq!(rows(&store), 2000);
    }

    #[test]
    fn a_file_held_by_another_writer_is_locked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.db");
        let holder = Store::open(&path).unwrap();
        holder.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut other = Store::open(&path).unwrap();
        other.connection.busy_timeout(Duration::ZERO).unwrap();
        let error = fill(&mut other).unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
        assert_eq!(rows(&Store::open_read_only(&path).unwrap()), 0, "readers need not wait");
        holder.connection.execute_batch("ROLLBACK").unwrap();
        fill(&mut other).unwrap();
    }
}
