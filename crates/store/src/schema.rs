//! Opening a file, recognising it, and bringing its format up to date.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, config::DbConfig};
use tempfile::TempPath;

use crate::error::{LOCK_WAIT_SECONDS, StoreError, explain};

/// Marks a file as ours in SQLite's header: `Holo`.
const APPLICATION_ID: i64 = 0x486f_6c6f;

/// The migrations in order; the first makes an empty file into format 1, and so on. Never edited once released.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_results.sql"),
    include_str!("../migrations/0002_browse.sql"),
    include_str!("../migrations/0003_not_run.sql"),
];

/// Opens a file for reading and writing; makes it, and its folder, when there is none.
pub(crate) fn open(path: &Path) -> Result<Connection, StoreError> {
    open_with(path, MIGRATIONS)
}

fn open_with(path: &Path, migrations: &[&str]) -> Result<Connection, StoreError> {
    prepare_folder(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error: rusqlite::Error| explain(path, &error);
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    guard(&connection).map_err(failed)?;
    let format = recognise(&connection, path, migrations.len() as i64)?;
    // Checked here because SQLite itself falls back to reading when a file is not writable.
    if connection.is_readonly("main").map_err(failed)? {
        return Err(StoreError::ReadOnly { path: path.to_path_buf() });
    }
    connection
        .execute_batch(
            // WAL lets the web pages read while a run writes. FULL makes each commit survive a power cut as well
            // as a killed process; commits are batched, so that its price is a few disk flushes per second.
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; \
             PRAGMA cache_size = -65536;",
        )
        .map_err(failed)?;
    migrate(&mut connection, format, migrations).map_err(failed)?;
    Ok(connection)
}

/// Opens an existing file for reading only.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, StoreError> {
    let known = MIGRATIONS.len() as i64;
    match open_as_it_is(path)? {
        (connection, format) if format == known => Ok(connection),
        (_, 0) => {
            Err(StoreError::NotResults { path: path.to_path_buf(), found: "it is empty".into() })
        }
        (_, found) => Err(StoreError::Older { path: path.to_path_buf(), found, known }),
    }
}

/// A copy of a file of an older format, brought up to date; the file itself stays as it is. The copy is in the system's folder
/// for temporary files and goes with the returned path.
pub(crate) fn open_copy(path: &Path) -> Result<(Connection, TempPath), StoreError> {
    let failed = |error: rusqlite::Error| explain(path, &error);
    let no_place = |error: std::io::Error| StoreError::Open {
        path: path.to_path_buf(),
        reason: format!("it has an older format, and a temporary copy can't be made ({error})"),
    };
    let (original, format) = open_as_it_is(path)?;
    if format == 0 {
        let path = path.to_path_buf();
        return Err(StoreError::NotResults { path, found: "it is empty".into() });
    }
    let copy = tempfile::Builder::new()
        .prefix("holometer-")
        .suffix(".db")
        .tempfile()
        .map_err(no_place)?
        .into_temp_path();
    original.execute("VACUUM INTO ?1", [copy.to_string_lossy()]).map_err(failed)?;
    drop(original);
    let mut connection = Connection::open(&copy).map_err(failed)?;
    guard(&connection).map_err(failed)?;
    migrate(&mut connection, format, MIGRATIONS).map_err(failed)?;
    connection.execute_batch("PRAGMA query_only = ON").map_err(failed)?;
    Ok((connection, copy))
}

/// Opens an existing file for reading only, whatever its format, which is given, too.
fn open_as_it_is(path: &Path) -> Result<(Connection, i64), StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing { path: path.to_path_buf() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags)
        .and_then(|connection| probe(&connection).map(|()| connection));
    let connection = match opened {
        Ok(connection) => connection,
        Err(error) if unwritable_folder(&error) && !has_log(path) => open_unchanging(path)?,
        Err(error) => return Err(explain(path, &error)),
    };
    let format = recognise(&connection, path, MIGRATIONS.len() as i64)?;
    Ok((connection, format))
}

fn probe(connection: &Connection) -> rusqlite::Result<()> {
    guard(connection)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// In a folder that can't be written SQLite can't make the shared-memory file of a WAL database.
fn unwritable_folder(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly)
    )
}

/// Whether a write-ahead log beside the file holds anything.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    fs::metadata(log).is_ok_and(|found| found.len() > 0)
}

/// Opens a file that nobody can be writing to.
fn open_unchanging(path: &Path) -> Result<Connection, StoreError> {
    let escaped =
        path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)
        .and_then(|connection| probe(&connection).map(|()| connection))
        .map_err(|error| explain(path, &error))
}

fn prepare_folder(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    fs::create_dir_all(folder).map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly { path: path.to_path_buf() }
        }
        _ => StoreError::Open {
            path: path.to_path_buf(),
            reason: format!("its folder can't be made ({error})"),
        },
    })
}

/// The file may come from anywhere: what its schema says is not to be trusted.
fn guard(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(LOCK_WAIT_SECONDS))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.execute_batch("PRAGMA cell_size_check = ON")
}

/// The file's format; 0 for a new file.
fn recognise(connection: &Connection, path: &Path, known: i64) -> Result<i64, StoreError> {
    let failed = |error: rusqlite::Error| explain(path, &error);
    let number = |sql: &str| -> Result<i64, StoreError> {
        connection.query_row(sql, [], |row| row.get(0)).map_err(failed)
    };
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let application = number("PRAGMA application_id")?;
    let format = number("PRAGMA user_version")?;
    let path = path.to_path_buf();
    if tables == 0 && application == 0 && format == 0 {
        return Ok(0);
    }
    if application != APPLICATION_ID {
        return Err(StoreError::NotResults {
            path,
            found: "it is an SQLite database of another program".into(),
        });
    }
    match format {
        found if found > known => Err(StoreError::Newer { path, found, known }),
        found if found < 1 => {
            Err(StoreError::Damaged { path, detail: format!("its format is `{found}`") })
        }
        found => Ok(found),
    }
}

/// Applies the migrations that the file lacks, all or none.
fn migrate(connection: &mut Connection, format: i64, migrations: &[&str]) -> rusqlite::Result<()> {
    if format == migrations.len() as i64 {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Read again under the lock: another process may have been quicker.
    let format: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for migration in migrations.iter().skip(format as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", migrations.len() as i64)?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_an_earlier_format_is_brought_up_to_date_with_its_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.db");
        let old = open_with(&path, MIGRATIONS).unwrap();
        old.execute("INSERT INTO suites (name) VALUES ('kept')", []).unwrap();
        drop(old);
        let mut migrations = MIGRATIONS.to_vec();
        migrations.push("ALTER TABLE suites ADD COLUMN note TEXT NOT NULL DEFAULT 'none';");
        let new = open_with(&path, &migrations).unwrap();
        let row: (String, String) = new
            .query_row("SELECT name, note FROM suites", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(row, ("kept".into(), "none".into()));
        drop(new);
        let Err(StoreError::Newer { found, known, .. }) = open(&path) else {
            panic!("the newer format was not refused");
        };
        assert_eq!((found, known), (MIGRATIONS.len() as i64 + 1, MIGRATIONS.len() as i64));
    }

    #[test]
    fn a_migration_that_fails_leaves_the_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.db");
        drop(open(&path).unwrap());
        let mut migrations = MIGRATIONS.to_vec();
        migrations.push("CREATE TABLE halfway (a); SELECT no_such_function();");
        assert!(open_with(&path, &migrations).is_err());
        let same = open(&path).unwrap();
        let found: i64 = same
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'halfway'", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(found, 0);
    }
}
