//! What HTTP error replies mean. Written from the error pages of the vendors; one place for all, because nearly all
//! follow OpenAI's shape and HTTP's status codes.

use std::time::Duration;

use holometer_core::{FailureKind, Outcome};
use serde_json::Value;

use crate::wire_format::Verdict;

/// The longest message kept, in characters.
const MESSAGE_CHARS: usize = 400;

/// Codes with which servers say that a filter, not an error, kept them from answering.
const FILTER_CODES: [&str; 4] = [
    "content_filter",
    "content_policy_violation",
    "ResponsibleAIPolicyViolation",
    "moderation_blocked",
];

/// Sentences with which servers say the same; those of OpenAI, Azure and xAI are HELM's list (`openai_client.py`).
const FILTER_SENTENCES: [&str; 7] = [
    "limited access to this content for safety reasons",
    "your input image may contain content that is not allowed by our safety system",
    "your prompt was flagged",
    "content management policy",
    "content violates safety guidelines",
    "content violates usage guidelines",
    "output blocked by content filtering policy",
];

/// Parts of the sentences with which servers say that a prompt is too long.
const TOO_LONG_SENTENCES: [&str; 9] = [
    "maximum context length",
    "context_length_exceeded",
    "context window",
    "context size",
    "prompt is too long",
    "input is too long",
    "too many tokens",
    "exceeds the maximum number of tokens",
    "maximum model length",
];

/// Codes and words of a quota that waiting does not refill.
const SPENT_QUOTA: [&str; 4] = [
    "insufficient_quota",
    "billing_hard_limit_reached",
    "credit balance is too low",
    "insufficient balance",
];

/// An error reply in a common form.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ServerError {
    /// HTTP's status.
    pub(crate) status: u16,
    /// The server's words, shortened, on one line, without our keys.
    pub(crate) message: String,
    /// The server's code or type; may be empty.
    pub(crate) code: String,
    /// How long the server asks to wait.
    pub(crate) after: Option<Duration>,
    /// The JSON body, if it is one.
    pub(crate) body: Option<Value>,
}

impl ServerError {
    /// Reads an error reply's body, which may be anything.
    pub(crate) fn read(status: u16, body: &[u8], after: Option<Duration>) -> Self {
        let json = serde_json::from_slice::<Value>(body).ok();
        let (message, code) = match &json {
            Some(value) => message_and_code(value),
            None => (String::from_utf8_lossy(body).into_owned(), String::new()),
        };
        Self { status, message: one_line(&message), code, after, body: json }
    }

    fn says(&self, parts: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        parts.iter().any(|part| {
            self.code.eq_ignore_ascii_case(part) || message.contains(&part.to_lowercase())
        })
    }
}

/// What an error reply means.
pub(crate) fn verdict(error: &ServerError) -> Verdict {
    if matches!(error.status, 400 | 403 | 422)
        && (error.says(&FILTER_CODES) || error.says(&FILTER_SENTENCES))
    {
        return Verdict::Done(Outcome::Refused { reason: error.message.clone() });
    }
    if error.status == 402 || (matches!(error.status, 400 | 403 | 429) && error.says(&SPENT_QUOTA))
    {
        return stop(
            FailureKind::Unauthorized,
            error,
            "the account has no credit left; add some and run again",
        );
    }
    match error.status {
        401 | 403 => stop(
            FailureKind::Unauthorized,
            error,
            "check the key and what it may use, then run again",
        ),
        300..=399 => stop(
            FailureKind::Rejected,
            error,
            "the server sends elsewhere; use that address instead",
        ),
        404 | 410 => stop(FailureKind::Rejected, error, "check the model's name and the address"),
        408 => again(FailureKind::Timeout, error, false),
        429 => again(FailureKind::RateLimited, error, true),
        503 | 529 => again(FailureKind::Server, error, true),
        501 | 505 => done(FailureKind::Rejected, error),
        409 | 425 | 500..=599 => again(FailureKind::Server, error, false),
        413 => done(FailureKind::TooLong, error),
        _ if error.says(&TOO_LONG_SENTENCES) => done(FailureKind::TooLong, error),
        _ => done(FailureKind::Rejected, error),
    }
}

fn done(kind: FailureKind, error: &ServerError) -> Verdict {
    Verdict::Done(Outcome::failed(kind, sentence(error)))
}

fn again(kind: FailureKind, error: &ServerError, overloaded: bool) -> Verdict {
    Verdict::Again { kind, message: sentence(error), after: error.after, overloaded }
}

pub(crate) fn stop(kind: FailureKind, error: &ServerError, hint: &str) -> Verdict {
    Verdict::Stop { kind, message: format!("{}; hint: {hint}", sentence(error)) }
}

