//! Runs untrusted Python programs: a separate process tree without network, with a read-only view of the system, a private
//! folder that vanishes, and limits on memory, time, processes, output and disk. The whole tree is killed at the end.
//!
//! | this kernel has | how a program is isolated |
//! | --- | --- |
//! | namespaces | [`Isolation::Namespaces`]: a file system that holds nothing but the system's programs and the interpreter, all read-only; no network device; its own processes; plus seccomp, and Landlock where it is there |
//! | Landlock, but no namespaces | [`Isolation::Landlock`]: nothing outside the same folders can be opened; seccomp denies sockets, signals and new sessions |
//! | neither (or no Linux) | refused, unless the caller accepts the risk ([`Isolation::None`]) |
//!
//! As root, the program runs as a user of its own that owns nothing. What is promised is promised for the harness and the
//! machine's data; a fault in the kernel itself is out of its reach.
//!
//! This crate knows nothing of metrics or of what a program means.

mod error;
mod interpreter;
#[cfg(target_os = "linux")]
mod linux;
mod program;
mod sandbox;
mod unconfined;

pub use error::SandboxError;
pub use interpreter::Interpreter;
pub use program::{Ending, Execution, Limits, Program};
pub use sandbox::{Isolation, Policy, Probe, Sandbox, probe};
