//! What `judge` takes.

use clap::{Args, Subcommand};

use crate::args::{DatabaseArgs, EnvironmentArgs, InquiryArgs, TableFormat};

#[derive(Debug, Args)]
pub(crate) struct JudgeArgs {
    #[command(subcommand)]
    pub(crate) action: JudgeAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JudgeAction {
    /// Say how far judges, and people who rated answers, agree with one another.
    Agreement {
        /// Look at this suite; without it, the suite that was run last.
        #[arg(long, value_name = "NAME")]
        suite: Option<String>,
        /// How to print it.
        #[arg(long, value_enum, default_value_t)]
        format: TableFormat,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Have judges compare the answers of two models, each pair in both orders.
    Pairs {
        /// One model, as results name it.
        #[arg(value_name = "MODEL")]
        one: String,
        /// The other.
        #[arg(value_name = "OTHER")]
        other: String,
        /// Look at this suite; without it, the suite that was run last.
        #[arg(long, value_name = "NAME")]
        suite: Option<String>,
        /// At most this many pairs of each run.
        #[arg(short = 'n', long, value_name = "N")]
        max_pairs: Option<usize>,
        /// How to print it.
        #[arg(long, value_enum, default_value_t)]
        format: TableFormat,
        #[command(flatten)]
        inquiry: Box<InquiryArgs>,
        #[command(flatten)]
        environment: Box<EnvironmentArgs>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}
