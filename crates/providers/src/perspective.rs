//! The Perspective API, which HELM's toxicity is measured with: one text to one number. Its makers end it on 31 December 2026 and
//! give out no new keys; it is here for whoever has one and must compare with published numbers.
//!
//! Format: `POST /v1alpha1/comments:analyze`, as its makers published it; the summary score of the attribute `TOXICITY`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Url;
use reqwest::header::RETRY_AFTER;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::error::ProviderError;
use crate::http::runtime::wait_for;
use crate::http::transport::{Reply, Transport};
use crate::secret::Secret;
use crate::settings::{Retries, Settings};

/// The environment variable, or name in the credentials file, of the key.
pub const PERSPECTIVE_KEY_VARIABLE: &str = "PERSPECTIVE_API_KEY";

/// Where it is.
pub const PERSPECTIVE_ADDRESS: &str = "https://commentanalyzer.googleapis.com";

/// Longer texts are cut, as in HELM; the service takes no more, in bytes.
const LONGEST: usize = 20_480;

/// Why there is no score.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PerspectiveError {
    /// This text can't be scored, others may.
    #[error("{0}")]
    Text(String),
    /// No text will be scored.
    #[error("the Perspective API refuses: {reason}\nhint: {hint}")]
    Refused {
        /// What it says.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// It was tried often enough.
    #[error(
        "the Perspective API does not answer: {reason}\nhint: the same command goes on where it stopped"
    )]
    Unreachable {
        /// What happened last.
        reason: String,
    },
}

/// A client, which keeps to a pace.
#[derive(Clone, Debug)]
pub struct Perspective {
    transport: Transport,
    url: String,
    key: Secret,
    language: String,
    retries: Retries,
    /// Between two calls.
    interval: Duration,
    /// When the next call may start.
    free: Arc<Mutex<Option<Instant>>>,
}

impl Perspective {
    /// A client of the service at `address` for texts in a language (`en`), with so many calls per second at most; the service grants one
    /// where it was not asked for more.
    ///
    /// # Errors
    /// When the key is missing or the address is none.
    pub fn new(
        address: &str,
        language: &str,
        per_second: f64,
        settings: &Settings,
    ) -> Result<Self, ProviderError> {
        let key = (settings.env)(PERSPECTIVE_KEY_VARIABLE).map(|key| Secret::new(&key));
        let key = key.ok_or_else(|| ProviderError::MissingKey {
            provider: "the Perspective API".into(),
            variable: PERSPECTIVE_KEY_VARIABLE.into(),
            docs: "new keys are not given out any more; without one the program's own scorer (`holometer show scorer toxicity`) is there"
                .into(),
        })?;
        let bad = |reason: String| ProviderError::BadAddress { address: address.into(), reason };
        let base = Url::parse(address).map_err(|error| bad(error.to_string()))?;
        if !base.has_host() || !matches!(base.scheme(), "http" | "https") {
            return Err(bad("it is no address of a web service".into()));
        }
        let headers = [("x-goog-api-key".to_owned(), key.clone())];
        Ok(Self {
            transport: Transport::new(&base, &headers, settings)?,
            url: format!("{}/v1alpha1/comments:analyze", address.trim_end_matches('/')),
            key,
            language: language.to_owned(),
            retries: settings.retries,
            interval: Duration::from_secs_f64(1.0 / per_second.clamp(0.001, 10_000.0)),
            free: Arc::default(),
        })
    }

    /// How toxic a text is, from 0 to 1. Waits for its turn, and for the service where that asks for it.
    ///
    /// # Errors
    /// See [`PerspectiveError`].
    pub fn score(&self, text: &str) -> Result<f64, PerspectiveError> {
        let (client, text) = (self.clone(), cut(text).to_owned());
        wait_for(async move { client.ask(&text).await }).unwrap_or_else(|| {
            Err(PerspectiveError::Unreachable { reason: "the call was broken off".into() })
        })
    }

    async fn ask(&self, text: &str) -> Result<f64, PerspectiveError> {
        let body = json!({
            "comment": { "text": text },
            "languages": [self.language],
            "requestedAttributes": { "TOXICITY": {} },
            "doNotStore": true,
        });
        let mut delay = self.retries.first_delay;
        for tries_left in (0..=self.retries.max).rev() {
            self.wait_for_turn().await;
            let (reason, pause) = match self.transport.post(&self.url, &body).await {
                Ok(reply) if reply.status == 200 => return score_of(&reply),
                Ok(reply) if reply.status == 429 || reply.status >= 500 => {
                    (self.said(&reply), asked_pause(&reply))
                }
                Ok(reply) => return Err(self.refusal(&reply)),
                Err(no_reply) => (self.key.redact(&no_reply.reason), None),
            };
            if tries_left == 0 {
                return Err(PerspectiveError::Unreachable { reason });
            }
            tokio::time::sleep(pause.unwrap_or(delay).min(self.retries.patience)).await;
            delay = (delay * 2).min(self.retries.max_delay);
        }
        unreachable!("the last try returns")
    }

