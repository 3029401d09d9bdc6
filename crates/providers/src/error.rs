//! Why a model can't be opened.

use holometer_core::ModelError;

/// Why a model behind HTTP can't be opened. Each message ends with a hint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The part before the colon names no provider.
    #[error(
        "unknown provider `{name}`{}\nhint: `holometer list providers` names all; a local model is `path:FOLDER`, any \
         OpenAI-compatible server is `http://HOST:PORT/v1#MODEL`",
        nearest_clause(.nearest)
    )]
    UnknownProvider {
        /// As typed.
        name: String,
        /// Names that look alike.
        nearest: Vec<String>,
    },
    /// There is no test model of this name.
    #[error("unknown test model `{name}`\nhint: there are `test:echo` and `test:random`")]
    UnknownTestModel {
        /// As typed.
        name: String,
    },
    /// The model's name is missing.
    #[error("`{spec}` names no model\nhint: write `{example}`")]
    MissingModel {
        /// As typed.
        spec: String,
        /// How it should look.
        example: String,
    },
    /// The address can't be read.
    #[error(
        "`{address}` is not a valid address: {reason}\nhint: write for instance `http://localhost:8000/v1#MODEL`"
    )]
    BadAddress {
        /// As typed, without user name and password.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// The key's variable is not set.
    #[error(
        "no key for `{provider}`: the environment variable {variable} is not set\nhint: {docs}"
    )]
    MissingKey {
        /// The provider.
        provider: String,
        /// The variable.
        variable: String,
        /// Where to get a key.
        docs: String,
    },
    /// The variable with a vendor's address is not set.
    #[error(
        "no address for `{provider}`: the environment variable {variable} is not set\nhint: {docs}"
    )]
    MissingAddress {
        /// The provider.
        provider: String,
        /// The variable.
        variable: String,
        /// Where to read about it.
        docs: String,
    },
    /// The server does not answer.
    #[error("can't reach `{address}`: {reason}\nhint: {hint}")]
    Unreachable {
        /// Where.
        address: String,
        /// What happened.
        reason: String,
        /// What to look at.
        hint: String,
    },
    /// The server refuses the key.
    #[error("`{address}` refused the key: {reason}\nhint: {hint}")]
    Unauthorized {
        /// Where.
        address: String,
        /// The server's words.
        reason: String,
        /// What to set.
        hint: String,
    },
    /// The server is there but does not speak the protocol.
    #[error(
        "`{address}` does not answer like an OpenAI-compatible server: {reason}\nhint: the address usually ends in `/v1`"
    )]
    NotAServer {
        /// Where.
        address: String,
        /// What it answered.
        reason: String,
    },
    /// The server has no model of this name.
    #[error("`{address}` does not serve `{model}`{}\nhint: it serves {}", nearest_clause(.nearest), list(.served))]
    UnknownModel {
        /// Where.
        address: String,
        /// As typed.
        model: String,
        /// Names that look alike.
        nearest: Vec<String>,
        /// Every name that the server lists.
        served: Vec<String>,
    },
    /// Neither endpoint answers.
    #[error(
        "`{address}` answers neither completions ({completions}) nor chat ({chat})\nhint: see the server's log; the \
         model may still be loading"
    )]
    NoEndpoint {
        /// Where.
        address: String,
        /// What the completions endpoint said.
        completions: String,
        /// What the chat endpoint said.
        chat: String,
    },
    /// The HTTP client can't be set up.
    #[error(
        "can't set up the HTTP client: {reason}\nhint: check the proxy variables and SSL_CERT_FILE"
    )]
    Client {
        /// What is wrong.
        reason: String,
    },
}

impl From<ProviderError> for ModelError {
    fn from(error: ProviderError) -> Self {
        Self(error.to_string())
    }
}

/// The names nearest to one that is unknown, best first, at most three.
pub(crate) fn nearest_names<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = name.to_lowercase();
    let mut close: Vec<(f64, &str)> = known
        .map(|candidate| (strsim::jaro_winkler(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    close.into_iter().take(3).map(|(_, candidate)| candidate.to_owned()).collect()
}

fn nearest_clause(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("; nearest: {}", list(names)) }
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().take(10).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(10);
    match (quoted.is_empty(), more) {
        (true, _) => "no model".into(),
        (false, 0) => quoted.join(", "),
        (false, more) => format!("{} and {more} more", quoted.join(", ")),
    }
}
