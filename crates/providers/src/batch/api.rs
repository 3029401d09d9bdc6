//! What all batch APIs have in common: hand in, ask how it is doing, fetch.

use holometer_core::FailureKind;
use serde_json::Value;

use crate::batch::{BatchApi, anthropic, google, openai};
use crate::http::attempt::read_error;
use crate::http::driver::Line;
use crate::http::transport::{NoReply, Reply};
use crate::refusal;
use crate::wire_format::Verdict;

/// One request of a batch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// What it is known by.
    pub(crate) id: String,
    /// The path that it would be posted to by itself.
    pub(crate) path: String,
    /// Its body.
    pub(crate) body: Value,
}

/// What became of one request of a batch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fetched {
    /// The body that a call would have been answered with.
    Body(Value),
    /// An error reply: its status and body.
    Error(u16, Value),
    /// It was not answered in time, or the batch was cancelled.
    Expired,
}

/// How a batch is doing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    /// Not done; how many of its requests are, where the provider says.
    Running(Option<u64>),
    /// Done: what became of each request.
    Ended(Vec<(String, Fetched)>),
    /// It failed as a whole.
    Failed(String),
}

/// Why a call about a batch came to nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trouble {
    /// The kind.
    pub(crate) kind: FailureKind,
    /// What happened.
    pub(crate) message: String,
    /// Whether another try may help.
    pub(crate) passing: bool,
}

impl BatchApi {
    /// Requests and bytes of one batch, at most, with room to spare.
    pub(crate) fn limits(self) -> (usize, usize) {
        match self {
            Self::OpenAi => (50_000, 180 << 20),
            Self::Anthropic => (100_000, 220 << 20),
            Self::Google => (10_000, 15 << 20),
        }
    }

    /// Hands a batch in; gives its name at the provider.
    pub(crate) async fn submit(self, line: &Line, items: &[Item]) -> Result<String, Trouble> {
        match self {
            Self::OpenAi => openai::submit(line, items).await,
            Self::Anthropic => anthropic::submit(line, items).await,
            Self::Google => google::submit(line, items).await,
        }
    }

    /// How a batch is doing.
    pub(crate) async fn look(self, line: &Line, name: &str) -> Result<State, Trouble> {
        match self {
            Self::OpenAi => openai::look(line, name).await,
            Self::Anthropic => anthropic::look(line, name).await,
            Self::Google => google::look(line, name).await,
        }
    }
}

/// A GET of JSON below the base address.
pub(crate) async fn get(line: &Line, path: &str) -> Result<Value, Trouble> {
    let reply = line.transport.get(&line.deployment.url(path)).await;
    json(&good(line, reply)?)
}

/// A GET of JSON lines below the base address.
pub(crate) async fn get_lines(line: &Line, path: &str) -> Result<Vec<Value>, Trouble> {
    let reply = good(line, line.transport.get(&line.deployment.url(path)).await)?;
    let text = String::from_utf8_lossy(&reply.body);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| serde_json::from_str(line).map_err(|_| unreadable("a line is not JSON")))
        .collect()
}

/// A POST of JSON below the base address.
pub(crate) async fn post(line: &Line, path: &str, body: &Value) -> Result<Value, Trouble> {
    let reply = line.transport.post(&line.deployment.url(path), body).await;
    json(&good(line, reply)?)
}

/// A POST of anything below the base address.
pub(crate) async fn post_as(
    line: &Line,
    path: &str,
    kind: &str,
    body: String,
) -> Result<Value, Trouble> {
    let reply = line.transport.post_as(&line.deployment.url(path), kind, body).await;
    json(&good(line, reply)?)
}

/// A text field of a reply.
pub(crate) fn text<'a>(body: &'a Value, field: &str) -> Result<&'a str, Trouble> {
    body.get(field)
        .and_then(Value::as_str)
        .ok_or_else(|| unreadable(&format!("it has no `{field}`")))
}

fn good(line: &Line, reply: Result<Reply, NoReply>) -> Result<Reply, Trouble> {
    let shown = &line.deployment.shown;
    let reply = reply.map_err(|no_reply| Trouble {
        kind: no_reply.kind,
        message: format!("{shown}: {}", no_reply.reason),
        passing: no_reply.kind != FailureKind::Unauthorized,
    })?;
    if (200..300).contains(&reply.status) {
        return Ok(reply);
    }
    let error = read_error(&line.deployment, &reply, reply.status);
    let said = format!("HTTP {} {}", error.status, error.message).trim_end().to_owned();
    Err(match refusal::verdict(&error) {
        Verdict::Again { kind, message, .. } => Trouble { kind, message, passing: true },
        Verdict::Stop { kind, message } => Trouble { kind, message, passing: false },
        Verdict::Done(_) => Trouble { kind: FailureKind::Rejected, message: said, passing: false },
    })
}

fn json(reply: &Reply) -> Result<Value, Trouble> {
    serde_json::from_slice(&reply.body).map_err(|_| unreadable("it is not JSON"))
}

fn unreadable(reason: &str) -> Trouble {
    let message = format!("the batch API's reply can't be read: {reason}");
    Trouble { kind: FailureKind::Malformed, message, passing: true }
}
