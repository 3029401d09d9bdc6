//! The same instances in two runs: what both scored.

use holometer_core::MetricName;
use rusqlite::params;

use crate::error::StoreError;
use crate::runs::count;
use crate::store::{Problem, Store};
use crate::types::RunId;

/// One instance in two runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Its positions.
    pub positions: (usize, usize),
    /// Its values, each the mean over draws of few-shot examples.
    pub values: (f64, f64),
}

impl Store {
    /// The unperturbed instances among the first `limit` of one run that another run has too, by their id, where both
    /// have a number for the metric.
    pub fn pairs(
        &self,
        one: RunId,
        other: RunId,
        metric: &MetricName,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        self.explain(self.read_pairs(one, other, metric, limit))
    }

    fn read_pairs(
        &self,
        one: RunId,
        other: RunId,
        metric: &MetricName,
        limit: usize,
    ) -> Result<Vec<Pair>, Problem> {
        // The draws are listed so that every score is found by its key.
        let trials: Vec<usize> = (0..self.trials_of(one)?).collect();
        let mut statement = self.connection.prepare_cached(
            // SQLite keeps the order of cross joins; by itself it would go through all scores of a run for every instance.
            "SELECT a.position, b.position, avg(sa.value), avg(sb.value) FROM instances a \
             CROSS JOIN instances b INDEXED BY instances_by_id ON b.run = ?2 AND b.instance = a.instance AND b.perturbation IS NULL \
               AND b.split = a.split \
             CROSS JOIN labels ON labels.label = ?3 \
             CROSS JOIN scores sa ON sa.run = a.run AND sa.instance = a.position AND sa.metric = labels.id \
               AND sa.trial IN (SELECT value FROM json_each(?5)) AND sa.value IS NOT NULL \
             CROSS JOIN scores sb ON sb.run = b.run AND sb.instance = b.position AND sb.metric = labels.id \
               AND sb.trial = sa.trial AND sb.value IS NOT NULL \
             WHERE a.run = ?1 AND a.position < ?4 AND a.perturbation IS NULL \
             GROUP BY a.position ORDER BY a.position",
        )?;
        let mut rows = statement.query(params![
            one.0,
            other.0,
            metric.as_str(),
            limit as i64,
            serde_json::to_string(&trials)?
        ])?;
        let mut pairs = Vec::new();
        while let Some(row) = rows.next()? {
            pairs.push(Pair {
                positions: (count(row, 0)?, count(row, 1)?),
                values: (row.get(2)?, row.get(3)?),
            });
        }
        Ok(pairs)
    }
}
