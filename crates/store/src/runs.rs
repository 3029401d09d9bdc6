//! Beginning runs, finding them again, and listing them.

use std::collections::HashMap;
use std::sync::Arc;

use holometer_core::{Instance, InstanceId, RequestState, RunSpec};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::bodies::BodyWriter;
use crate::error::StoreError;
use crate::mapping::write_mapping;
use crate::prepare::{Prepared, RequestRow};
use crate::store::{Problem, Store};
use crate::texts::{Base, TextWriter, hash};
use crate::types::{Beginning, Begun, RunContext, RunId, RunInfo, RunInputs, UnixMillis};

/// The name of the suite beside a suite that holds what judges and interpreters were asked about its answers. [`Store::suites`] and
/// [`Store::latest_suite`] leave such suites out.
pub fn inquiry_suite(suite: &str) -> String {
    format!("inquiries: {suite}")
}

/// As a condition on `suites.name`.
const NOT_INQUIRIES: &str = "suites.name NOT LIKE 'inquiries: %'";

impl Store {
    /// Makes a run ready to be executed. The same suite, spec and inputs give the same run, with whatever was already
    /// answered; other inputs under the same name give a new revision, and the old one is kept as superseded. All of
    /// it happens or nothing.
    ///
    /// # Errors
    /// When the file can't be written or is damaged, or a text is longer than 1 GiB.
    pub fn begin_run(
        &mut self,
        suite: &str,
        spec: &RunSpec,
        inputs: &RunInputs<'_>,
        context: &RunContext,
    ) -> Result<Begun, StoreError> {
        let prepared = Prepared::new(spec, inputs);
        let prepared = self.explain(prepared)?;
        self.write(|connection| {
            let suite = suite_id(connection, suite)?;
            begin(connection, suite, &prepared, inputs, context)
        })
    }

    /// The names of all suites, in alphabetical order.
    pub fn suites(&self) -> Result<Vec<String>, StoreError> {
        self.explain((|| {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT name FROM suites WHERE {NOT_INQUIRIES} ORDER BY name"
            ))?;
            let names = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(names)
        })())
    }

    /// The current runs of a suite in the order in which they were begun; superseded ones are left out. An unknown
    /// suite has none.
    pub fn runs(&self, suite: &str) -> Result<Vec<RunInfo>, StoreError> {
        let filter = "suites.name = ?1 AND runs.superseded = 0 ORDER BY runs.id";
        self.explain(read_runs(&self.connection, filter, &[&suite]))
    }

    /// All runs of all suites, superseded ones included, in the order in which they were begun.
    pub fn all_runs(&self) -> Result<Vec<RunInfo>, StoreError> {
        self.explain(read_runs(&self.connection, "TRUE ORDER BY runs.id", &[]))
    }

    /// One run.
    ///
    /// # Errors
    /// [`StoreError::UnknownRun`] when there is none with this number.
    pub fn run(&self, run: RunId) -> Result<RunInfo, StoreError> {
        self.explain((|| {
            let found = read_runs(&self.connection, "runs.id = ?1", &[&run.0])?;
            found.into_iter().next().ok_or(Problem::UnknownRun(run.0))
        })())
    }

    /// The suite with the run that was begun last; `None` in an empty file.
    pub fn latest_suite(&self) -> Result<Option<String>, StoreError> {
        self.explain((|| {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT suites.name FROM runs JOIN suites ON suites.id = runs.suite \
                 WHERE {NOT_INQUIRIES} ORDER BY runs.created DESC, runs.id DESC LIMIT 1",
            ))?;
            Ok(statement.query_row([], |row| row.get(0)).optional()?)
        })())
    }
}

/// The id of a suite, which is made if it is new.
pub(crate) fn suite_id(connection: &Connection, name: &str) -> Result<i64, Problem> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO suites (name) VALUES (?1)")?
        .execute([name])?;
    Ok(connection
        .prepare_cached("SELECT id FROM suites WHERE name = ?1")?
        .query_row([name], |row| row.get(0))?)
}

/// The run of a suite with the same inputs, current or not.
pub(crate) fn same_run(
    connection: &Connection,
    suite: i64,
    prepared: &Prepared<'_>,
) -> Result<Option<i64>, Problem> {
    Ok(connection
        .prepare_cached("SELECT id FROM runs WHERE suite = ?1 AND name = ?2 AND inputs_hash = ?3")?
        .query_row(params![suite, prepared.name, &prepared.hash[..]], |row| row.get(0))
        .optional()?)
}

fn begin(
    connection: &Connection,
    suite: i64,
    prepared: &Prepared<'_>,
    inputs: &RunInputs<'_>,
    context: &RunContext,
) -> Result<Begun, Problem> {
    let same = same_run(connection, suite, prepared)?;
    let previous: Option<i64> = connection
        .prepare_cached("SELECT id FROM runs WHERE suite = ?1 AND name = ?2 AND superseded = 0")?
        .query_row(params![suite, prepared.name], |row| row.get(0))
        .optional()?;
    if let Some(run) = same
        && previous == same
    {
        return Ok(Begun { run: RunId(run), beginning: Beginning::Found });
    }
    if let Some(previous) = previous {
        connection.execute("UPDATE runs SET superseded = 1 WHERE id = ?1", [previous])?;
    }
    let run = if let Some(run) = same {
        connection.execute("UPDATE runs SET superseded = 0 WHERE id = ?1", [run])?;
        run
    } else {
        write_run(connection, suite, prepared, inputs, context, false)?
    };
    let beginning = match previous {
        Some(previous) => Beginning::Revised { previous: RunId(previous) },
        None => Beginning::New,
    };
    Ok(Begun { run: RunId(run), beginning })
}

