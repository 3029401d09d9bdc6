//! One HTTP exchange, with limits on time and size. Knows nothing of models.

use std::error::Error as _;
use std::sync::{Arc, Once};
use std::time::{Duration, SystemTime};

use holometer_core::FailureKind;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url, redirect};
use serde_json::Value;

use crate::error::ProviderError;
use crate::http::access::Access;
use crate::secret::Secret;
use crate::settings::Settings;

/// The largest answer that is read; larger ones are malformed.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// How much of an error reply is read.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// The usual kind of body.
const JSON: &str = "application/json";

/// A client for one server.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    client: Client,
    headers: HeaderMap,
    access: Option<Arc<Access>>,
    timeout: Duration,
}

/// A reply, complete.
#[derive(Debug)]
pub(crate) struct Reply {
    /// HTTP's status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body; of error replies, the beginning.
    pub(crate) body: Vec<u8>,
    /// When it came.
    pub(crate) received: SystemTime,
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoReply {
    /// Unreachable, timeout or malformed.
    pub(crate) kind: FailureKind,
    /// What happened, without the address.
    pub(crate) reason: String,
}

impl Transport {
    /// Sets a client up. Proxies come from the usual environment variables, except for this machine itself;
    /// certificates from the operating system, or from SSL_CERT_FILE and SSL_CERT_DIR.
    pub(crate) fn new(
        base: &Url,
        headers: &[(String, Secret)],
        settings: &Settings,
    ) -> Result<Self, ProviderError> {
        install_crypto();
        let broken = |reason: String| ProviderError::Client { reason };
        let mut builder = Client::builder()
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.request_timeout)
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(settings.max_concurrency)
            .tcp_nodelay(true)
            .user_agent(concat!("holometer/", env!("CARGO_PKG_VERSION")));
        if is_this_machine(base) {
            builder = builder.no_proxy();
        }
        if base.scheme() == "http" {
            // No certificate is needed, and a machine without any must do.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| broken(with_causes(&error)))?;
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::try_from(name.as_str())
                .map_err(|_| broken(format!("`{name}` is not a header's name")))?;
            let mut value = HeaderValue::try_from(value.expose()).map_err(|_| {
                broken(format!("the value for `{name}` has characters that no header takes"))
            })?;
            value.set_sensitive(true);
            map.insert(name, value);
        }
        Ok(Self { client, headers: map, access: None, timeout: settings.request_timeout })
    }

    /// The same, with access that is proved with each call.
    pub(crate) fn with_access(self, access: Option<Access>) -> Self {
        Self { access: access.map(Arc::new), ..self }
    }

    /// A GET.
    pub(crate) async fn get(&self, url: &str) -> Result<Reply, NoReply> {
        self.exchange(Method::GET, url, JSON, None).await
    }

    /// A POST of JSON.
    pub(crate) async fn post(&self, url: &str, body: &Value) -> Result<Reply, NoReply> {
        self.exchange(Method::POST, url, JSON, Some(body.to_string())).await
    }

    /// A POST of anything.
    pub(crate) async fn post_as(
        &self,
        url: &str,
        kind: &str,
        body: String,
    ) -> Result<Reply, NoReply> {
        self.exchange(Method::POST, url, kind, Some(body)).await
    }

    async fn exchange(
        &self,
        method: Method,
        url: &str,
        kind: &str,
        body: Option<String>,
    ) -> Result<Reply, NoReply> {
        let mut request = self.client.request(method.clone(), url).headers(self.headers.clone());
        if let Some(access) = &self.access {
            let bytes = body.as_deref().unwrap_or_default().as_bytes();
            let call = (method.as_str(), url, bytes);
            for (name, value) in access.headers(&self.client, call).await? {
                request = request.header(name, value);
            }
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, kind).body(body);
        }
        let mut response = request.send().await.map_err(|error| self.no_reply(&error))?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let success = response.status().is_success();
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // What an error reply says so far will do.
                Err(_) if !success => break,
                Err(error) => return Err(self.no_reply(&error)),
            }
            if success && body.len() > MAX_ANSWER_BYTES {
                let reason = format!("the answer is longer than {} MB", MAX_ANSWER_BYTES >> 20);
                return Err(NoReply { kind: FailureKind::Malformed, reason });
            }
            if !success && body.len() >= MAX_ERROR_BYTES {
                body.truncate(MAX_ERROR_BYTES);
                break;
            }
        }
        Ok(Reply { status, headers, body, received: SystemTime::now() })
    }

    fn no_reply(&self, error: &reqwest::Error) -> NoReply {
        if error.is_timeout() && !error.is_connect() {
            let reason = format!("no complete answer within {} s", self.timeout.as_secs_f64());
            return NoReply { kind: FailureKind::Timeout, reason };
        }
        NoReply { kind: FailureKind::Unreachable, reason: innermost_cause(error) }
    }
}

fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Fails only when a provider is installed already, which will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The innermost cause says what happened (`Connection refused`); the outer ones repeat the address.
fn innermost_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    // The standard library adds the number: `Connection refused (os error 111)`.
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn with_causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
