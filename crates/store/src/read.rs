//! Reading a run back in order, a page at a time, so that memory stays bounded however large the run is.

use std::collections::VecDeque;
use std::sync::Arc;

use holometer_core::{Instance, RequestMode, RequestState};
use rusqlite::{Row, params};

use crate::bodies::read_body;
use crate::error::StoreError;
use crate::mapping::read_mapping;
use crate::runs::count;
use crate::store::{Problem, Problematic, Store};
use crate::types::{OutcomeKey, RunId, StoredAnswer, StoredUnit, UnitId};

/// How many rows are fetched at once.
pub(crate) const PAGE: i64 = 256;

impl Store {
    /// The instances of a run in order, those without requests included.
    pub fn instances(
        &self,
        run: RunId,
    ) -> impl Iterator<Item = Result<Arc<Instance>, StoreError>> + '_ {
        let sql = "SELECT position, content FROM instances WHERE run = ?1 AND position >= ?2 \
                   ORDER BY position LIMIT ?3";
        let mut pages = Pages::starting_at(0, move |from: i64| {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![run.0, from, PAGE])?;
            let mut page = VecDeque::new();
            while let Some(row) = rows.next()? {
                page.push_back((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
            }
            Ok((page.back().map_or(from, |last| last.0 + 1), page))
        });
        std::iter::from_fn(move || {
            let found = pages.next()?.and_then(|(_, content)| self.read_instance(content));
            Some(self.explain(found))
        })
    }

    /// The requests of a run in order, each with what came back so far.
    pub fn answers(
        &self,
        run: RunId,
    ) -> impl Iterator<Item = Result<StoredAnswer, StoreError>> + '_ {
        let sql = format!(
            "{SELECT_REQUESTS} WHERE run = ?1 AND position >= ?2 ORDER BY position LIMIT ?3"
        );
        let mut pages = Pages::starting_at(0, move |from: i64| {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![run.0, from, PAGE])?;
            let mut page = VecDeque::new();
            while let Some(row) = rows.next()? {
                page.push_back(RequestRow::read(row)?);
            }
            Ok((page.back().map_or(from, |last| last.position as i64 + 1), page))
        });
        let mut shelf = Shelf::new(self, run);
        std::iter::from_fn(move || {
            let answer = pages.next()?.and_then(|row| shelf.answer(&row));
            Some(self.explain(answer))
        })
    }

    /// The units of a run, ordered by trial and then by the instance's position: what metrics score.
    pub fn units(&self, run: RunId) -> impl Iterator<Item = Result<StoredUnit, StoreError>> + '_ {
        let sql = format!(
            "{SELECT_REQUESTS} WHERE run = ?1 AND (trial, instance, position) > (?2, ?3, ?4) \
             ORDER BY trial, instance, position LIMIT ?5"
        );
        let mut pages = Pages::starting_at((-1, -1, -1), move |from: (i64, i64, i64)| {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![run.0, from.0, from.1, from.2, PAGE])?;
            let mut page = VecDeque::new();
            while let Some(row) = rows.next()? {
                page.push_back(RequestRow::read(row)?);
            }
            let next = page.back().map_or(from, |last: &RequestRow| {
                (last.unit.trial as i64, last.unit.instance as i64, last.position as i64)
            });
            Ok((next, page))
        });
        let mut shelf = Shelf::new(self, run);
        std::iter::from_fn(move || {
            let unit = next_unit(&mut pages, &mut shelf).transpose()?;
            Some(self.explain(unit))
        })
    }

    pub(crate) fn read_instance(&self, content: i64) -> Result<Arc<Instance>, Problem> {
        let json = self.texts.borrow_mut().read(&self.connection, content)?;
        Ok(Arc::new(serde_json::from_str(&json)?))
    }
}

/// The columns that [`RequestRow::read`] expects.
pub(crate) const SELECT_REQUESTS: &str = "SELECT position, trial, instance, reference, mode, body, mapping, examples, \
                               truncated, conditioning FROM requests";

/// A row of the table of requests.
pub(crate) struct RequestRow {
    position: usize,
    unit: UnitId,
    reference: Option<usize>,
    mode: Option<RequestMode>,
    body: i64,
    mapping: Option<String>,
    examples: usize,
    truncated: bool,
    conditioning: usize,
}

