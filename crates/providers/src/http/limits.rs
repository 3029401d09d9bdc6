//! What reply headers say about waiting.
//!
//! Sources: RFC 9110 section 10.2.3 (`Retry-After`: seconds or a date); OpenAI's rate-limit guide
//! (`x-ratelimit-remaining-requests`, `x-ratelimit-reset-requests: 6m0s`, the same for tokens; also Groq, Azure, xAI);
//! Anthropic's (`anthropic-ratelimit-requests-remaining`, `...-reset` as an RFC 3339 time, which `retry-after`
//! accompanies); `retry-after-ms` (Azure).

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;

/// How long the server asks to wait before the next call: from `Retry-After` or, when nothing is left of a limit, from
/// that limit's reset.
///
/// A date is read against the server's own clock (its `Date` header), so that a wrong clock on either side does no harm.
pub(crate) fn wait(headers: &HeaderMap, received: SystemTime) -> Option<Duration> {
    if let Some(milliseconds) = number(headers, "retry-after-ms") {
        return duration(milliseconds / 1000.0);
    }
    if let Some(seconds) = number(headers, "retry-after") {
        return duration(seconds);
    }
    let until = text(headers, "retry-after").and_then(|date| httpdate::parse_http_date(date).ok());
    if let Some(until) = until {
        let now = text(headers, "date").and_then(|date| httpdate::parse_http_date(date).ok());
        return Some(until.duration_since(now.unwrap_or(received)).unwrap_or_default());
    }
    exhausted(headers)
}

/// How long until a limit of which nothing is left is filled again; the longest of those.
pub(crate) fn exhausted(headers: &HeaderMap) -> Option<Duration> {
    const LIMITS: [(&str, &str); 4] = [
        ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
        ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("ratelimit-remaining", "ratelimit-reset"),
    ];
    LIMITS
        .iter()
        .filter(|(remaining, _)| number(headers, remaining).is_some_and(|left| left <= 0.0))
        .filter_map(|(_, reset)| text(headers, reset).and_then(span))
        .max()
}

/// `34`, `1.5`, `20ms`, `7.66s`, `6m0s` or `1h2m3s`. Numbers as large as a date in seconds or milliseconds are dates
/// (OpenRouter) and not read.
fn span(text: &str) -> Option<Duration> {
    const LONGEST_SECONDS: f64 = 1e8;
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds < LONGEST_SECONDS).then(|| duration(seconds)).flatten();
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let amount: f64 = rest[..digits].parse().ok()?;
        let units =
            rest[digits..].find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len() - digits);
        total += amount
            * match &rest[digits..digits + units] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                _ => return None,
            };
        rest = &rest[digits + units..];
    }
    duration(total)
}

fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    text(headers, name)?.parse().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waited(pairs: &[(&'static str, &'static str)]) -> Option<f64> {
        let headers = pairs
            .iter()
            .map(|(name, value)| ((*name).try_into().unwrap(), value.parse().unwrap()))
            .collect();
        wait(&headers, SystemTime::UNIX_EPOCH).map(|wait| wait.as_secs_f64())
    }

    #[test]
    fn every_documented_form_is_read() {
        assert_eq!(waited(&[("retry-after", "7")]), Some(7.0));
        assert_eq!(waited(&[("retry-after", "0.5")]), Some(0.5));
        assert_eq!(waited(&[("retry-after-ms", "250"), ("retry-after", "1")]), Some(0.25));
        let spent = ("x-ratelimit-remaining-requests", "0");
        assert_eq!(waited(&[spent, ("x-ratelimit-reset-requests", "6m0s")]), Some(360.0));
        assert_eq!(waited(&[spent, ("x-ratelimit-reset-requests", "20ms")]), Some(0.02));
        assert_eq!(waited(&[spent, ("x-ratelimit-reset-requests", "1h0m1.5s")]), Some(3601.5));
        assert_eq!(waited(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "12")]), Some(12.0));
        assert_eq!(
            waited(&[("x-ratelimit-remaining-tokens", "5"), ("x-ratelimit-reset-tokens", "9s")]),
            None
        );
    }

    #[test]
    fn a_date_is_read_against_the_servers_clock() {
        let wait = waited(&[
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"),
        ]);
        assert_eq!(wait, Some(10.0));
    }

    #[test]
    fn nonsense_is_ignored() {
        for value in ["soon", "-1", "NaN", "1e300", ""] {
            assert_eq!(waited(&[("retry-after", value)]), None, "{value}");
        }
        for reset in ["1735689600000", "x", "5d", "1..2s", "m"] {
            assert_eq!(
                waited(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)]),
                None
            );
        }
    }
}
