//! Vendors: what is declared about each API in `models/<vendor>.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::batch::BatchApi;
use crate::vendor_files::VENDOR_FILES;

/// One vendor's file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vendor {
    /// The vendor's own name.
    pub(crate) title: String,
    /// Where API calls go, without a trailing slash; `{NAME}` stands for an environment variable, `{NAME|TEXT}` for one
    /// with a default.
    pub(crate) base_url: String,
    /// The variable that replaces `base_url`, where the vendor's own clients know one.
    #[serde(default)]
    pub(crate) base_url_env: Option<String>,
    /// Whether a replaced address may be any OpenAI-compatible server, which is then asked what it can do.
    #[serde(default)]
    pub(crate) probe_replaced: bool,
    /// The variable that holds the key; further ones are tried in order.
    #[serde(default)]
    pub(crate) key_env: Vec<String>,
    /// How the key is sent.
    #[serde(default)]
    pub(crate) auth: AuthStyle,
    /// Headers that every call carries.
    #[serde(default)]
    pub(crate) headers: std::collections::BTreeMap<String, String>,
    /// The documentation's address.
    pub(crate) docs: String,
    /// A path that answers a GET with a valid key and costs nothing; used to find a dead key before a run.
    #[serde(default)]
    pub(crate) check_path: Option<String>,
    /// The wire format of conversations.
    pub(crate) chat: String,
    /// The wire format of plain text, where the vendor has one.
    #[serde(default)]
    pub(crate) completions: Option<String>,
    /// The vendor's batch API, where it has one.
    #[serde(default)]
    pub(crate) batch: Option<BatchApi>,
    /// What calls may ask for.
    #[serde(default)]
    pub(crate) support: Support,
    /// The window of a model that is not listed.
    pub(crate) default_window: usize,
    /// The day on which names, windows and prices were read, `YYYY-MM-DD`.
    pub(crate) checked: String,
    /// Models, those with longer names first where one begins like another.
    #[serde(default)]
    pub(crate) models: Vec<VendorModel>,
}

/// How a key is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthStyle {
    /// `Authorization: Bearer KEY`.
    #[default]
    Bearer,
    /// In a header of this name.
    Header(String),
    /// As a bearer token if the first variable is set; else each call is signed with `AWS_ACCESS_KEY_ID` and
    /// `AWS_SECRET_ACCESS_KEY` for this service.
    Aws(String),
    /// As a bearer token if the first variable is set; else with tokens that the file of
    /// `GOOGLE_APPLICATION_CREDENTIALS` buys.
    Google,
}

/// What calls to a server may ask for. The defaults are those of a server about which nothing is known.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Support {
    /// The name of the field that limits an answer's length.
    pub(crate) max_tokens_field: String,
    /// Whether one call can give several completions.
    pub(crate) several_completions: bool,
    /// The name of the field that seeds sampling; empty where there is none.
    pub(crate) seed_field: String,
    /// Stop sequences in one call, at most; further ones are applied here.
    pub(crate) stop_sequences: usize,
    /// Alternatives per token over chat, at most; `None`: no log-probabilities.
    pub(crate) chat_logprobs: Option<usize>,
    /// Alternatives per token over completions, at most; `None`: no log-probabilities.
    pub(crate) completions_logprobs: Option<usize>,
    /// Whether presence and frequency penalties are taken.
    pub(crate) penalties: bool,
    /// Whether temperature and top-p are taken. Reasoning models fix both.
    pub(crate) sampling: bool,
    /// The name of the field that says how many of the likeliest tokens to sample from; empty where there is none.
    pub(crate) top_k_field: String,
    /// Fields that every generation carries, unless the request sets them: the neutral values of samplers that a server
    /// would otherwise apply by its own defaults.
    pub(crate) neutral: serde_json::Map<String, serde_json::Value>,
    /// Tokens that a reasoning model may think, on top of the answer's length.
    pub(crate) thinking_tokens: usize,
    /// How an answer that begins with given words is asked for.
    pub(crate) prefill: Prefill,
}

impl Support {
    /// The field that says how many of the likeliest tokens to sample from, if there is one. A server for which it has a neutral value
    /// takes it, too.
    pub(crate) fn top_k(&self) -> Option<&str> {
        let named = Some(self.top_k_field.as_str()).filter(|name| !name.is_empty());
        let neutral = self.neutral.contains_key("top_k").then_some("top_k");
        named.or(neutral).filter(|_| self.sampling)
    }
}

/// What a reasoning model may think where its vendor's file says nothing.
const THINKING_TOKENS: usize = 8192;

