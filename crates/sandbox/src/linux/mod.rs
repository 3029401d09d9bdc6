//! Isolation by Linux's own means.
//!
//! ```text
//! harness --clone--> init --fork--> the program --> whatever it starts
//!    |                 |
//!    |                 waits for the program and says how it ended; it is never under the program's control
//!    reads output, watches time and memory, kills the tree, buries it
//! ```
//!
//! With namespaces, init is process 1 of its own process namespace, so that killing it kills everything in it. Without them
//! all processes stay in one process group, since seccomp denies leaving it, and the group is killed.
//!
//! The modules: [`plan`] prepares everything that needs memory or thought; [`child`] is what runs between `clone` and
//! `execve`, system calls only; [`watch`] is the harness's side.

mod child;
mod landlock;
mod plan;
mod seccomp;
mod sys;
mod watch;

use crate::error::SandboxError;
use crate::interpreter::Interpreter;
use crate::program::{Execution, Limits, Program};
use crate::sandbox::Isolation;

/// Runs a program in isolation.
pub(crate) fn run(
    interpreter: &Interpreter,
    isolation: Isolation,
    program: &Program,
    limits: &Limits,
) -> Result<Execution, SandboxError> {
    if cfg!(not(any(target_arch = "x86_64", target_arch = "aarch64"))) {
        let reason = format!("the system calls of `{}` are not known here", std::env::consts::ARCH);
        return Err(SandboxError::CannotIsolate { reason });
    }
    let landlock = landlock::version();
    if isolation == Isolation::Landlock && landlock < 1 {
        let reason = "landlock: this kernel has none, or it is switched off".to_owned();
        return Err(SandboxError::CannotIsolate { reason });
    }
    let plan = plan::Plan::new(interpreter, isolation, landlock, program, limits)?;
    watch::run(&plan, limits)
}

/// What an isolation that works is made of here.
pub(crate) fn made_of(isolation: Isolation) -> String {
    let landlock = match landlock::version() {
        0 => String::new(),
        version => format!(", Landlock version {version}"),
    };
    match isolation {
        Isolation::Namespaces => {
            format!("namespaces (files, processes, network, IPC), seccomp{landlock}")
        }
        _ => format!("seccomp{landlock}"),
    }
}
