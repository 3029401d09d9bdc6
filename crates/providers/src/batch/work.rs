//! Answering requests through batches: what is handed in, what is waited for, what is handed over.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use holometer_core::{Cancel, FailureKind, Finished, Outcome, Request, RequestKey, Sink};
use ring::digest;

use crate::batch::api::{Fetched, Item, State, Trouble};
use crate::batch::tickets::{Ticket, Tickets, seconds_now};
use crate::batch::{BatchApi, Batching};
use crate::http::driver::Line;
use crate::http::progress::Progress;
use crate::http::runtime;
use crate::refusal::{self, ServerError};
use crate::wire_format::{Verdict, WireFormat};

/// How soon a cancellation is noticed.
const TICK: Duration = Duration::from_millis(25);

/// Answers all requests, handing each to `sink` once; see [`holometer_core::Model::answer`].
pub(crate) fn answer(
    (line, api, batching): (&Arc<Line>, BatchApi, &Batching),
    requests: &[(RequestKey, Request)],
    cancel: &Cancel,
    sink: Sink<'_>,
) {
    let mut desk =
        Desk { line, api, batching, requests, sink, begun: HashMap::new(), halves: HashMap::new() };
    let items = desk.begin();
    let mut open = match desk.known_batches(&items) {
        Ok(open) => open,
        Err(reason) => return desk.fail_all(FailureKind::Resources, &reason),
    };
    let waited_for: BTreeSet<String> =
        open.iter().flat_map(|ticket| ticket.ids.iter().cloned()).collect();
    let fresh: Vec<Item> =
        items.into_iter().filter(|item| !waited_for.contains(&item.id)).collect();
    for part in parts(&fresh, api.limits()) {
        if cancel.is_cancelled() {
            return;
        }
        match desk.hand_in(part) {
            Ok(ticket) => open.push(ticket),
            Err(trouble) => desk.fail(part.iter().map(|item| item.id.as_str()), &trouble),
        }
    }
    desk.wait_for(open, cancel);
}

/// Where a call's answer goes: the request's position and the call's number.
type Place = (usize, usize);

struct Desk<'a> {
    line: &'a Arc<Line>,
    api: BatchApi,
    batching: &'a Batching,
    requests: &'a [(RequestKey, Request)],
    sink: Sink<'a>,
    /// Calls that are not answered yet, by what they are known by; equal calls share their answer.
    begun: HashMap<String, Vec<Place>>,
    /// Requests of which some calls are answered.
    halves: HashMap<usize, Progress>,
}

