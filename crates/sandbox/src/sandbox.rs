//! The sandbox: which isolation there is, and running programs in it.

use crate::error::SandboxError;
use crate::interpreter::Interpreter;
use crate::program::{Ending, Execution, Limits, Program};
use crate::unconfined;

/// How programs are kept from the rest of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Linux namespaces with seccomp, and Landlock where the kernel has it.
    Namespaces,
    /// Landlock with seccomp.
    Landlock,
    /// Not at all: the program has the rights of the user, within limits of time and output.
    None,
}

impl Isolation {
    /// A name for records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Landlock => "landlock",
            Self::None => "none",
        }
    }
}

/// What to do where programs can't be isolated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Refuse.
    #[default]
    IsolatedOnly,
    /// Run them with the user's rights.
    AllowUnisolated,
}

/// What was found about one way of isolating: it works, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The way.
    pub isolation: Isolation,
    /// `Ok` holds what it is made of here.
    pub verdict: Result<String, String>,
}

/// Runs programs. May be shared between threads.
#[derive(Clone, Debug)]
pub struct Sandbox {
    interpreter: Interpreter,
    isolation: Isolation,
}

/// Tries every way of isolating with a small program.
pub fn probe(interpreter: &Interpreter) -> Vec<Probe> {
    [Isolation::Namespaces, Isolation::Landlock]
        .into_iter()
        .map(|isolation| Probe { isolation, verdict: try_out(interpreter, isolation) })
        .collect()
}

impl Sandbox {
    /// A sandbox with the strongest isolation that works here.
    ///
    /// # Errors
    /// [`SandboxError::CannotIsolate`] when none works and the policy does not accept that.
    pub fn new(interpreter: Interpreter, policy: Policy) -> Result<Self, SandboxError> {
        let mut reasons = Vec::new();
        for isolation in [Isolation::Namespaces, Isolation::Landlock] {
            match try_out(&interpreter, isolation) {
                Ok(_) => return Ok(Self { interpreter, isolation }),
                Err(reason) => reasons.push(reason),
            }
        }
        reasons.dedup();
        match policy {
            Policy::AllowUnisolated => Ok(Self { interpreter, isolation: Isolation::None }),
            Policy::IsolatedOnly => Err(SandboxError::CannotIsolate { reason: reasons.join("; ") }),
        }
    }

    /// A sandbox with this isolation and no other.
    ///
    /// # Errors
    /// [`SandboxError::CannotIsolate`] when it does not work here.
    pub fn with(interpreter: Interpreter, isolation: Isolation) -> Result<Self, SandboxError> {
        try_out(&interpreter, isolation)
            .map_err(|reason| SandboxError::CannotIsolate { reason })?;
        Ok(Self { interpreter, isolation })
    }

    /// The interpreter.
    pub fn interpreter(&self) -> &Interpreter {
        &self.interpreter
    }

    /// How programs are isolated.
    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// Runs a program to its end, or until a limit ends it. When this returns, no process of the program is left.
    ///
    /// # Errors
    /// [`SandboxError::Start`] when the machine could not start it; nothing the program does is an error.
    pub fn run(&self, program: &Program, limits: &Limits) -> Result<Execution, SandboxError> {
        run(&self.interpreter, self.isolation, program, limits)
    }
}

fn run(
    interpreter: &Interpreter,
    isolation: Isolation,
    program: &Program,
    limits: &Limits,
) -> Result<Execution, SandboxError> {
    match isolation {
        Isolation::None => unconfined::run(interpreter, program, limits),
        #[cfg(target_os = "linux")]
        confined => crate::linux::run(interpreter, confined, program, limits),
        #[cfg(not(target_os = "linux"))]
        _ => Err(SandboxError::CannotIsolate { reason: NOT_LINUX.to_owned() }),
    }
}

#[cfg(not(target_os = "linux"))]
const NOT_LINUX: &str =
    "this operating system has no isolation that Holometer knows; it knows Linux's";

/// Runs a program that only greets.
fn try_out(interpreter: &Interpreter, isolation: Isolation) -> Result<String, String> {
    let limits = Limits { memory: 512 << 20, ..Limits::default() };
    let program = Program::new("print('ready')");
    let execution =
        run(interpreter, isolation, &program, &limits).map_err(|error| match error {
            SandboxError::CannotIsolate { reason } => reason,
            error => format!("{}: {error}", isolation.as_str()),
        })?;
    if execution.ending == Ending::Exited(0) && execution.stdout == b"ready\n" {
        return Ok(made_of(isolation));
    }
    let words = String::from_utf8_lossy(&execution.stderr);
    Err(format!(
        "{}: the interpreter does not work inside ({:?}: {})",
        isolation.as_str(),
        execution.ending,
        words.lines().last().unwrap_or("no words")
    ))
}

fn made_of(isolation: Isolation) -> String {
    match isolation {
        Isolation::None => "limits of time and output only".to_owned(),
        #[cfg(target_os = "linux")]
        confined => crate::linux::made_of(confined),
        #[cfg(not(target_os = "linux"))]
        _ => NOT_LINUX.to_owned(),
    }
}
