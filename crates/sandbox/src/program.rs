//! What is run, under which limits, and what came of it.

use std::time::Duration;

/// A Python program with its standard input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// The source text; it is the script that the interpreter runs.
    pub source: String,
    /// What it can read from standard input.
    pub stdin: Vec<u8>,
}

impl Program {
    /// A program with empty standard input.
    pub fn new(source: impl Into<String>) -> Self {
        Self { source: source.into(), stdin: Vec::new() }
    }
}

/// What a program may use. Each limit holds for the program together with every process that it starts, unless it says
/// otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time on the clock.
    pub wall: Duration,
    /// Processor time of each process, rounded up to seconds.
    pub cpu: Duration,
    /// Bytes of memory: the address space of each process, and the resident memory of all together.
    pub memory: u64,
    /// Processes and threads at once.
    pub processes: u64,
    /// Bytes that are kept of standard output, and of standard error; more ends the program.
    pub output: usize,
    /// Bytes in the private folder.
    pub disk: u64,
    /// Open files of each process.
    pub files: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(10),
            cpu: Duration::from_secs(10),
            memory: 1 << 30,
            processes: 32,
            output: 1 << 20,
            disk: 32 << 20,
            files: 64,
        }
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit code.
    Exited(i32),
    /// By this signal, which the sandbox did not send.
    Killed(i32),
    /// Its time on the clock was up.
    OutOfTime,
    /// Its processor time was up.
    OutOfProcessorTime,
    /// It used too much memory.
    OutOfMemory,
    /// It wrote too much to standard output or standard error.
    TooMuchOutput,
    /// It filled its private folder.
    OutOfDisk,
}

/// What came of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    /// How it ended.
    pub ending: Ending,
    /// Standard output, as far as the limit.
    pub stdout: Vec<u8>,
    /// Standard error, as far as the limit.
    pub stderr: Vec<u8>,
    /// Seconds from its start to its end.
    pub seconds: f64,
}
