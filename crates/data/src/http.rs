//! The HTTP client: one request that is worth trying again, and what an answer's status means.

use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::DataError;
use crate::settings::{Network, Token};

/// Something to get: the address, how people call it, who is asking, and what to advise when access is denied.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub url: String,
    pub what: String,
    pub token: Option<Token>,
    pub denied_hint: String,
}

/// A failed attempt.
pub(crate) enum Failure {
    /// Another attempt would fail as well.
    Final(DataError),
    /// Another attempt may succeed, after this wait if the server asked for one.
    Transient(DataError, Option<Duration>),
}

impl Failure {
    pub(crate) fn into_error(self) -> DataError {
        match self {
            Failure::Final(error) | Failure::Transient(error, _) => error,
        }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Failure {
        Failure::Final(error)
    }
}

/// Runs asynchronous work to its end on a thread of its own, so that it doesn't matter whether the caller is inside an
/// asynchronous runtime.
pub(crate) fn block_on<T, F>(work: impl FnOnce() -> F + Send) -> Result<T, DataError>
where
    T: Send,
    F: Future<Output = Result<T, DataError>>,
{
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| DataError::NoClient {
            reason: format!("the network runtime did not start ({error})"),
        })?;
        runtime.block_on(work())
    };
    std::thread::scope(|scope| {
        let thread = scope.spawn(run);
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// A client for these settings. Content is never recoded on the way: sizes, ranges and hashes are of the file itself.
pub(crate) fn client(network: &Network) -> Result<Client, DataError> {
    // Fails only when a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Client::builder()
        .user_agent(concat!("holometer/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .no_gzip()
        .redirect(reqwest::redirect::Policy::limited(network.redirects))
        .connect_timeout(network.connect_timeout)
        .read_timeout(network.read_timeout)
        .build()
        .map_err(|error| DataError::NoClient { reason: chain(&error) })
}

/// A GET request for a target.
pub(crate) fn get(client: &Client, target: &Target) -> Result<RequestBuilder, DataError> {
    request(client, Method::GET, target)
}

/// A request for a target.
pub(crate) fn request(
    client: &Client,
    method: Method,
    target: &Target,
) -> Result<RequestBuilder, DataError> {
    let bad = |reason: String| DataError::BadLocation { text: target.url.clone(), reason };
    let url = reqwest::Url::parse(&target.url).map_err(|error| bad(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad(format!("the scheme `{}` is not supported", url.scheme())));
    }
    let request = client.request(method, url);
    Ok(match &target.token {
        // Redirects to other hosts drop this header.
        Some(token) => request.bearer_auth(&token.0),
        None => request,
    })
}

/// Sends a request and sorts out failures; an answer that comes back has a 2xx status or 416.
pub(crate) async fn send(request: RequestBuilder, target: &Target) -> Result<Response, Failure> {
    let response = request.send().await.map_err(|error| network_failure(target, &error))?;
    let status = response.status();
    if status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE {
        return Ok(response);
    }
    Err(status_failure(target, status, response.headers()))
}

/// The failure behind an error of the HTTP library.
pub(crate) fn network_failure(target: &Target, error: &reqwest::Error) -> Failure {
    let reason = if error.is_redirect() {
        format!("too many redirects ({})", chain(error))
    } else {
        chain(error)
    };
    let failure = DataError::Network { what: target.what.clone(), reason };
    if error.is_redirect() || error.is_builder() {
        return Failure::Final(failure);
    }
    Failure::Transient(failure, None)
}

fn status_failure(target: &Target, status: StatusCode, headers: &HeaderMap) -> Failure {
    let what = target.what.clone();
    let detail = server_words(headers);
    let code = status.as_u16();
    match code {
        401 | 403 => {
            let hint = target.denied_hint.clone();
            Failure::Final(DataError::Denied { what, status: code, detail, hint })
        }
        404 | 410 => Failure::Final(DataError::NotFound { what, status: code, detail }),
        408 | 425 | 429 | 500..=599 => {
            Failure::Transient(DataError::Status { what, status: code, detail }, wait(headers))
        }
        _ => Failure::Final(DataError::Status { what, status: code, detail }),
    }
}

/// What the hub says about an error, in brackets; nothing from servers that say nothing.
fn server_words(headers: &HeaderMap) -> String {
    const MAX_CHARS: usize = 200;
    let message = headers.get("x-error-message").and_then(|message| message.to_str().ok());
    let Some(message) = message else { return String::new() };
    let printable = message.chars().filter(|character| !character.is_control());
    format!(" ({})", printable.take(MAX_CHARS).collect::<String>().trim_end_matches('.'))
}

/// The wait that the server asks for, when it is given in seconds.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// An error with its causes, which is where the HTTP library says what happened.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

/// Counts failed attempts and waits between them.
pub(crate) struct Patience {
    network: Network,
    failures: u32,
    total: u32,
}

impl Patience {
    /// Attempts in all, progress or not: a server that sends one byte per connection must not hold us for ever.
    const MAX_TOTAL: u32 = 200;

    pub(crate) fn new(network: Network) -> Patience {
        Patience { network, failures: 0, total: 0 }
    }

    /// Forgets earlier failures, because there was progress.
    pub(crate) fn renew(&mut self) {
        self.failures = 0;
    }

    /// Waits before the next attempt, or gives the error when there should be none.
    pub(crate) async fn next(&mut self, failure: Failure) -> Result<(), DataError> {
        self.failures += 1;
        self.total += 1;
        let over = self.failures >= self.network.attempts || self.total >= Self::MAX_TOTAL;
        let wanted = match &failure {
            Failure::Transient(_, wait) if !over => *wait,
            _ => return Err(failure.into_error()),
        };
        let doubled = self.network.first_wait * 2u32.saturating_pow((self.failures - 1).min(16));
        let wait = wanted.unwrap_or(doubled).min(self.network.max_wait);
        tracing::info!("trying again in {wait:?}: {}", failure.into_error());
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// A small JSON answer, with the address of the next page where the server names one.
pub(crate) async fn get_json(
    client: &Client,
    network: &Network,
    target: &Target,
) -> Result<(Value, Option<String>), DataError> {
    const MAX_BYTES: usize = 64 << 20;
    let mut patience = Patience::new(*network);
    loop {
        match json_attempt(client, target, MAX_BYTES).await {
            Ok(answer) => return Ok(answer),
            Err(failure) => patience.next(failure).await?,
        }
    }
}

async fn json_attempt(
    client: &Client,
    target: &Target,
    max_bytes: usize,
) -> Result<(Value, Option<String>), Failure> {
    let mut response = send(get(client, target)?, target).await?;
    let next = response.headers().get("link").and_then(|link| next_page(link.to_str().ok()?));
    let mut content = Vec::new();
    while let Some(piece) =
        response.chunk().await.map_err(|error| network_failure(target, &error))?
    {
        content.extend_from_slice(&piece);
        if content.len() > max_bytes {
            let reason = format!("its listing is longer than {max_bytes} bytes");
            return Err(DataError::Network { what: target.what.clone(), reason }.into());
        }
    }
    if looks_like_html(&content) {
        return Err(DataError::WebPage { what: target.what.clone() }.into());
    }
    let value = serde_json::from_slice(&content).map_err(|error| DataError::Network {
        what: target.what.clone(),
        reason: format!("the server's listing is not JSON: {error}"),
    })?;
    Ok((value, next))
}

/// The `next` address of a `Link` header (RFC 8288).
fn next_page(link: &str) -> Option<String> {
    link.split(',').find_map(|part| {
        let (address, parameters) = part.split_once(';')?;
        let is_next = parameters
            .split(';')
            .any(|parameter| parameter.trim() == "rel=\"next\"" || parameter.trim() == "rel=next");
        let address = address.trim().strip_prefix('<')?.strip_suffix('>')?;
        is_next.then(|| address.to_owned())
    })
}

/// Whether content begins as a web page does.
pub(crate) fn looks_like_html(content: &[u8]) -> bool {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content).trim_ascii_start();
    ["<!doctype html", "<html"].iter().any(|start| {
        content.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_links() {
        let link = "<https://a.example/x?cursor=1>; rel=\"prev\", <https://a.example/x?cursor=3>; rel=\"next\"";
        assert_eq!(next_page(link).as_deref(), Some("https://a.example/x?cursor=3"));
        assert_eq!(next_page("<https://a.example/x>; rel=\"last\""), None);
    }

    #[test]
    fn web_pages_are_told_from_data() {
        assert!(looks_like_html(b"\n <!DOCTYPE HTML><html>"));
        assert!(looks_like_html(b"\xef\xbb\xbf<html lang=en>"));
        assert!(!looks_like_html(b"<?xml version=\"1.0\"?><doc/>"));
        assert!(!looks_like_html(b"a,b\n<html>,2\n"));
        assert!(!looks_like_html(b"<ht"));
    }
}
