//! One try of one call: build, send, read, judge.

use std::time::{Duration, Instant};

use holometer_core::{FailureKind, Outcome, Request};
use reqwest::header::{CONTENT_TYPE, LOCATION};
use serde_json::Value;

use crate::deployment::Deployment;
use crate::http::limits;
use crate::http::transport::{Reply, Transport};
use crate::refusal::{self, ServerError, one_line};
use crate::wire_format::{Verdict, WireFormat};

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
    let call = match format.build(deployment, request, call) {
        Ok(call) => call,
        Err((kind, message)) => {
            let verdict = Verdict::Done(Outcome::failed(kind, message));
            return Attempt { verdict, seconds: 0.0, pause: None };
        }
    };
    let sent = Instant::now();
    let reply = transport.post(&deployment.url(&call.path), &call.body).await;
    let seconds = sent.elapsed().as_secs_f64();
    match reply {
        Ok(reply) => Attempt {
            verdict: judge(deployment, format, request, &reply),
            seconds,
            pause: limits::exhausted(&reply.headers),
        },
        Err(no_reply) => {
            let message = format!("{}: {}", deployment.shown, no_reply.reason);
            let verdict =
                Verdict::Again { kind: no_reply.kind, message, after: None, overloaded: false };
            Attempt { verdict, seconds, pause: None }
        }
    }
}

fn judge(
    deployment: &Deployment,
    format: &dyn WireFormat,
    request: &Request,
    reply: &Reply,
) -> Verdict {
    if !(200..300).contains(&reply.status) {
        return judge_error(format, &read_error(deployment, reply, reply.status));
    }
    let body: Value = match serde_json::from_slice(&reply.body) {
        Ok(body) => body,
        Err(error) => return malformed(not_json(reply, &error)),
    };
    // Some gateways report an error with status 200.
    if let Some(error) = body.get("error").filter(|error| error.is_object()) {
        let code =
            error.get("code").and_then(Value::as_u64).filter(|code| (400..600).contains(code));
        let status = code.map_or(500, |code| code as u16);
        return judge_error(format, &read_error(deployment, reply, status));
    }
    match format.parse(deployment, request, &body) {
        Ok(outcome) => Verdict::Done(outcome),
        Err(fault) => malformed(fault),
    }
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
