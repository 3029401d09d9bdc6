//! The command that turns texts into vectors.

use clap::{Args, ValueEnum};

use super::EnvironmentArgs;

#[derive(Debug, Args)]
pub(crate) struct EmbedArgs {
    /// The model: a folder, a `.gguf` file, or `hf:ORG/NAME`.
    #[arg(short, long, value_name = "SPEC")]
    pub(crate) model: String,
    /// How the states of a text's tokens become one vector.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) pooling: PoolingArg,
    /// Lines are JSON objects, and the text is in this field; without it, every line is a text.
    #[arg(long, value_name = "FIELD")]
    pub(crate) text: Option<String>,
    #[command(flatten)]
    pub(crate) environment: EnvironmentArgs,
}

/// How states become a vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PoolingArg {
    /// The mean over all tokens.
    #[default]
    Mean,
    /// The state of the last token.
    Last,
}
