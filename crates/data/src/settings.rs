//! How a library reaches the outside: the hub, and how patient downloads are.

use std::time::Duration;

/// The public hub.
pub const DEFAULT_HUB: &str = "https://huggingface.co";
/// The cache's cap where nobody sets another: 20 GiB.
pub const DEFAULT_MAX_CACHE_BYTES: u64 = 20 << 30;

/// A dataset hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    /// Its address, without a slash at the end.
    pub endpoint: String,
    /// The user's token. It is sent to the hub and to nobody else.
    pub token: Option<Token>,
}

/// A secret that debug output does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token(..)")
    }
}

/// How patient downloads are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Attempts in a row that may fail without a byte of progress.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait between attempts, also when the server asks for more.
    pub max_wait: Duration,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long a connection may be silent.
    pub read_timeout: Duration,
    /// Redirects followed for one request.
    pub redirects: usize,
    /// Bytes that could be downloaded in the time that one more request takes. Pieces of a file that are closer to each
    /// other are fetched as one.
    pub request_cost_bytes: u64,
    /// Downloads at the same time in [`crate::Library::fetch_all`].
    pub parallel: usize,
}

impl Default for Network {
    fn default() -> Network {
        Network {
            attempts: 5,
            first_wait: Duration::from_millis(500),
            max_wait: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(20),
            read_timeout: Duration::from_secs(60),
            redirects: 10,
            request_cost_bytes: 64 << 10,
            parallel: 4,
        }
    }
}
