//! Google's batches for Gemini, with the requests in the call.
//!
//! Source: <https://ai.google.dev/gemini-api/docs/batch-api>.

use serde_json::{Value, json};

use crate::batch::api::{Fetched, Item, State, Trouble, get, post, text};
use crate::http::driver::Line;

pub(super) async fn submit(line: &Line, items: &[Item]) -> Result<String, Trouble> {
    let requests: Vec<Value> = items
        .iter()
        .map(|item| json!({"request": item.body, "metadata": {"key": item.id}}))
        .collect();
    let order = json!({"batch": {
        "display_name": "holometer",
        "input_config": {"requests": {"requests": requests}},
    }});
    let path = format!("/models/{}:batchGenerateContent", line.deployment.model);
    let batch = post(line, &path, &order).await?;
    text(&batch, "name").map(str::to_owned)
}

pub(super) async fn look(line: &Line, name: &str) -> Result<State, Trouble> {
    let batch = get(line, &format!("/{name}")).await?;
    let state = batch.pointer("/metadata/state").and_then(Value::as_str).unwrap_or_default();
    let state = state.trim_start_matches("BATCH_STATE_").trim_start_matches("JOB_STATE_");
    match state {
        "FAILED" => {
            let reason = batch.pointer("/error/message").and_then(Value::as_str);
            Ok(State::Failed(reason.unwrap_or("the provider does not say why").to_owned()))
        }
        "SUCCEEDED" | "CANCELLED" | "EXPIRED" => {
            let answers = batch
                .pointer("/response/inlinedResponses/inlinedResponses")
                .and_then(Value::as_array);
            Ok(State::Ended(answers.into_iter().flatten().filter_map(one).collect()))
        }
        _ => {
            let done = batch.pointer("/metadata/batchStats/successfulRequestCount");
            Ok(State::Running(done.and_then(Value::as_str).and_then(|count| count.parse().ok())))
        }
    }
}

fn one(answer: &Value) -> Option<(String, Fetched)> {
    let id = answer.pointer("/metadata/key")?.as_str()?.to_owned();
    let fetched = match (answer.get("response"), answer.get("error")) {
        (Some(body), _) => Fetched::Body(body.clone()),
        (None, Some(error)) => Fetched::Error(status(error), json!({"error": error})),
        (None, None) => Fetched::Expired,
    };
    Some((id, fetched))
}

/// The HTTP status of a `google.rpc.Code`.
///
/// Source: <https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto>.
fn status(error: &Value) -> u16 {
    match error.get("code").and_then(Value::as_u64) {
        Some(3 | 9 | 11) => 400,
        Some(16) => 401,
        Some(7) => 403,
        Some(5) => 404,
        Some(8) => 429,
        Some(4) => 504,
        Some(14) => 503,
        Some(code @ 400..=599) => u16::try_from(code).unwrap_or(500),
        _ => 500,
    }
}