impl RequestRow {
    pub(crate) fn read(row: &Row<'_>) -> Result<Self, Problem> {
        let reference: Option<i64> = row.get(3)?;
        let mode: Option<String> = row.get(4)?;
        let mode = match mode.as_deref() {
            None => None,
            Some("original") => Some(RequestMode::Original),
            Some("calibration") => Some(RequestMode::Calibration),
            Some(other) => {
                return Err(Problem::Damaged(format!("a request's mode is `{other}`")));
            }
        };
        Ok(Self {
            position: count(row, 0)?,
            unit: UnitId { trial: count(row, 1)?, instance: count(row, 2)? },
            reference: match reference {
                Some(index) => Some(usize::try_from(index).ok().damaged("a reference's index")?),
                None => None,
            },
            mode,
            body: row.get(5)?,
            mapping: row.get(6)?,
            examples: count(row, 7)?,
            truncated: row.get(8)?,
            conditioning: count(row, 9)?,
        })
    }
}

/// Rows fetched a page at a time, each page from a cursor on.
pub(crate) struct Pages<C, T, F> {
    fetch: F,
    cursor: C,
    page: VecDeque<T>,
    done: bool,
}

impl<C: Copy, T, F: FnMut(C) -> Result<(C, VecDeque<T>), Problem>> Pages<C, T, F> {
    pub(crate) fn starting_at(cursor: C, fetch: F) -> Self {
        Self { fetch, cursor, page: VecDeque::new(), done: false }
    }

    pub(crate) fn next(&mut self) -> Option<Result<T, Problem>> {
        if let Err(problem) = self.fill() {
            return Some(Err(problem));
        }
        self.page.pop_front().map(Ok)
    }

    pub(crate) fn peek(&mut self) -> Result<Option<&T>, Problem> {
        self.fill()?;
        Ok(self.page.front())
    }

    /// Fetches the next page when the last is used up. After an error there are no more.
    fn fill(&mut self) -> Result<(), Problem> {
        if !self.page.is_empty() || self.done {
            return Ok(());
        }
        let fetched = (self.fetch)(self.cursor).inspect_err(|_| self.done = true)?;
        (self.cursor, self.page) = fetched;
        self.done = self.page.is_empty();
        Ok(())
    }
}

/// Completes rows; remembers the last instance, which neighbouring requests share.
pub(crate) struct Shelf<'s> {
    store: &'s Store,
    run: RunId,
    model: Option<i64>,
    last: Option<(usize, Arc<Instance>)>,
}

impl<'s> Shelf<'s> {
    pub(crate) fn new(store: &'s Store, run: RunId) -> Self {
        Self { store, run, model: None, last: None }
    }

    pub(crate) fn instance(&mut self, position: usize) -> Result<Arc<Instance>, Problem> {
        if let Some((at, instance)) = &self.last
            && *at == position
        {
            return Ok(Arc::clone(instance));
        }
        let mut statement = self
            .store
            .connection
            .prepare_cached("SELECT content FROM instances WHERE run = ?1 AND position = ?2")?;
        let content = statement.query_row([self.run.0, position as i64], |row| row.get(0))?;
        let instance = self.store.read_instance(content)?;
        self.last = Some((position, Arc::clone(&instance)));
        Ok(instance)
    }

    pub(crate) fn answer(&mut self, row: &RequestRow) -> Result<StoredAnswer, Problem> {
        let model = match self.model {
            Some(model) => model,
            None => *self.model.insert(self.store.model_of(self.run)?),
        };
        let instance = self.instance(row.unit.instance)?;
        let request =
            read_body(&self.store.connection, &mut self.store.texts.borrow_mut(), row.body)?;
        let output_mapping =
            row.mapping.as_deref().map(|json| read_mapping(&instance, json)).transpose()?;
        let state = RequestState {
            instance,
            reference_index: row.reference,
            request_mode: row.mode,
            train_trial_index: row.unit.trial,
            output_mapping,
            request,
            num_train_instances: row.examples,
            prompt_truncated: row.truncated,
            num_conditioning_tokens: row.conditioning,
        };
        let reply = self.store.read_reply(OutcomeKey { model, body: row.body })?;
        Ok(StoredAnswer { position: row.position, unit: row.unit, state, reply })
    }
}

/// Gathers the rows of the next unit; `None` at the end.
fn next_unit<C, F>(
    pages: &mut Pages<C, RequestRow, F>,
    shelf: &mut Shelf<'_>,
) -> Result<Option<StoredUnit>, Problem>
where
    C: Copy,
    F: FnMut(C) -> Result<(C, VecDeque<RequestRow>), Problem>,
{
    let Some(first) = pages.next().transpose()? else {
        return Ok(None);
    };
    let mut answers = vec![shelf.answer(&first)?];
    while pages.peek()?.is_some_and(|row| row.unit == first.unit) {
        if let Some(row) = pages.next().transpose()? {
            answers.push(shelf.answer(&row)?);
        }
    }
    Ok(Some(StoredUnit { id: first.unit, instance: shelf.instance(first.unit.instance)?, answers }))
}