pub(crate) fn write_run(
    connection: &Connection,
    suite: i64,
    prepared: &Prepared<'_>,
    inputs: &RunInputs<'_>,
    context: &RunContext,
    superseded: bool,
) -> Result<i64, Problem> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO models (fingerprint) VALUES (?1)")?
        .execute([inputs.fingerprint])?;
    let model: i64 = connection
        .prepare_cached("SELECT id FROM models WHERE fingerprint = ?1")?
        .query_row([inputs.fingerprint], |row| row.get(0))?;
    let revision: i64 = connection
        .prepare_cached(
            "SELECT coalesce(max(revision), 0) + 1 FROM runs WHERE suite = ?1 AND name = ?2",
        )?
        .query_row(params![suite, prepared.name], |row| row.get(0))?;
    let run = connection
        .prepare_cached(
            "INSERT INTO runs (suite, name, revision, superseded, model, spec, spec_hash, data_hashes, \
             inputs_hash, instances, requests, version, host, created) \
             VALUES (?1, ?2, ?3, ?14, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .insert(params![
            suite,
            prepared.name,
            revision,
            model,
            prepared.spec_json,
            &hash(&prepared.spec_json)[..],
            prepared.data_json,
            &prepared.hash[..],
            prepared.instances.len() as i64,
            inputs.requests.len() as i64,
            context.version,
            context.host.to_string(),
            context.at.0,
            superseded,
        ])?;
    let mut writer = TextWriter::new(connection)?;
    write_instances(connection, &mut writer, run, &prepared.instances)?;
    write_requests(connection, &mut writer, run, prepared, inputs.requests)?;
    Ok(run)
}

/// Stores the instances: the first is the base of all others, and an original that of its perturbed copies.
fn write_instances(
    connection: &Connection,
    writer: &mut TextWriter<'_>,
    run: i64,
    instances: &[&Arc<Instance>],
) -> Result<(), Problem> {
    let perturbed = instances.iter().any(|instance| instance.perturbation.is_some());
    let mut originals: HashMap<&InstanceId, (i64, usize)> = HashMap::new();
    let mut common: Option<Base> = None;
    let mut insert = connection.prepare_cached(
        "INSERT INTO instances (run, position, instance, split, perturbation, content) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (position, instance) in instances.iter().enumerate() {
        let json = serde_json::to_string(instance)?;
        let original = match originals.get(&instance.id) {
            Some((id, at)) if instance.perturbation.is_some() => {
                Some(Base { id: *id, text: serde_json::to_string(instances[*at])?.into() })
            }
            _ => None,
        };
        let content = writer.put(&json, original.as_ref().or(common.as_ref()))?;
        if common.is_none() {
            common = Some(writer.root(content)?);
        }
        if perturbed && instance.perturbation.is_none() {
            originals.insert(&instance.id, (content, position));
        }
        let name = instance.perturbation.as_ref().map(|found| found.name.as_str());
        insert.execute(params![
            run,
            position as i64,
            instance.id.as_str(),
            instance.split.as_str(),
            name,
            content
        ])?;
    }
    Ok(())
}

fn write_requests(
    connection: &Connection,
    writer: &mut TextWriter<'_>,
    run: i64,
    prepared: &Prepared<'_>,
    requests: &[RequestState],
) -> Result<(), Problem> {
    let mut bodies = BodyWriter::default();
    let mut insert = connection.prepare_cached(
        "INSERT INTO requests (run, position, instance, trial, reference, mode, body, mapping, examples, \
         truncated, conditioning) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for (position, state) in requests.iter().enumerate() {
        let row = RequestRow::new(state, prepared.placed[position]);
        let body = bodies.put(connection, writer, &state.request)?;
        let mapping = row.mapping.map(|pairs| write_mapping(&state.instance, pairs)).transpose()?;
        insert.execute(params![
            run,
            position as i64,
            row.instance as i64,
            row.trial as i64,
            row.reference.map(|index| index as i64),
            row.mode,
            body,
            mapping,
            row.examples as i64,
            row.truncated,
            row.conditioning as i64,
        ])?;
    }
    Ok(())
}

pub(crate) fn read_runs(
    connection: &Connection,
    filter: &str,
    arguments: &[&dyn rusqlite::ToSql],
) -> Result<Vec<RunInfo>, Problem> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT runs.id, suites.name, spec, spec_hash, revision, superseded, fingerprint, data_hashes, \
         instances, requests, version, host, created, finished \
         FROM runs JOIN suites ON suites.id = runs.suite JOIN models ON models.id = runs.model WHERE {filter}"
    ))?;
    let mut rows = statement.query(arguments)?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.push(read_run(row)?);
    }
    Ok(runs)
}

fn read_run(row: &Row<'_>) -> Result<RunInfo, Problem> {
    let json = |index: usize| row.get_ref(index)?.as_str().map_err(rusqlite::Error::from);
    Ok(RunInfo {
        id: RunId(row.get(0)?),
        suite: row.get(1)?,
        spec: serde_json::from_str(json(2)?)?,
        spec_hash: hex::encode(row.get::<_, Vec<u8>>(3)?),
        revision: row.get(4)?,
        superseded: row.get(5)?,
        fingerprint: row.get(6)?,
        data_hashes: serde_json::from_str(json(7)?)?,
        instances: count(row, 8)?,
        requests: count(row, 9)?,
        version: row.get(10)?,
        host: serde_json::from_str(json(11)?)?,
        created: UnixMillis(row.get(12)?),
        finished: row.get::<_, Option<i64>>(13)?.map(UnixMillis),
    })
}

/// A number that can't be negative.
pub(crate) fn count(row: &Row<'_>, index: usize) -> Result<usize, Problem> {
    let value: i64 = row.get(index)?;
    usize::try_from(value).map_err(|_| Problem::Damaged(format!("a count is `{value}`")))
}
