//! One try of one call: build, send, read, judge.

use std::time::{Duration, Instant};

use holometer_core::{FailureKind, Outcome, Request};
use reqwest::header::{CONTENT_TYPE, LOCATION};
use serde_json::Value;

use crate::deployment::Deployment;
use crate::http::limits;
use crate::http::transport::{NoReply, Reply, Transport};
use crate::refusal::{self, ServerError, one_line};
use crate::wire_format::{Next, Verdict, WireFormat};

/// What came of a try.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// What it means.
    pub(crate) verdict: Verdict,
    /// From sending to the end of the answer.
    pub(crate) seconds: f64,
    /// How long until a limit is filled again of which nothing is left.
    pub(crate) pause: Option<Duration>,
}

/// Tries one call of a request once.
pub(crate) async fn attempt(
    deployment: &Deployment,
    transport: &Transport,
    format: &dyn WireFormat,
    request: &Request,
    call: usize,
) -> Attempt {
    let mut next = match format.build(deployment, request, call) {
        Ok(call) => call,
        Err((kind, message)) => return unsent(Verdict::Done(Outcome::failed(kind, message))),
    };
    let sent = Instant::now();
    let mut replies = Vec::new();
    loop {
        let reply = transport.post(&deployment.address(&next), &next.body).await;
        let seconds = sent.elapsed().as_secs_f64();
        let reply = match reply {
            Ok(reply) => reply,
            Err(no_reply) => return Attempt { seconds, ..unsent(lost(deployment, &no_reply)) },
        };
        let pause = limits::exhausted(&reply.headers);
        let done = |verdict| Attempt { verdict, seconds, pause };
        match read_body(deployment, format, &reply) {
            Ok(body) => replies.push(body),
            Err(verdict) => return done(verdict),
        }
        match format.advance(deployment, request, &replies) {
            Ok(Next::Done(outcome)) => return done(Verdict::Done(outcome)),
            Ok(Next::Call(call)) => next = call,
            Err(fault) => return done(malformed(fault)),
        }
    }
}

fn unsent(verdict: Verdict) -> Attempt {
    Attempt { verdict, seconds: 0.0, pause: None }
}

fn lost(deployment: &Deployment, no_reply: &NoReply) -> Verdict {
    let message = format!("{}: {}", deployment.shown, no_reply.reason);
    if no_reply.kind == FailureKind::Unauthorized {
        return Verdict::Stop { kind: no_reply.kind, message };
    }
    Verdict::Again { kind: no_reply.kind, message, after: None, overloaded: false }
}

/// The JSON of a successful reply, or what any other reply means.
fn read_body(
    deployment: &Deployment,
    format: &dyn WireFormat,
    reply: &Reply,
) -> Result<Value, Verdict> {
    if !(200..300).contains(&reply.status) {
        return Err(judge_error(format, &read_error(deployment, reply, reply.status)));
    }
    let body: Value =
        serde_json::from_slice(&reply.body).map_err(|error| malformed(not_json(reply, &error)))?;
    // Some gateways report an error with status 200.
    if let Some(error) = body.get("error").filter(|error| error.is_object()) {
        let code =
            error.get("code").and_then(Value::as_u64).filter(|code| (400..600).contains(code));
        let status = code.map_or(500, |code| code as u16);
        return Err(judge_error(format, &read_error(deployment, reply, status)));
    }
    Ok(body)
}

fn judge_error(format: &dyn WireFormat, error: &ServerError) -> Verdict {
    format.judge(error).unwrap_or_else(|| refusal::verdict(error))
}

/// Reads an error reply, after our keys were taken out of it.
pub(crate) fn read_error(deployment: &Deployment, reply: &Reply, status: u16) -> ServerError {
    let text = deployment.redact(&String::from_utf8_lossy(&reply.body));
    let after = limits::wait(&reply.headers, reply.received);
    let mut error = ServerError::read(status, text.as_bytes(), after);
    if let Some(target) = reply.headers.get(LOCATION).and_then(|value| value.to_str().ok()) {
        error.message = format!("it sends to `{}`", one_line(&deployment.redact(target)));
    }
    error
}

fn malformed(message: String) -> Verdict {
    Verdict::Again { kind: FailureKind::Malformed, message, after: None, overloaded: false }
}

fn not_json(reply: &Reply, error: &serde_json::Error) -> String {
    if reply.body.is_empty() {
        return "the answer is empty".into();
    }
    let kind = reply.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    match kind {
        Some(kind) if !kind.contains("json") => {
            format!("the server sent `{}` instead of JSON", one_line(kind))
        }
        _ if error.is_eof() => "the answer's JSON ends too early".into(),
        _ => format!("the answer is not JSON: {error}"),
    }
}
