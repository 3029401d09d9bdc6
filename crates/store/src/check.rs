//! Examining a whole file.

use holometer_core::Outcome;
use rusqlite::Connection;

use crate::bodies::read_body;
use crate::runs::count;
use crate::store::{Problem, Problematic, Store};
use crate::texts::hash;

/// Reads everything; the first thing that is wrong is the problem.
pub(crate) fn check(store: &Store) -> Result<(), Problem> {
    let connection = &store.connection;
    let verdict: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(Problem::Damaged(verdict));
    }
    check_references(connection)?;
    check_texts(store)?;
    check_bodies(store)?;
    check_outcomes(store)?;
    for run in crate::runs::read_runs(connection, "TRUE ORDER BY runs.id", &[])? {
        for (table, expected) in [("instances", run.instances), ("requests", run.requests)] {
            let found: usize = connection.query_row(
                &format!("SELECT count(*) FROM {table} WHERE run = ?1"),
                [run.id.0],
                |row| Ok(row.get::<_, i64>(0)? as usize),
            )?;
            if found != expected {
                let name = &run.spec.name;
                let detail = format!("the run `{name}` has {found} {table} instead of {expected}");
                return Err(Problem::Damaged(detail));
            }
        }
    }
    Ok(())
}

fn check_references(connection: &Connection) -> Result<(), Problem> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    match rows.next()? {
        None => Ok(()),
        Some(row) => {
            let (from, to): (String, String) = (row.get(0)?, row.get(2)?);
            Err(Problem::Damaged(format!("a row of `{from}` refers to a missing row of `{to}`")))
        }
    }
}

fn check_texts(store: &Store) -> Result<(), Problem> {
    let mut reader = store.texts.borrow_mut();
    let mut statement =
        store.connection.prepare("SELECT text, hash FROM text_hashes ORDER BY text")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = reader.read(&store.connection, row.get(0)?)?;
        let stored = row.get_ref(1)?.as_blob().ok().damaged("a text's hash")?;
        if stored != hash(&text) {
            return Err(Problem::Damaged(
                "a text does not have the hash it is stored under".into(),
            ));
        }
    }
    Ok(())
}

fn check_bodies(store: &Store) -> Result<(), Problem> {
    let mut reader = store.texts.borrow_mut();
    let mut statement = store.connection.prepare("SELECT id FROM bodies ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        read_body(&store.connection, &mut reader, row.get(0)?)?;
    }
    Ok(())
}

fn check_outcomes(store: &Store) -> Result<(), Problem> {
    let mut decoder = store.outcomes.borrow_mut();
    let mut statement = store.connection.prepare("SELECT size, body FROM contents ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let frame = row.get_ref(1)?.as_blob().ok().damaged("an outcome's content")?;
        let json = decoder.decompress(frame, count(row, 0)?)?;
        serde_json::from_slice::<Outcome>(&json)?;
    }
    Ok(())
}