impl Desk<'_> {
    /// Makes every call's body. Requests that can't be sent are handed over as failures.
    fn begin(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        for (index, (_, request)) in self.requests.iter().enumerate() {
            match self.calls_of(request) {
                Ok(calls) => {
                    for (number, (path, body)) in calls.into_iter().enumerate() {
                        let id = known_by(&path, &body, number);
                        let places = self.begun.entry(id.clone()).or_default();
                        places.push((index, number));
                        if places.len() == 1 {
                            items.push(Item { id, path, body });
                        }
                    }
                }
                Err((kind, message)) => self.hand_over(index, Outcome::failed(kind, message)),
            }
        }
        items
    }

    fn calls_of(
        &self,
        request: &Request,
    ) -> Result<Vec<(String, serde_json::Value)>, (FailureKind, String)> {
        let deployment = &self.line.deployment;
        let format = deployment.route(request)?;
        (0..format.calls(deployment, request))
            .map(|number| {
                format.build(deployment, request, number).map(|call| (call.path, call.body))
            })
            .collect()
    }

    fn deployment(&self) -> String {
        format!("{}#{}", self.line.deployment.shown, self.line.deployment.model)
    }

    /// Batches of earlier starts that hold some of these calls.
    fn known_batches(&self, items: &[Item]) -> Result<Vec<Ticket>, String> {
        let wanted: BTreeSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
        let deployment = self.deployment();
        let tickets = Tickets::read(self.batching.journal.as_ref())?.batches.into_iter();
        Ok(tickets
            .filter(|ticket| ticket.deployment == deployment)
            .filter(|ticket| ticket.ids.iter().any(|id| wanted.contains(id.as_str())))
            .collect())
    }

    fn hand_in(&self, items: &[Item]) -> Result<Ticket, Trouble> {
        let (line, api, owned) = (Arc::clone(self.line), self.api, items.to_vec());
        let name = self.patiently(move || {
            let (line, owned) = (Arc::clone(&line), owned.clone());
            async move { api.submit(&line, &owned).await }
        })?;
        let ids = items.iter().map(|item| item.id.clone()).collect();
        let ticket = Ticket { deployment: self.deployment(), name, at: seconds_now(), ids };
        let noted = ticket.clone();
        let change = |tickets: &mut Tickets| tickets.batches.push(noted);
        if let Err(reason) = Tickets::change(self.batching.journal.as_ref(), change) {
            tracing::warn!("the batch {} can't be noted: {reason}", ticket.name);
        }
        tracing::info!("batch {}: {} requests handed in", ticket.name, items.len());
        Ok(ticket)
    }

    /// Tries a call about a batch until it succeeds, is refused for good, or patience ends.
    fn patiently<T, F>(&self, call: impl Fn() -> F) -> Result<T, Trouble>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Trouble>> + Send + 'static,
    {
        let retries = &self.line.settings.retries;
        let mut tries = 0;
        loop {
            let broken = || {
                let message = "the call broke down inside".to_owned();
                Err(Trouble { kind: FailureKind::Malformed, message, passing: false })
            };
            match runtime::wait_for(call()).unwrap_or_else(broken) {
                Err(trouble) if trouble.passing && tries < retries.max => {
                    tries += 1;
                    let delay = retries.first_delay.saturating_mul(1 << tries.min(16));
                    std::thread::sleep(delay.min(retries.max_delay));
                }
                result => return result,
            }
        }
    }

    /// Looks after the batches until all have ended or stopping is asked for.
    fn wait_for(&mut self, mut open: Vec<Ticket>, cancel: &Cancel) {
        while !open.is_empty() && !self.begun.is_empty() {
            let mut running = Vec::new();
            for ticket in open {
                if cancel.is_cancelled() {
                    return;
                }
                let (line, api, name) = (Arc::clone(self.line), self.api, ticket.name.clone());
                let looked = self.patiently(move || {
                    let (line, name) = (Arc::clone(&line), name.clone());
                    async move { api.look(&line, &name).await }
                });
                match looked {
                    Ok(State::Running(done)) => {
                        tracing::debug!("batch {}: {done:?} done", ticket.name);
                        running.push(ticket);
                    }
                    Ok(State::Ended(fetched)) => self.take(&ticket, fetched),
                    Ok(State::Failed(reason)) => {
                        let message = format!("the batch {} failed: {reason}", ticket.name);
                        self.give_up(
                            &ticket,
                            &Trouble { kind: FailureKind::Rejected, message, passing: false },
                        );
                    }
                    Err(trouble) if trouble.passing => running.push(ticket),
                    Err(trouble) => self.give_up(&ticket, &trouble),
                }
            }
            open = running;
            let next = Instant::now() + self.batching.poll;
            while !open.is_empty() && Instant::now() < next {
                if cancel.is_cancelled() {
                    return;
                }
                std::thread::sleep(TICK.min(self.batching.poll));
            }
        }
        let message = "no batch holds an answer to it".to_owned();
        let lost: Vec<String> = self.begun.keys().cloned().collect();
        self.fail(
            lost.iter().map(String::as_str),
            &Trouble { kind: FailureKind::Timeout, message, passing: true },
        );
    }

    /// Hands over what a batch has brought. Calls that failed are taken off its ticket.
    fn take(&mut self, ticket: &Ticket, fetched: Vec<(String, Fetched)>) {
        let mut failed: BTreeSet<String> = ticket.ids.iter().cloned().collect();
        for (id, answer) in fetched {
            let Some(places) = self.begun.remove(&id) else {
                // Of another run: it stays on the ticket.
                failed.remove(&id);
                continue;
            };
            let mut good = true;
            for (index, number) in places {
                let request = &self.requests[index].1;
                let Ok(format) = self.line.deployment.route(request) else { continue };
                match self.outcome(format, request, &answer) {
                    Outcome::Answered(response) => {
                        let calls = format.calls(&self.line.deployment, request);
                        let progress =
                            self.halves.entry(index).or_insert_with(|| Progress::new(calls));
                        if let Some(whole) = progress.add(number, response) {
                            self.hand_over(index, Outcome::Answered(whole));
                        }
                    }
                    other => {
                        good &= !matches!(other, Outcome::Failed { .. });
                        self.hand_over(index, other);
                    }
                }
            }
            if good {
                failed.remove(&id);
            }
        }
        self.forget(ticket, &failed);
        let message = format!("the batch {} ended without an answer to it", ticket.name);
        let trouble = Trouble { kind: FailureKind::Timeout, message, passing: true };
        self.fail(failed.iter().map(String::as_str), &trouble);
    }

    fn outcome(&self, format: &dyn WireFormat, request: &Request, answer: &Fetched) -> Outcome {
        match answer {
            Fetched::Body(body) => format
                .parse(&self.line.deployment, request, body)
                .unwrap_or_else(|fault| Outcome::failed(FailureKind::Malformed, fault)),
            Fetched::Error(status, body) => {
                let error = ServerError::read(*status, body.to_string().as_bytes(), None);
                match format.judge(&error).unwrap_or_else(|| refusal::verdict(&error)) {
                    Verdict::Done(outcome) => outcome,
                    Verdict::Again { kind, message, .. } | Verdict::Stop { kind, message } => {
                        Outcome::failed(kind, message)
                    }
                }
            }
            Fetched::Expired => {
                Outcome::failed(FailureKind::Timeout, "the batch ended before its turn came")
            }
        }
    }

    fn give_up(&mut self, ticket: &Ticket, trouble: &Trouble) {
        self.forget(ticket, &ticket.ids.iter().cloned().collect());
        self.fail(ticket.ids.iter().map(String::as_str), trouble);
    }

    /// Takes calls off a ticket, so that another try hands them in again.
    fn forget(&self, ticket: &Ticket, ids: &BTreeSet<String>) {
        if ids.is_empty() {
            return;
        }
        let change = |tickets: &mut Tickets| {
            for known in tickets.batches.iter_mut().filter(|known| known.name == ticket.name) {
                known.ids.retain(|id| !ids.contains(id));
            }
            tickets.batches.retain(|known| !known.ids.is_empty());
        };
        if let Err(reason) = Tickets::change(self.batching.journal.as_ref(), change) {
            tracing::warn!("the notes on batches can't be changed: {reason}");
        }
    }

    fn fail<'i>(&mut self, ids: impl Iterator<Item = &'i str>, trouble: &Trouble) {
        let places: Vec<Place> = ids.filter_map(|id| self.begun.remove(id)).flatten().collect();
        let indices: BTreeSet<usize> = places.into_iter().map(|(index, _)| index).collect();
        for index in indices {
            self.hand_over(index, Outcome::failed(trouble.kind, trouble.message.clone()));
        }
    }

    fn fail_all(&mut self, kind: FailureKind, reason: &str) {
        let ids: Vec<String> = self.begun.keys().cloned().collect();
        let trouble = Trouble { kind, message: reason.to_owned(), passing: false };
        self.fail(ids.iter().map(String::as_str), &trouble);
    }

    /// Hands a request over; its other calls are not waited for any more.
    fn hand_over(&mut self, index: usize, outcome: Outcome) {
        for places in self.begun.values_mut() {
            places.retain(|(place, _)| *place != index);
        }
        self.begun.retain(|_, places| !places.is_empty());
        let key = self.requests[index].0;
        (self.sink)(Finished { key, outcome, seconds: 0.0, retries: 0 });
    }
}

/// The parts in which calls are handed in: within the API's limits, each to one path.
fn parts(items: &[Item], (most, bytes): (usize, usize)) -> Vec<&[Item]> {
    let mut parts = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (at, item) in items.iter().enumerate() {
        let length = item.body.to_string().len() + item.id.len() + item.path.len();
        let full = at - start >= most || size + length > bytes || item.path != items[start].path;
        if full && at > start {
            parts.push(&items[start..at]);
            (start, size) = (at, 0);
        }
        size += length;
    }
    if start < items.len() {
        parts.push(&items[start..]);
    }
    parts
}

/// What a call is known by: 32 hexadecimal digits of a hash, which every API takes for an id.
fn known_by(path: &str, body: &serde_json::Value, number: usize) -> String {
    let text = format!("{path}\n{number}\n{body}");
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hex::encode(&hash.as_ref()[..16])
}