fn sentence(error: &ServerError) -> String {
    match (error.message.is_empty(), error.code.is_empty()) {
        (true, true) => format!("HTTP {}", error.status),
        (true, false) => format!("HTTP {}: {}", error.status, error.code),
        (false, _) => format!("HTTP {}: {}", error.status, error.message),
    }
}

/// Finds message and code in `{"error": {...}}`, `{"error": "..."}`, `{"message": ...}`, `{"detail": ...}`, and in the
/// one-element list that Google sends for some errors.
fn message_and_code(body: &Value) -> (String, String) {
    let body = body.as_array().and_then(|list| list.first()).unwrap_or(body);
    let error = body.get("error").filter(|error| !error.is_null()).unwrap_or(body);
    if let Value::String(message) = error {
        return (message.clone(), String::new());
    }
    let message = ["message", "detail", "error_msg", "msg"]
        .iter()
        .filter_map(|field| error.get(field))
        .find(|value| !value.is_null())
        .map(text_of)
        .unwrap_or_default();
    // Innermost first: Azure says `content_filter` outside and the policy's name inside; the status of Google.
    let code = [error.get("code"), error.get("type"), error.get("status"), body.get("type")]
        .into_iter()
        .flatten()
        .find_map(|value| value.as_str().filter(|code| !code.is_empty()))
        .unwrap_or_default();
    (message, code.to_owned())
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text on one line, without control characters, shortened.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut words =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty());
    let mut chars = 0;
    for word in words.by_ref() {
        if chars > 0 {
            line.push(' ');
        }
        line.extend(word.chars().take(MESSAGE_CHARS.saturating_sub(chars)));
        chars += word.chars().count() + 1;
        if chars > MESSAGE_CHARS {
            line.push_str("...");
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str) -> Verdict {
        verdict(&ServerError::read(status, body.as_bytes(), None))
    }

    #[test]
    fn filters_are_refusals_not_errors() {
        for (status, body) in [
            (
                400,
                r#"{"error":{"message":"x","type":"invalid_request_error","code":"content_filter"}}"#,
            ),
            (
                400,
                r#"{"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating"}}"#,
            ),
            (403, r#"{"error":"Content violates usage guidelines. Team: 1"}"#),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}"#,
            ),
        ] {
            assert!(
                matches!(judged(status, body), Verdict::Done(Outcome::Refused { .. })),
                "{body}"
            );
        }
    }

    #[test]
    fn dead_keys_and_spent_quotas_stop_everything() {
        for (status, body) in [
            (401, r#"{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}"#),
            (403, "forbidden"),
            (402, r#"{"error":{"message":"Insufficient Balance"}}"#),
            (
                429,
                r#"{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}"#,
            ),
            (
                404,
                r#"{"error":{"message":"The model `x` does not exist","code":"model_not_found"}}"#,
            ),
        ] {
            assert!(matches!(judged(status, body), Verdict::Stop { .. }), "{body}");
        }
    }

    #[test]
    fn busy_servers_are_asked_again_and_given_less() {
        let overload =
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        for (status, kind, fewer) in [
            (529, FailureKind::Server, true),
            (503, FailureKind::Server, true),
            (500, FailureKind::Server, false),
            (429, FailureKind::RateLimited, true),
            (408, FailureKind::Timeout, false),
        ] {
            let verdict = judged(status, overload);
            let Verdict::Again { kind: found, overloaded, .. } = verdict else {
                panic!("{status}")
            };
            assert_eq!((found, overloaded), (kind, fewer), "{status}");
        }
    }

    #[test]
    fn a_prompt_that_does_not_fit_is_too_long() {
        for body in [
            r#"{"error":{"message":"This model's maximum context length is 4097 tokens","code":"context_length_exceeded"}}"#,
            r#"{"object":"error","message":"This model's maximum context length is 2048 tokens.","type":"BadRequestError","code":400}"#,
            r#"{"error":{"type":"exceed_context_size_error","message":"the request exceeds the available context size"}}"#,
            r#"{"detail":"prompt is too long: 9 tokens > 8 maximum"}"#,
        ] {
            let Verdict::Done(Outcome::Failed { kind, .. }) = judged(400, body) else {
                panic!("{body}")
            };
            assert_eq!(kind, FailureKind::TooLong, "{body}");
        }
    }

    #[test]
    fn messages_are_short_single_lines() {
        let error = ServerError::read(500, "a\n\u{1b}[31mb  \0c".as_bytes(), None);
        assert_eq!(error.message, "a [31mb c");
        let long = ServerError::read(500, &vec![b'x'; 100_000], None);
        assert!(long.message.len() <= MESSAGE_CHARS + 3);
    }
}
