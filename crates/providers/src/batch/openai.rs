//! OpenAI's batches: a file of requests is uploaded, a batch made of it, and its answers fetched as a file.
//!
//! Source: <https://platform.openai.com/docs/guides/batch>.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::batch::api::{Fetched, Item, State, Trouble, get, get_lines, post, post_as, text};
use crate::http::driver::Line;

/// What separates the parts of the upload. It can't occur in JSON lines, whose lines begin with `{`.
const BOUNDARY: &str = "holometer-batch-boundary";

pub(super) async fn submit(line: &Line, items: &[Item]) -> Result<String, Trouble> {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let uploaded = post_as(line, "/files", &kind, upload(items)).await?;
    let path = items.first().map_or("", |item| item.path.as_str());
    let order = json!({
        "input_file_id": text(&uploaded, "id")?,
        "endpoint": format!("/v1{path}"),
        "completion_window": "24h",
    });
    let batch = post(line, "/batches", &order).await?;
    text(&batch, "id").map(str::to_owned)
}

fn upload(items: &[Item]) -> String {
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--{BOUNDARY}\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"requests.jsonl\"\r\n\
         Content-Type: application/jsonl\r\n\r\n"
    );
    for item in items {
        let url = format!("/v1{}", item.path);
        let line = json!({"custom_id": item.id, "method": "POST", "url": url, "body": item.body});
        // Writing to a string can't fail.
        let _ = writeln!(body, "{line}");
    }
    let _ = write!(body, "\r\n--{BOUNDARY}--\r\n");
    body
}

pub(super) async fn look(line: &Line, name: &str) -> Result<State, Trouble> {
    let batch = get(line, &format!("/batches/{name}")).await?;
    match text(&batch, "status")? {
        "failed" => {
            let reason = batch.pointer("/errors/data/0/message").and_then(Value::as_str);
            Ok(State::Failed(reason.unwrap_or("the provider does not say why").to_owned()))
        }
        "completed" | "expired" | "cancelled" => {
            let mut fetched = Vec::new();
            for field in ["output_file_id", "error_file_id"] {
                let Some(file) = batch.get(field).and_then(Value::as_str) else { continue };
                let lines = get_lines(line, &format!("/files/{file}/content")).await?;
                fetched.extend(lines.iter().filter_map(one));
            }
            Ok(State::Ended(fetched))
        }
        _ => Ok(State::Running(batch.pointer("/request_counts/completed").and_then(Value::as_u64))),
    }
}

fn one(line: &Value) -> Option<(String, Fetched)> {
    let id = line.get("custom_id")?.as_str()?.to_owned();
    let body = line.pointer("/response/body").cloned().unwrap_or_default();
    let status = line.pointer("/response/status_code").and_then(Value::as_u64);
    let fetched = match status {
        Some(200) => Fetched::Body(body),
        Some(status) => Fetched::Error(u16::try_from(status).unwrap_or(500), body),
        None => match line.pointer("/error/code").and_then(Value::as_str) {
            Some("batch_expired" | "batch_cancelled") => Fetched::Expired,
            _ => Fetched::Error(500, json!({"error": line.get("error")})),
        },
    };
    Some((id, fetched))
}
