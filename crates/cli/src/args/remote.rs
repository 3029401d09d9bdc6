//! Flags for models behind HTTP.

use std::path::PathBuf;

use clap::Args;

/// How models behind HTTP are used.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Models behind HTTP")]
pub(crate) struct RemoteArgs {
    /// Calls in flight to one model, at most (64 by default); the actual number adapts to what the server takes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_concurrency: Option<u16>,
    /// Tokens, read and written, per minute and model, at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) tokens_per_minute: Option<u64>,
    /// Seconds that one call may take (600 by default).
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) request_timeout: Option<u64>,
    /// Further tries of a call that failed for a passing reason (6 by default); rate limits are waited out besides.
    #[arg(long, value_name = "N")]
    pub(crate) retries: Option<u32>,
    /// The text of the token that begins every text, such as `<s>`, for servers that score texts without context from their
    /// second token on; the line that is printed for each model says so.
    #[arg(long, value_name = "TEXT")]
    pub(crate) begin_text: Option<String>,
    /// Send a call that takes unusually long a second time and take the answer that comes first. One call in twenty at
    /// most, only at temperature 0 or for scores of given text; a copy may be billed too.
    #[arg(long)]
    pub(crate) hedge: bool,
    /// Ask through the provider's batch API where it has one: half the price, answers within a day. A run that is stopped
    /// goes on waiting for the same batches when it is started again.
    #[arg(long)]
    pub(crate) batch: bool,
    /// A file with keys, `NAME = "VALUE"` a line or `NAME = { command = ["PROGRAM", ...] }` for one that a keyring's program prints,
    /// for variables that the environment lacks. Nobody else may be able to read it. Without the flag, `holometer/credentials.toml` in the folder for configuration is read if it is there.
    #[arg(long, value_name = "FILE", env = "HOLOMETER_CREDENTIALS")]
    pub(crate) credentials: Option<PathBuf>,
}
