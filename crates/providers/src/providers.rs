//! The list that `holometer list providers` prints.

use crate::open::SERVER_KEY_VARIABLE;
use crate::test_models::TEST_MODELS;
use crate::vendor::vendors;

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderInfo {
    /// How a spec begins, and what follows.
    pub spec: String,
    /// What it is.
    pub title: String,
    /// The variable that holds the key; empty where none is needed.
    pub key_variable: String,
    /// Where to read more; empty for the test models.
    pub docs: String,
    /// Models whose windows and prices are known, sorted as in the vendor's file. Others work too.
    pub models: Vec<String>,
}

/// Everything that can stand before the colon, servers by address, and the test models.
pub fn providers() -> Vec<ProviderInfo> {
    let vendors = vendors().iter().map(|(name, vendor)| ProviderInfo {
        spec: format!("{name}:MODEL"),
        title: vendor.title.clone(),
        key_variable: vendor.key_env.join(" or "),
        docs: vendor.docs.clone(),
        models: vendor.models.iter().map(|model| model.name.clone()).collect(),
    });
    let server = ProviderInfo {
        spec: "http://HOST:PORT/v1#MODEL".into(),
        title:
            "any OpenAI-compatible server (vLLM, SGLang, llama.cpp, Ollama, TGI, LM Studio, ...)"
                .into(),
        key_variable: format!("{SERVER_KEY_VARIABLE} (if the server wants one)"),
        docs: String::new(),
        models: Vec::new(),
    };
    let tests = TEST_MODELS.iter().map(|(name, about)| ProviderInfo {
        spec: (*name).into(),
        title: (*about).into(),
        key_variable: String::new(),
        docs: String::new(),
        models: Vec::new(),
    });
    vendors.chain([server]).chain(tests).collect()
}
