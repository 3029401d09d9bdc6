//! Who may ask the server for what: the Host and Origin checks, and the headers that keep pages on their own.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

/// Nothing but the site's own files; no inline script or style, no frames, no other host.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                                 connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The headers of every answer.
pub(crate) fn headers() -> [(HeaderName, HeaderValue); 6] {
    let text = HeaderValue::from_static;
    [
        (header::CONTENT_SECURITY_POLICY, text(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, text("nosniff")),
        (header::X_FRAME_OPTIONS, text("DENY")),
        (header::REFERRER_POLICY, text("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), text("same-origin")),
        (HeaderName::from_static("cross-origin-opener-policy"), text("same-origin")),
    ]
}

/// Which hosts a request may name: the ones that the server listens on, so that a name that someone else points at this
/// machine (DNS rebinding) is turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    hosts: Vec<String>,
}

impl Guard {
    /// For a server on an address; `names` are further host names that the user allows.
    pub(crate) fn new(address: std::net::SocketAddr, names: &[String]) -> Self {
        let port = address.port();
        let own = match address.ip() {
            std::net::IpAddr::V6(ip) => format!("[{ip}]"),
            std::net::IpAddr::V4(ip) => ip.to_string(),
        };
        let mut hosts: Vec<String> = vec![own];
        if address.ip().is_loopback() || address.ip().is_unspecified() {
            hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
        }
        hosts.extend(names.iter().map(|name| name.to_lowercase()));
        let with_port = hosts.iter().map(|host| format!("{host}:{port}")).collect::<Vec<_>>();
        if port == 80 {
            return Self { hosts: with_port.into_iter().chain(hosts).collect() };
        }
        Self { hosts: with_port }
    }

    /// Whether a request may be answered; otherwise with which status and why not.
    pub(crate) fn admit(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<(), (StatusCode, &'static str)> {
        let host =
            headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if !self.hosts.contains(&host.to_lowercase()) {
            return Err((
                StatusCode::MISDIRECTED_REQUEST,
                "this server does not answer for that host",
            ));
        }
        if *method == Method::GET || *method == Method::HEAD {
            return Ok(());
        }
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let same = origin
            .and_then(|origin| origin.strip_prefix("http://"))
            .is_some_and(|origin| origin.eq_ignore_ascii_case(host));
        if same {
            Ok(())
        } else {
            Err((StatusCode::FORBIDDEN, "the request comes from another site"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &Method, pairs: &[(HeaderName, &str)]) -> Result<(), u16> {
        let guard = Guard::new("127.0.0.1:7700".parse().unwrap(), &["results.lan".to_owned()]);
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect();
        guard.admit(method, &headers).map_err(|(status, _)| status.as_u16())
    }

    #[test]
    fn other_hosts_and_origins_are_turned_away() {
        assert_eq!(ask(&Method::GET, &[(header::HOST, "localhost:7700")]), Ok(()));
        assert_eq!(ask(&Method::GET, &[(header::HOST, "Results.lan:7700")]), Ok(()));
        assert_eq!(ask(&Method::GET, &[(header::HOST, "evil.example:7700")]), Err(421));
        assert_eq!(ask(&Method::GET, &[(header::HOST, "127.0.0.1:80")]), Err(421));
        assert_eq!(ask(&Method::GET, &[]), Err(421));
        let host = (header::HOST, "127.0.0.1:7700");
        assert_eq!(ask(&Method::POST, std::slice::from_ref(&host)), Err(403));
        let origin = (header::ORIGIN, "http://evil.example");
        assert_eq!(ask(&Method::POST, &[host.clone(), origin]), Err(403));
        assert_eq!(ask(&Method::POST, &[host.clone(), (header::ORIGIN, "null")]), Err(403));
        assert_eq!(ask(&Method::POST, &[host, (header::ORIGIN, "http://127.0.0.1:7700")]), Ok(()));
    }
}
