//! The harness's side: makes the process, reads its output, watches its limits, kills and buries the tree.

use std::fs;
use std::io::{ErrorKind, PipeReader, PipeWriter, Read, pipe};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::{Duration, Instant};

use libc::{c_int, pid_t};

use crate::error::SandboxError;
use crate::linux::child::{self, Ends, Step};
use crate::linux::plan::Plan;
use crate::linux::sys;
use crate::program::{Ending, Execution, Limits};

/// How often memory and disk are looked at.
const TICK: Duration = Duration::from_millis(20);

/// How many processes or files are counted at most in one look.
const COUNTED: usize = 4096;

/// Runs what was planned.
pub(crate) fn run(plan: &Plan, limits: &Limits) -> Result<Execution, SandboxError> {
    let failed = |error: std::io::Error| SandboxError::Start(error.to_string());
    let (stdout, stdout_end) = pipe().map_err(failed)?;
    let (stderr, stderr_end) = pipe().map_err(failed)?;
    let (setup, setup_end) = pipe().map_err(failed)?;
    let (report, report_end) = pipe().map_err(failed)?;
    let ends = [stdout_end, stderr_end, setup_end, report_end];
    let started = Instant::now();
    let init = start(plan, &ends).map_err(|error| fault(plan, Step::Fork, error))?;
    drop(ends);
    let mut watch = Watch {
        plan,
        limits,
        init,
        started,
        stdout: Output::new(stdout, limits.output),
        stderr: Output::new(stderr, limits.output),
        setup: Some(setup),
        report: Some(report),
        program: None,
        vanished: false,
        began: false,
    };
    let end = watch.until_the_end();
    let seconds = started.elapsed().as_secs_f64();
    let processor = watch.clear_away();
    let ending = match end {
        End::Fault(step, error) => return Err(fault(plan, step, error)),
        End::Vanished if !watch.began => {
            return Err(SandboxError::Start("it ended while it was being set up".to_owned()));
        }
        End::Vanished => Ending::Killed(libc::SIGKILL),
        End::Limit(ending) => ending,
        End::Status(status) => ending_of(status, processor, limits),
    };
    Ok(Execution { ending, stdout: watch.stdout.kept, stderr: watch.stderr.kept, seconds })
}

/// Makes the first process of the tree.
fn start(plan: &Plan, ends: &[PipeWriter; 4]) -> sys::Sys<pid_t> {
    let mut flags = 0;
    if let Some(root) = &plan.root {
        flags |= libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWNET | libc::CLONE_NEWIPC;
        flags |= libc::CLONE_NEWUTS;
        if root.maps.is_some() {
            flags |= libc::CLONE_NEWUSER;
        }
    }
    let ends = Ends {
        stdout: ends[0].as_raw_fd(),
        stderr: ends[1].as_raw_fd(),
        setup: ends[2].as_raw_fd(),
        report: ends[3].as_raw_fd(),
    };
    // A handler of the harness must not run in the child, which has a copy of the harness's handlers at first.
    let mask = sys::block_signals();
    let made = sys::clone_process(flags);
    if made == Ok(0) {
        child::init(plan, ends);
    }
    sys::set_signal_mask(&mask);
    made
}

fn fault(plan: &Plan, step: Step, error: c_int) -> SandboxError {
    let words = std::io::Error::from_raw_os_error(error);
    let what = format!("{}: {words}", step.describe());
    match error {
        libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE => SandboxError::Start(what),
        _ => {
            let way = if plan.root.is_some() { "namespaces" } else { "landlock" };
            SandboxError::CannotIsolate { reason: format!("{way}: {what}") }
        }
    }
}

fn ending_of(status: c_int, processor: f64, limits: &Limits) -> Ending {
    if libc::WIFEXITED(status) {
        return Ending::Exited(libc::WEXITSTATUS(status));
    }
    match libc::WTERMSIG(status) {
        libc::SIGXCPU => Ending::OutOfProcessorTime,
        // A program that ignores the warning is killed a second later.
        libc::SIGKILL if processor >= limits.cpu.as_secs_f64() => Ending::OutOfProcessorTime,
        signal => Ending::Killed(signal),
    }
}

/// One of the program's outputs.
struct Output {
    pipe: Option<PipeReader>,
    kept: Vec<u8>,
    limit: usize,
    overflown: bool,
}

impl Output {
    fn new(pipe: PipeReader, limit: usize) -> Self {
        Self { pipe: Some(pipe), kept: Vec::new(), limit, overflown: false }
    }

    /// Reads once; at the end of the output, or when nothing is there, nothing more.
    fn read(&mut self) -> bool {
        let Some(pipe) = &mut self.pipe else { return false };
        let mut buffer = [0; 16 << 10];
        match pipe.read(&mut buffer) {
            Ok(0) => self.pipe = None,
            Ok(count) => {
                let room = self.limit.saturating_sub(self.kept.len()).min(count);
                self.kept.extend_from_slice(&buffer[..room]);
                self.overflown |= room < count;
                return room == count;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => return true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.pipe = None,
        }
        false
    }

    /// Reads what is left in the pipe after all writers are dead.
    fn drain(&mut self) {
        if let Some(pipe) = &self.pipe
            && sys::set_nonblocking(pipe.as_raw_fd()).is_ok()
        {
            while self.read() {}
        }
    }
}

/// Why watching ended.
enum End {
    Status(c_int),
    Limit(Ending),
    Fault(Step, c_int),
    Vanished,
}

struct Watch<'p> {
    plan: &'p Plan,
    limits: &'p Limits,
    init: pid_t,
    started: Instant,
    stdout: Output,
    stderr: Output,
    setup: Option<PipeReader>,
    report: Option<PipeReader>,
    /// The program's number as its first process sees it.
    program: Option<pid_t>,
    /// Whether the first process ended without a word.
    vanished: bool,
    /// Whether the program itself runs, and not its preparation any more.
    began: bool,
}

