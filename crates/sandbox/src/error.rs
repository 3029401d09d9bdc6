//! Why nothing is run.

use thiserror::Error;

/// Why there is no sandbox, or why a program could not be run in it. Never about what the program did.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// There is no interpreter.
    #[error(
        "no Python interpreter was found: {reason}; hint: install Python 3, or name an interpreter with --python"
    )]
    NoInterpreter {
        /// What was tried.
        reason: String,
    },
    /// The interpreter that was named does not work.
    #[error(
        "`{path}` does not work as a Python interpreter: {reason}; hint: --python names another"
    )]
    Interpreter {
        /// The interpreter.
        path: String,
        /// What happened.
        reason: String,
    },
    /// Programs can't be isolated here.
    #[error(
        "generated code can't be isolated on this machine: {reason}; hint: use a Linux kernel with user namespaces or \
         Landlock, or accept that generated code runs with your rights by --allow-unsandboxed-code"
    )]
    CannotIsolate {
        /// What is missing.
        reason: String,
    },
    /// The machine gave out.
    #[error("the program could not be started: {0}")]
    Start(String),
}
