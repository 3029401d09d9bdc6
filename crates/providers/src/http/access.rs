//! Access that has to be proved anew with each call, or bought with a longer-lived secret from time to time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use holometer_core::FailureKind;
use reqwest::{Client, Url};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::http::signing::{AwsKeys, Unsigned, aws_headers, percent_encoded};
use crate::http::transport::NoReply;
use crate::secret::Secret;

/// What Google's tokens are asked for.
const GOOGLE_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// A token is renewed so long before it ends.
const RENEW_BEFORE: Duration = Duration::from_secs(120);

/// How long a token is asked for, in seconds; Google's limit.
const TOKEN_SECONDS: u64 = 3600;

/// How calls prove who sends them.
#[derive(Debug)]
pub(crate) enum Access {
    /// Amazon's signature over each call.
    Aws(AwsKeys),
    /// Google's access tokens.
    Google(GoogleAccess),
}

impl Access {
    /// The headers for one call.
    pub(crate) async fn headers(
        &self,
        client: &Client,
        call: (&str, &str, &[u8]),
    ) -> Result<Vec<(&'static str, String)>, NoReply> {
        let (method, url, body) = call;
        match self {
            Self::Aws(keys) => {
                let url = Url::parse(url).map_err(|error| denied(&error.to_string()))?;
                let time = basic_time(SystemTime::now());
                Ok(aws_headers(keys, &Unsigned { method, url: &url, body, time: &time }))
            }
            Self::Google(access) => {
                let token = access.token(client).await?;
                Ok(vec![("authorization", format!("Bearer {token}"))])
            }
        }
    }
}

fn denied(reason: &str) -> NoReply {
    NoReply { kind: FailureKind::Unauthorized, reason: reason.to_owned() }
}

/// Google's access tokens, bought with the file that `GOOGLE_APPLICATION_CREDENTIALS` names.
#[derive(Debug)]
pub(crate) struct GoogleAccess {
    grant: Grant,
    current: Mutex<Option<(Secret, Instant)>>,
}

/// What the file grants.
#[derive(Debug)]
enum Grant {
    /// A service account's key.
    Service { email: String, key: Box<RsaKeyPair>, token_uri: String },
    /// A person's consent, as `gcloud auth application-default login` keeps it.
    Person { client_id: String, client_secret: Secret, refresh_token: Secret, token_uri: String },
}

/// The file's fields.
#[derive(Deserialize)]
struct CredentialsFile {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    private_key: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    refresh_token: String,
    #[serde(default)]
    token_uri: String,
}