impl Watch<'_> {
    fn until_the_end(&mut self) -> End {
        let mut next_look = Instant::now() + TICK;
        loop {
            let left = self.limits.wall.saturating_sub(self.started.elapsed());
            if left.is_zero() {
                return End::Limit(Ending::OutOfTime);
            }
            let wait = left.min(TICK).as_millis() as c_int;
            if let Some(end) = self.listen(wait.max(1)) {
                return end;
            }
            if self.began && Instant::now() >= next_look {
                if let Some(ending) = self.look() {
                    return End::Limit(ending);
                }
                next_look = Instant::now() + TICK;
            }
        }
    }

    /// Waits for something to read, and reads it.
    fn listen(&mut self, milliseconds: c_int) -> Option<End> {
        let entry = |pipe: Option<&PipeReader>| libc::pollfd {
            // The kernel passes over -1.
            fd: pipe.map_or(-1, AsRawFd::as_raw_fd),
            events: libc::POLLIN,
            revents: 0,
        };
        let mut files = [
            entry(self.stdout.pipe.as_ref()),
            entry(self.stderr.pipe.as_ref()),
            entry(self.setup.as_ref()),
            entry(self.report.as_ref()),
        ];
        sys::poll(&mut files, milliseconds);
        let ready = files.map(|file| file.revents != 0);
        if ready[0] {
            self.stdout.read();
        }
        if ready[1] {
            self.stderr.read();
        }
        if self.stdout.overflown || self.stderr.overflown {
            return Some(End::Limit(Ending::TooMuchOutput));
        }
        if ready[2] {
            let mut message = [0; 5];
            match self.setup.take().and_then(|mut pipe| pipe.read(&mut message).ok()) {
                Some(5) => {
                    let [step, error @ ..] = message;
                    let step = Step::of(step).unwrap_or(Step::Pipes);
                    return Some(End::Fault(step, c_int::from_ne_bytes(error)));
                }
                _ => self.began = true,
            }
        }
        if ready[3] {
            let mut number = [0; 4];
            let read = self.report.as_mut().and_then(|pipe| pipe.read(&mut number).ok());
            let number = c_int::from_ne_bytes(number);
            match (read, self.program) {
                (Some(4), None) => self.program = Some(number),
                (Some(4), Some(_)) => return Some(End::Status(number)),
                _ => {
                    self.vanished = true;
                    return Some(End::Vanished);
                }
            }
        }
        None
    }

    /// Looks at what no limit of the system's own counts for the whole tree.
    fn look(&self) -> Option<Ending> {
        if resident_below(self.init) > self.limits.memory {
            return Some(Ending::OutOfMemory);
        }
        let folder = self.plan.disk_folder.as_ref()?;
        (size_of_folder(folder.path()) > self.limits.disk).then_some(Ending::OutOfDisk)
    }

    /// Kills every process of the tree and reads what they left. Gives the processor time that was taken.
    fn clear_away(&mut self) -> f64 {
        // The first process is not yet buried, so that its number can't be another's. In its own namespace all die with it;
        // otherwise it kills and buries the program's group.
        let signal = if self.plan.root.is_some() { libc::SIGKILL } else { libc::SIGTERM };
        sys::kill(self.init, signal);
        if let (true, true, Some(program)) = (self.vanished, self.plan.root.is_none(), self.program)
        {
            // Something else killed the first process, which would have done this.
            sys::kill(-program, libc::SIGKILL);
        }
        let seconds = sys::bury(self.init);
        self.stdout.drain();
        self.stderr.drain();
        if let Some(folder) = &self.plan.disk_folder {
            make_removable(folder.path(), 0);
        }
        seconds
    }
}

/// Bytes of memory that the descendants of a process hold; shared parts count for each.
fn resident_below(init: pid_t) -> u64 {
    let mut pages = 0;
    let mut counted = 0;
    let mut open = children(init);
    while let Some(pid) = open.pop() {
        counted += 1;
        if counted > COUNTED {
            break;
        }
        let memory = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
        pages += memory.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0);
        open.extend(children(pid));
    }
    pages * sys::page_size()
}

fn children(pid: pid_t) -> Vec<pid_t> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists = threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()
        })
        .collect()
}

fn size_of_folder(folder: &Path) -> u64 {
    let mut size = 0;
    let mut counted = 0;
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            counted += 1;
            if counted > COUNTED {
                return u64::MAX;
            }
            let Ok(found) = entry.metadata() else { continue };
            if found.is_dir() {
                open.push(entry.path());
            } else {
                size += found.len();
            }
        }
    }
    size
}

/// Folders that the program closed to everyone are opened again, so that they can be removed.
fn make_removable(folder: &Path, depth: usize) {
    use std::os::unix::fs::PermissionsExt;
    if depth > 64 {
        return;
    }
    drop(fs::set_permissions(folder, fs::Permissions::from_mode(0o700)));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.metadata().is_ok_and(|found| found.is_dir()) {
            make_removable(&entry.path(), depth + 1);
        }
    }
}
