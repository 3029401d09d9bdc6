//! Anthropic's message batches.
//!
//! Source: <https://docs.anthropic.com/en/api/creating-message-batches>.

use serde_json::{Value, json};

use crate::batch::api::{Fetched, Item, State, Trouble, get, get_lines, post, text};
use crate::http::driver::Line;

pub(super) async fn submit(line: &Line, items: &[Item]) -> Result<String, Trouble> {
    let requests: Vec<Value> =
        items.iter().map(|item| json!({"custom_id": item.id, "params": item.body})).collect();
    let batch = post(line, "/messages/batches", &json!({"requests": requests})).await?;
    text(&batch, "id").map(str::to_owned)
}

pub(super) async fn look(line: &Line, name: &str) -> Result<State, Trouble> {
    let batch = get(line, &format!("/messages/batches/{name}")).await?;
    if text(&batch, "processing_status")? != "ended" {
        let done = batch.pointer("/request_counts/succeeded").and_then(Value::as_u64);
        return Ok(State::Running(done));
    }
    // The reply also has an address of the results; the key is not sent to an address that a reply names.
    let lines = get_lines(line, &format!("/messages/batches/{name}/results")).await?;
    Ok(State::Ended(lines.iter().filter_map(one).collect()))
}

fn one(line: &Value) -> Option<(String, Fetched)> {
    let id = line.get("custom_id")?.as_str()?.to_owned();
    let result = line.get("result")?;
    let fetched = match result.get("type")?.as_str()? {
        "succeeded" => Fetched::Body(result.get("message").cloned().unwrap_or_default()),
        "errored" => {
            let error = result.get("error").cloned().unwrap_or_default();
            let kind = error.pointer("/error/type").and_then(Value::as_str);
            Fetched::Error(status(kind.unwrap_or_default()), error)
        }
        _ => Fetched::Expired,
    };
    Some((id, fetched))
}

/// The status that goes with an error's type.
///
/// Source: <https://docs.anthropic.com/en/api/errors>.
fn status(kind: &str) -> u16 {
    match kind {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "overloaded_error" => 529,
        _ => 500,
    }
}
