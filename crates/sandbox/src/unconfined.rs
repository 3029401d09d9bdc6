//! Running a program with the user's own rights, for those who accept that: only time and output are limited, and only the
//! program's own process is sure to be killed.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use crate::error::SandboxError;
use crate::interpreter::Interpreter;
use crate::program::{Ending, Execution, Limits, Program};

/// How long output is awaited from processes that the program may have left behind.
const GRACE: Duration = Duration::from_millis(200);

pub(crate) fn run(
    interpreter: &Interpreter,
    program: &Program,
    limits: &Limits,
) -> Result<Execution, SandboxError> {
    let failed = |error: std::io::Error| SandboxError::Start(error.to_string());
    let folder = tempfile::tempdir().map_err(failed)?;
    let script = folder.path().join("main.py");
    std::fs::write(&script, &program.source).map_err(failed)?;
    let started = Instant::now();
    let mut child = Command::new(&interpreter.executable)
        .args(["-s", "-B"])
        .arg(&script)
        .current_dir(folder.path())
        .env("PYTHONHASHSEED", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    feed(&mut child, program.stdin.clone());
    let too_much = Arc::new(AtomicBool::new(false));
    let stdout = collect(child.stdout.take(), limits.output, &too_much);
    let stderr = collect(child.stderr.take(), limits.output, &too_much);
    let ending = watch(&mut child, started, limits, &too_much).map_err(failed)?;
    let seconds = started.elapsed().as_secs_f64();
    let ending = if too_much.load(Ordering::SeqCst) { Ending::TooMuchOutput } else { ending };
    let stdout = stdout.recv_timeout(GRACE).unwrap_or_default();
    let stderr = stderr.recv_timeout(GRACE).unwrap_or_default();
    Ok(Execution { ending, stdout, stderr, seconds })
}

fn feed(child: &mut Child, bytes: Vec<u8>) {
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input closes the pipe: that is its own affair.
        std::thread::spawn(move || drop(stdin.write_all(&bytes)));
    }
}

/// Reads on a thread of its own, so that neither pipe blocks the other.
fn collect(
    pipe: Option<impl Read + Send + 'static>,
    limit: usize,
    too_much: &Arc<AtomicBool>,
) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    let too_much = Arc::clone(too_much);
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        if let Some(mut pipe) = pipe {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                let room = limit.saturating_sub(kept.len()).min(count);
                kept.extend_from_slice(&buffer[..room]);
                if room < count {
                    too_much.store(true, Ordering::SeqCst);
                    break;
                }
            }
        }
        drop(sender.send(kept));
    });
    receiver
}

fn watch(
    child: &mut Child,
    started: Instant,
    limits: &Limits,
    too_much: &AtomicBool,
) -> std::io::Result<Ending> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(ending_of(status));
        }
        if started.elapsed() >= limits.wall || too_much.load(Ordering::SeqCst) {
            child.kill()?;
            child.wait()?;
            return Ok(Ending::OutOfTime);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[cfg(unix)]
fn ending_of(status: std::process::ExitStatus) -> Ending {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Killed(signal.unwrap_or(0)),
    }
}

#[cfg(not(unix))]
fn ending_of(status: std::process::ExitStatus) -> Ending {
    Ending::Exited(status.code().unwrap_or(-1))
}
