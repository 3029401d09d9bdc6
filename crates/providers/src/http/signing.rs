//! What proves to a server who calls, where a fixed header does not: Amazon's signatures and Google's short-lived tokens.

use std::fmt::Write as _;

use reqwest::Url;
use ring::{digest, hmac};

use crate::secret::Secret;

/// Keys for Amazon's signatures, version 4.
#[derive(Clone, Debug)]
pub(crate) struct AwsKeys {
    /// `AWS_ACCESS_KEY_ID`; not secret by itself.
    pub(crate) access_key: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub(crate) secret_key: Secret,
    /// `AWS_SESSION_TOKEN`, of keys that expire.
    pub(crate) session_token: Option<Secret>,
    /// The region, for instance `us-east-1`.
    pub(crate) region: String,
    /// The service, for instance `bedrock`.
    pub(crate) service: String,
}

/// A call to be signed.
pub(crate) struct Unsigned<'a> {
    /// `POST` or `GET`.
    pub(crate) method: &'a str,
    /// The address, its path encoded as it is sent.
    pub(crate) url: &'a Url,
    /// The body.
    pub(crate) body: &'a [u8],
    /// The time as `YYYYMMDDTHHMMSSZ`.
    pub(crate) time: &'a str,
}

/// The headers that sign a call: `x-amz-date`, `x-amz-security-token` where there is one, and `authorization`.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.
pub(crate) fn aws_headers(keys: &AwsKeys, call: &Unsigned<'_>) -> Vec<(&'static str, String)> {
    let day = call.time.get(..8).unwrap_or(call.time);
    let mut signed = vec![("host", host(call.url)), ("x-amz-date", call.time.to_owned())];
    if let Some(token) = &keys.session_token {
        signed.push(("x-amz-security-token", token.expose().to_owned()));
    }
    let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let scope = format!("{day}/{}/{}/aws4_request", keys.region, keys.service);
    let canonical = canonical_request(call, &signed, &names);
    let to_sign =
        format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", call.time, hash(canonical.as_bytes()));
    let steps = [day, &keys.region, &keys.service, "aws4_request", &to_sign];
    let first = format!("AWS4{}", keys.secret_key.expose()).into_bytes();
    let signature = steps.iter().fold(first, |key, step| mac(&key, step.as_bytes()));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
        keys.access_key,
        hex::encode(signature)
    );
    signed.remove(0);
    signed.push(("authorization", authorization));
    signed
}

fn canonical_request(
    call: &Unsigned<'_>,
    signed: &[(&'static str, String)],
    names: &str,
) -> String {
    // Amazon encodes the path once more than it is sent.
    let segments: Vec<String> = call.url.path().split('/').map(percent_encoded).collect();
    let mut query: Vec<(String, String)> = call
        .url
        .query_pairs()
        .map(|(name, value)| (percent_encoded(&name), percent_encoded(&value)))
        .collect();
    query.sort();
    let query: Vec<String> =
        query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut request = format!("{}\n{}\n{}\n", call.method, segments.join("/"), query.join("&"));
    for (name, value) in signed {
        // Writing to a string can't fail.
        let _ = writeln!(request, "{name}:{}", value.trim());
    }
    let _ = write!(request, "\n{names}\n{}", hash(call.body));
    request
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

/// A text with everything but letters, digits and `-._~` as `%XX`.
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys and the time of Amazon's published test suite.
    fn keys() -> AwsKeys {
        AwsKeys {
            access_key: "AKIDEXAMPLE".into(),
            secret_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: None,
            region: "us-east-1".into(),
            service: "service".into(),
        }
    }

    fn signature(method: &str, address: &str) -> String {
        let url = Url::parse(address).unwrap();
        let call = Unsigned { method, url: &url, body: b"", time: "20150830T123600Z" };
        let headers = aws_headers(&keys(), &call);
        let (_, authorization) = headers.iter().find(|(name, _)| *name == "authorization").unwrap();
        authorization.rsplit('=').next().unwrap().to_owned()
    }

    #[test]
    fn amazons_published_signatures() {
        // `get-vanilla`, `post-vanilla` and `get-vanilla-query-order-key-case` of the suite.
        assert_eq!(
            signature("GET", "https://example.amazonaws.com/"),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        assert_eq!(
            signature("POST", "https://example.amazonaws.com/"),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
        assert_eq!(
            signature("GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1"),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        );
    }

    #[test]
    fn session_tokens_are_signed_and_keys_never_shown() {
        let keys = AwsKeys { session_token: Some(Secret::new("planted-token")), ..keys() };
        let url = Url::parse("http://127.0.0.1:9/model/a%3A1/converse").unwrap();
        let call = Unsigned { method: "POST", url: &url, body: b"{}", time: "20150830T123600Z" };
        let headers = aws_headers(&keys, &call);
        let (_, authorization) = headers.last().unwrap();
        assert!(authorization.contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"));
        assert!(!format!("{keys:?}").contains("planted"));
        assert!(!format!("{keys:?}").contains("wJalr"));
    }

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(percent_encoded("a-Z_0.~:/ é"), "a-Z_0.~%3A%2F%20%C3%A9");
    }
}
