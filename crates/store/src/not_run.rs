//! What was planned for a suite and could not be run, with the reason, so that reports made later say so, too.

use rusqlite::params;

use crate::error::StoreError;
use crate::runs::suite_id;
use crate::store::{Problem, Store};

impl Store {
    /// Records what of a selection could not be run. `planned` names all of the selection: what was noted about these before is
    /// forgotten. What earlier selections of the suite left out stays.
    pub fn record_not_run(
        &mut self,
        suite: &str,
        planned: &[String],
        not_run: &[(String, String)],
    ) -> Result<(), StoreError> {
        self.write(|connection| {
            let suite = suite_id(connection, suite)?;
            let mut forget =
                connection.prepare_cached("DELETE FROM not_run WHERE suite = ?1 AND cell = ?2")?;
            for cell in planned {
                forget.execute(params![suite, cell])?;
            }
            let mut note = connection.prepare_cached(
                "INSERT OR REPLACE INTO not_run (suite, cell, reason) VALUES (?1, ?2, ?3)",
            )?;
            for (cell, reason) in not_run {
                note.execute(params![suite, cell, reason])?;
            }
            Ok(())
        })
    }

    /// What of a suite could not be run when it was last tried, with the reason, in alphabetical order.
    pub fn not_run(&self, suite: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.explain(self.read_not_run(suite))
    }

    fn read_not_run(&self, suite: &str) -> Result<Vec<(String, String)>, Problem> {
        let mut statement = self.connection.prepare_cached(
            "SELECT cell, reason FROM not_run JOIN suites ON suites.id = not_run.suite \
             WHERE suites.name = ?1 ORDER BY cell",
        )?;
        let rows = statement.query_map([suite], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_replaces_what_was_noted_about_it_and_leaves_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path().join("results.db")).unwrap();
        let texts =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let note = |cell: &str, reason: &str| (cell.to_owned(), reason.to_owned());
        let first = [note("a", "no data"), note("b", "no key")];
        store.record_not_run("s", &texts(&["a", "b"]), &first).unwrap();
        store.record_not_run("s", &texts(&["b", "c"]), &[note("c", "no model")]).unwrap();
        assert_eq!(store.not_run("s").unwrap(), [note("a", "no data"), note("c", "no model")]);
        assert_eq!(store.not_run("other").unwrap(), []);
    }
}
