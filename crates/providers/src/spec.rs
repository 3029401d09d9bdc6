//! Model specs: what follows `--model` on the command line.

use reqwest::Url;

use crate::error::ProviderError;

/// Which of a server's endpoints to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoints {
    /// Whichever answer: text goes to completions where they exist, conversations to chat.
    Both,
    /// Completions only: prompts are sent as plain text even if the model has a chat template.
    Completions,
    /// Chat only.
    Chat,
}

/// A spec that this crate may open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spec {
    /// `test:NAME`.
    Test(String),
    /// `http://...#MODEL`, `chat+http://...#MODEL` or `completions+http://...#MODEL`.
    Server { base: Url, model: Option<String>, endpoints: Endpoints },
    /// `VENDOR:MODEL`.
    Vendor { vendor: String, model: String },
}

/// Prefixes that belong to other crates.
const FOREIGN: [&str; 3] = ["path", "hf", "file"];

/// Reads a spec; `None` when it is none of ours: a path, `hf:org/name`, or a name without a provider.
///
/// # Errors
/// An address that can't be read.
pub(crate) fn parse(spec: &str) -> Result<Option<Spec>, ProviderError> {
    let (endpoints, address) = match spec.split_once('+') {
        Some(("chat", rest)) if is_address(rest) => (Endpoints::Chat, rest),
        Some(("completions", rest)) if is_address(rest) => (Endpoints::Completions, rest),
        _ => (Endpoints::Both, spec),
    };
    if is_address(address) {
        return server(address, endpoints).map(Some);
    }
    let Some((provider, name)) = spec.split_once(':') else { return Ok(None) };
    let looks_like_a_name = provider.len() > 1
        && provider.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if !looks_like_a_name || FOREIGN.contains(&provider) {
        return Ok(None);
    }
    if provider == "test" {
        return Ok(Some(Spec::Test(name.to_owned())));
    }
    Ok(Some(Spec::Vendor { vendor: provider.to_lowercase(), model: name.to_owned() }))
}

fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn server(address: &str, endpoints: Endpoints) -> Result<Spec, ProviderError> {
    let mut base = parse_address(address)?;
    let model = base.fragment().filter(|name| !name.is_empty()).map(percent_decoded);
    base.set_fragment(None);
    Ok(Spec::Server { base, model, endpoints })
}

/// Reads an address; the error shows neither user name nor password.
pub(crate) fn parse_address(address: &str) -> Result<Url, ProviderError> {
    let bad = |reason: &str| ProviderError::BadAddress {
        address: without_password(address),
        reason: reason.into(),
    };
    let url = Url::parse(address).map_err(|error| bad(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("it does not begin with http:// or https://"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(bad("it names no host"));
    }
    Ok(url)
}

/// A spec or address for people: what stands between `://` and the last `@` before the path is left out.
pub(crate) fn without_password(spec: &str) -> String {
    let Some(scheme) = spec.find("://") else { return spec.to_owned() };
    let host = scheme + 3;
    let end = spec[host..].find(['/', '?', '#']).map_or(spec.len(), |length| host + length);
    match spec[host..end].rfind('@') {
        Some(at) => format!("{}{}", &spec[..host], &spec[host + at + 1..]),
        None => spec.to_owned(),
    }
}

/// A fragment as it was typed: parsing an address encodes some characters.
fn percent_decoded(fragment: &str) -> String {
    let bytes = fragment.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = fragment.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            decoded.push(byte);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// An address for people and cache keys: without user name, password, query and trailing slash.
pub(crate) fn shown_address(url: &Url) -> String {
    let mut shown = url.clone();
    // Both fail only for addresses without a host, which `parse_address` refuses.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    shown.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model_of(spec: &str) -> Option<String> {
        match parse(spec).unwrap().unwrap() {
            Spec::Server { model, .. } => model,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn paths_and_plain_names_are_left_to_others() {
        for spec in [
            "path:./m",
            "hf:org/name",
            "./m",
            "model.gguf",
            "openai/gpt2",
            "C:\\m",
            "a b:c",
            "",
            ":",
            "file:m",
        ] {
            assert_eq!(parse(spec), Ok(None), "{spec}");
        }
    }

    #[test]
    fn servers_are_read() {
        assert_eq!(
            model_of("http://localhost:8000/v1#org/My Model:1%"),
            Some("org/My Model:1%".into())
        );
        assert_eq!(model_of("https://host/v1#"), None);
        let spec = parse("completions+http://h/v1#m").unwrap().unwrap();
        assert!(matches!(spec, Spec::Server { endpoints: Endpoints::Completions, .. }));
        let vendor = Spec::Vendor { vendor: "openai".into(), model: "gpt-4.1:x".into() };
        assert_eq!(parse("OpenAI:gpt-4.1:x"), Ok(Some(vendor)));
    }

    #[test]
    fn passwords_are_not_shown() {
        let error = parse("http://user:planted@:x/#m").unwrap_err().to_string();
        assert!(!error.contains("planted"), "{error}");
        let url = parse_address("https://user:planted@host:1/v1/?key=planted#planted").unwrap();
        assert_eq!(shown_address(&url), "https://host:1/v1");
    }
}