    async fn wait_for_turn(&self) {
        let now = Instant::now();
        let turn = {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = free.filter(|free| *free > now).unwrap_or(now);
            *free = Some(turn + self.interval);
            turn
        };
        tokio::time::sleep_until(turn).await;
    }

    /// What a reply that is no score says.
    fn said(&self, reply: &Reply) -> String {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        let message = body["error"]["message"].as_str().unwrap_or("no reason is given");
        format!("{} (status {})", self.key.redact(message), reply.status)
    }

    /// A bad request is about its text, unless it is about the key.
    fn refusal(&self, reply: &Reply) -> PerspectiveError {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        let details = body["error"]["details"].as_array();
        let about_key = details.is_some_and(|details| {
            details.iter().any(|detail| {
                detail["reason"].as_str().is_some_and(|reason| reason.starts_with("API_KEY"))
            })
        });
        let reason = self.said(reply);
        if reply.status == 400 && !about_key {
            return PerspectiveError::Text(reason);
        }
        let hint = format!(
            "{PERSPECTIVE_KEY_VARIABLE} must hold a key of a project in which the service is enabled"
        );
        PerspectiveError::Refused { reason, hint }
    }
}

fn score_of(reply: &Reply) -> Result<f64, PerspectiveError> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
    let score = body["attributeScores"]["TOXICITY"]["summaryScore"]["value"].as_f64();
    score
        .filter(|score| (0.0..=1.0).contains(score))
        .ok_or_else(|| PerspectiveError::Text("the answer holds no toxicity from 0 to 1".into()))
}

fn asked_pause(reply: &Reply) -> Option<Duration> {
    let seconds = reply.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The beginning of a text that the service takes.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use holometer_testkit::fake_server::{FakeReply, FakeServer, Reaction};

    use super::*;

    /// A service as its makers described it: a score for a text, and an error for each thing that can go wrong.
    fn service() -> FakeServer {
        FakeServer::start(|request| {
            let body = request.json();
            let text = body["comment"]["text"].as_str().unwrap_or_default();
            let key = request.header("x-goog-api-key") == Some("a-key");
            let error = |status: u16, message: &str, reason: &str| {
                FakeReply::json(
                    status,
                    &json!({ "error": { "code": status, "message": message, "status": "X", "details": [{ "reason": reason }] } }),
                )
            };
            let whole = request.method == "POST"
                && request.path == "/v1alpha1/comments:analyze"
                && body["requestedAttributes"] == json!({ "TOXICITY": {} })
                && body["languages"] == json!(["en"])
                && body["doNotStore"] == json!(true);
            Reaction::Reply(match text {
                _ if !whole => error(404, "not found", "NONE"),
                _ if !key => error(400, "API key not valid: a-bad-key", "API_KEY_INVALID"),
                "busy" if request.number == 0 => {
                    error(429, "quota", "RATE_LIMIT").with_header("retry-after", "0")
                }
                "strange" => error(400, "does not support request languages: eo", "NONE"),
                _ => FakeReply::json(
                    200,
                    &json!({ "attributeScores": { "TOXICITY": {
                        "spanScores": [{ "begin": 0, "end": 4, "score": { "value": 0.9, "type": "PROBABILITY" } }],
                        "summaryScore": { "value": text.len() as f64 / 100_000.0, "type": "PROBABILITY" } } },
                        "languages": ["en"], "detectedLanguages": ["en"] }),
                ),
            })
        })
    }

    fn client(server: &FakeServer, key: &'static str) -> Perspective {
        let settings = Settings { env: Arc::new(|_| Some(key.to_owned())), ..Settings::default() };
        Perspective::new(&server.url(), "en", 10_000.0, &settings).unwrap()
    }

    #[test]
    fn scores_are_read_limits_waited_out_and_refusals_told_apart() {
        let server = service();
        let good = client(&server, "a-key");
        assert_eq!(good.score("busy"), Ok(0.00004));
        assert_eq!(server.requests(), 2);
        // Two bytes each: the cut falls on a character's border.
        assert_eq!(good.score(&"é".repeat(20_000)), Ok(0.2048));
        let Err(PerspectiveError::Text(reason)) = good.score("strange") else { panic!() };
        assert!(reason.contains("languages: eo"), "{reason}");
        let Err(PerspectiveError::Refused { reason, hint }) =
            client(&server, "a-bad-key").score("text")
        else {
            panic!()
        };
        assert!(reason.contains("[key]") && !reason.contains("a-bad-key"), "{reason}");
        assert!(hint.contains("PERSPECTIVE_API_KEY"), "{hint}");
    }

    #[test]
    fn without_a_key_or_an_address_it_says_so() {
        let none = Settings { env: Arc::new(|_| None), ..Settings::default() };
        let missing = Perspective::new(PERSPECTIVE_ADDRESS, "en", 1.0, &none).unwrap_err();
        assert!(missing.to_string().contains("PERSPECTIVE_API_KEY is not set"), "{missing}");
        let some = Settings { env: Arc::new(|_| Some("k".into())), ..Settings::default() };
        let error = Perspective::new("nowhere", "en", 1.0, &some).unwrap_err();
        assert!(error.to_string().contains("not a valid address"), "{error}");
    }
}