impl GoogleAccess {
    /// Reads the file's text.
    ///
    /// # Errors
    /// What is wrong with it, without its contents.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let file: CredentialsFile = serde_json::from_str(text)
            .map_err(|error| format!("it is not a credentials file (line {})", error.line()))?;
        let token_uri = match file.token_uri.as_str() {
            "" => "https://oauth2.googleapis.com/token".to_owned(),
            address => address.to_owned(),
        };
        let grant = match file.kind.as_str() {
            "service_account" => Grant::Service {
                email: file.client_email,
                key: Box::new(private_key(&file.private_key)?),
                token_uri,
            },
            "authorized_user" => Grant::Person {
                client_id: file.client_id,
                client_secret: Secret::new(&file.client_secret),
                refresh_token: Secret::new(&file.refresh_token),
                token_uri,
            },
            other => return Err(format!("credentials of type `{other}` can't be used")),
        };
        Ok(Self { grant, current: Mutex::new(None) })
    }

    /// A token that is good for some time yet.
    async fn token(&self, client: &Client) -> Result<String, NoReply> {
        let mut current = self.current.lock().await;
        if let Some((token, until)) = current.as_ref().filter(|(_, until)| *until > Instant::now())
        {
            let _ = until;
            return Ok(token.expose().to_owned());
        }
        let asked = Instant::now();
        let (token, seconds) = self.buy(client).await?;
        let lasts = Duration::from_secs(seconds).saturating_sub(RENEW_BEFORE);
        *current = Some((Secret::new(&token), asked + lasts));
        Ok(token)
    }

    async fn buy(&self, client: &Client) -> Result<(String, u64), NoReply> {
        let (address, fields) = match &self.grant {
            Grant::Service { email, key, token_uri } => {
                let assertion = assertion(email, token_uri, key)?;
                let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned();
                (token_uri, vec![("grant_type", grant), ("assertion", assertion)])
            }
            Grant::Person { client_id, client_secret, refresh_token, token_uri } => {
                let fields = vec![
                    ("grant_type", "refresh_token".to_owned()),
                    ("client_id", client_id.clone()),
                    ("client_secret", client_secret.expose().to_owned()),
                    ("refresh_token", refresh_token.expose().to_owned()),
                ];
                (token_uri, fields)
            }
        };
        let form: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", percent_encoded(value)))
            .collect();
        let reply = client
            .post(address)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.join("&"))
            .send()
            .await
            .map_err(|_| NoReply {
                kind: FailureKind::Unreachable,
                reason: "Google's token service can't be reached".into(),
            })?;
        let status = reply.status().as_u16();
        let body: Value = reply
            .bytes()
            .await
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let token = body.get("access_token").and_then(Value::as_str);
        let Some(token) = token.filter(|_| (200..300).contains(&status)) else {
            let error =
                body.get("error").and_then(Value::as_str).unwrap_or("no token in its reply");
            return Err(denied(&format!(
                "Google's token service refused (HTTP {status}: {error})"
            )));
        };
        let seconds = body.get("expires_in").and_then(Value::as_u64).unwrap_or(TOKEN_SECONDS);
        Ok((token.to_owned(), seconds))
    }
}

/// A signed JSON web token that asks for an access token.
///
/// Source: <https://developers.google.com/identity/protocols/oauth2/service-account>.
fn assertion(email: &str, audience: &str, key: &RsaKeyPair) -> Result<String, NoReply> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let header = json!({"alg": "RS256", "typ": "JWT"});
    let claims = json!({
        "iss": email, "scope": GOOGLE_SCOPE, "aud": audience, "iat": now, "exp": now + TOKEN_SECONDS,
    });
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let mut signature = vec![0; key.public().modulus_len()];
    let random = ring::rand::SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)
        .map_err(|_| denied("the service account's key can't sign"))?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// A PKCS#8 private key in PEM.
fn private_key(pem: &str) -> Result<RsaKeyPair, String> {
    let base64: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .flat_map(|line| line.trim().chars())
        .collect();
    let bad = || "its `private_key` is no RSA key in PKCS#8".to_owned();
    let der = STANDARD.decode(base64).map_err(|_| bad())?;
    RsaKeyPair::from_pkcs8(&der).map_err(|_| bad())
}

/// A time as `YYYYMMDDTHHMMSSZ`.
fn basic_time(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// The date of a day since 1970-01-01 (Howard Hinnant, `civil_from_days`).
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let part = (5 * of_year + 2) / 153;
    let day = of_year - (153 * part + 2) / 5 + 1;
    let month = if part < 10 { part + 3 } else { part - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_amazon_wants_them() {
        let at = |seconds| basic_time(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "19700101T000000Z");
        // The time of Amazon's test suite, and the end of a leap day.
        assert_eq!(at(1_440_938_160), "20150830T123600Z");
        assert_eq!(at(1_709_251_199), "20240229T235959Z");
    }

    #[test]
    fn a_bad_file_is_named_without_its_contents() {
        for text in [
            "planted",
            r#"{"type": "planted-type"}"#,
            r#"{"type": "service_account", "private_key": "planted"}"#,
        ] {
            let error = GoogleAccess::read(text).unwrap_err();
            assert!(
                !error.contains("\"planted\"") && !error.contains("private_key\": \""),
                "{error}"
            );
        }
    }
}
