//! Why a file or an entry can't be read.

use crate::grammar::EntryProblem;
use crate::position::Position;

/// Why a configuration can't be read. Every message begins with the place and ends with a hint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The text is not HOCON or TOML.
    #[error("{position}: {message}\nhint: {hint}")]
    Syntax {
        /// Where.
        position: Position,
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A run entry doesn't follow the grammar.
    #[error("{position}: {problem}")]
    Entry {
        /// Where.
        position: Position,
        /// What is wrong.
        problem: EntryProblem,
    },
    /// A key that means nothing here.
    #[error("{position}: unknown key `{key}`\nhint: {hint}")]
    UnknownKey {
        /// Where.
        position: Position,
        /// The key.
        key: String,
        /// The nearest names, or all of them.
        hint: String,
    },
    /// A value of another kind than the key takes.
    #[error("{position}: `{key}` is {found}\nhint: it takes {expected}")]
    WrongKind {
        /// Where.
        position: Position,
        /// The key.
        key: String,
        /// What the key takes, with an example.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A key without which the file means nothing.
    #[error("{position}: `{key}` is missing\nhint: {hint}")]
    Missing {
        /// Where it belongs.
        position: Position,
        /// The key.
        key: &'static str,
        /// What to write.
        hint: String,
    },
    /// The file's name doesn't say its format.
    #[error(
        "`{name}` is neither a suite file nor a HELM configuration\nhint: name a suite `.toml` and a HELM configuration `.conf`"
    )]
    UnknownFormat {
        /// The file.
        name: String,
    },
}