impl Default for Support {
    fn default() -> Self {
        Self {
            max_tokens_field: "max_tokens".into(),
            several_completions: true,
            seed_field: "seed".into(),
            stop_sequences: 4,
            chat_logprobs: None,
            completions_logprobs: None,
            penalties: true,
            sampling: true,
            top_k_field: String::new(),
            neutral: serde_json::Map::new(),
            thinking_tokens: 0,
            prefill: Prefill::AsMessage,
        }
    }
}

/// How an answer that begins with given words is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Prefill {
    /// As a last message from the assistant.
    AsMessage,
    /// As a last message from the assistant, marked with `prefix: true`.
    Marked,
    /// As a last message, with `continue_final_message` (vLLM, SGLang).
    ContinueFinalMessage,
    /// Not at all.
    Unsupported,
}

/// One model of a vendor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VendorModel {
    /// Its name, or the beginning of the names of its versions.
    pub(crate) name: String,
    /// Prompt and answer together, in tokens.
    pub(crate) window: usize,
    /// US dollars per million prompt tokens.
    #[serde(default)]
    pub(crate) input_price: Option<f64>,
    /// US dollars per million answer tokens, thinking included.
    #[serde(default)]
    pub(crate) output_price: Option<f64>,
    /// What it is.
    #[serde(default)]
    pub(crate) kind: ModelKind,
    /// Whether it takes temperature and top-p, where that differs from the vendor's other models.
    #[serde(default)]
    pub(crate) sampling: Option<bool>,
}

/// What a model takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ModelKind {
    /// Conversations.
    #[default]
    Chat,
    /// Conversations; it thinks first, and fixes sampling, stop sequences and log-probabilities.
    Reasoning,
    /// Plain text.
    Completions,
}

impl Vendor {
    /// The entry for a model: of that name, or the longest name that the model's name begins with, before a `-`, `:`,
    /// `@` or `/`.
    pub(crate) fn model(&self, name: &str) -> Option<&VendorModel> {
        let matches = |entry: &&VendorModel| {
            name.strip_prefix(entry.name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', ':', '@', '/']))
        };
        self.models.iter().filter(matches).max_by_key(|entry| entry.name.len())
    }

    /// What calls to one of its models may ask for.
    pub(crate) fn support_for(&self, entry: Option<&VendorModel>) -> Support {
        let mut support = self.support.clone();
        if let Some(sampling) = entry.and_then(|entry| entry.sampling) {
            support.sampling = sampling;
        }
        if entry.is_some_and(|entry| entry.kind == ModelKind::Reasoning) {
            support.sampling = false;
            support.thinking_tokens = THINKING_TOKENS;
            support.penalties = false;
            support.stop_sequences = 0;
            support.chat_logprobs = None;
            support.prefill = Prefill::Unsupported;
        }
        support
    }
}

/// Every vendor by the name that specs use, sorted.
pub(crate) fn vendors() -> &'static [(&'static str, Vendor)] {
    static VENDORS: LazyLock<Vec<(&'static str, Vendor)>> = LazyLock::new(|| {
        VENDOR_FILES
            .iter()
            .map(|(name, text)| {
                let vendor = toml::from_str(text).expect("a test reads every vendor's file");
                (*name, vendor)
            })
            .collect()
    });
    &VENDORS
}

/// A vendor by the name that specs use.
pub(crate) fn find_vendor(name: &str) -> Option<&'static Vendor> {
    vendors().iter().find(|(known, _)| *known == name).map(|(_, vendor)| vendor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire_format::wire_format;

    #[test]
    fn every_vendors_file_is_listed_and_sound() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/models");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), VENDOR_FILES.len());
        for (name, text) in VENDOR_FILES {
            let vendor: Vendor =
                toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            for format in [Some(&vendor.chat), vendor.completions.as_ref()].into_iter().flatten() {
                assert!(wire_format(format).is_some(), "{name}: {format}");
            }
            assert!(vendor.docs.starts_with("https://"), "{name}");
            assert!(!vendor.base_url.ends_with('/'), "{name}");
            assert!(!vendor.key_env.is_empty(), "{name}");
            for model in &vendor.models {
                assert!(model.window >= 1024, "{name}: {}", model.name);
                let prices = [model.input_price, model.output_price];
                assert!(
                    prices.iter().flatten().all(|price| *price >= 0.0),
                    "{name}: {}",
                    model.name
                );
                assert_eq!(prices[0].is_some(), prices[1].is_some(), "{name}: {}", model.name);
            }
        }
    }
}
