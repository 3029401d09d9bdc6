//! What runs between `clone` and `execve`: system calls on what the plan holds, and nothing else. No memory is allocated and no lock
//! is taken here, because another thread of the harness may have held one when the process was copied.

use std::ffi::CStr;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{c_int, pid_t};

use crate::linux::landlock;
use crate::linux::plan::{Plan, Root};
use crate::linux::sys::{self, Sys};

/// The child's ends of its pipes.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) stdout: c_int,
    pub(crate) stderr: c_int,
    /// Closed without a word when the program begins; otherwise a [`Fault`].
    pub(crate) setup: c_int,
    /// How the program ended.
    pub(crate) report: c_int,
}

/// Where the pipes are after all else is closed.
const SETUP: c_int = 3;
const REPORT: c_int = 4;

/// A step that failed, with the error's number.
pub(crate) type Fault = (Step, c_int);

/// The steps of setting up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Step {
    Pipes = 1,
    UserMap,
    PrivateMounts,
    Root,
    Folders,
    Binds,
    PrivateFolder,
    Script,
    Pivot,
    User,
    Fork,
    Input,
    Privileges,
    Landlock,
    Limits,
    Filter,
    Execute,
}

impl Step {
    const ALL: [Self; 17] = [
        Self::Pipes,
        Self::UserMap,
        Self::PrivateMounts,
        Self::Root,
        Self::Folders,
        Self::Binds,
        Self::PrivateFolder,
        Self::Script,
        Self::Pivot,
        Self::User,
        Self::Fork,
        Self::Input,
        Self::Privileges,
        Self::Landlock,
        Self::Limits,
        Self::Filter,
        Self::Execute,
    ];

    /// The step of a number that came through the pipe.
    pub(crate) fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|step| *step as u8 == number)
    }

    /// What it does, for messages.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Pipes => "arranging descriptors",
            Self::UserMap => "mapping the user into a namespace",
            Self::PrivateMounts => "keeping mounts private",
            Self::Root => "making an empty file system",
            Self::Folders => "making its folders",
            Self::Binds => "showing the system's programs in it",
            Self::PrivateFolder => "making the private folder",
            Self::Script => "writing the program",
            Self::Pivot => "entering the file system",
            Self::User => "giving up root",
            Self::Fork => "making a process",
            Self::Input => "opening standard input",
            Self::Privileges => "giving up privileges",
            Self::Landlock => "restricting files with Landlock",
            Self::Limits => "setting limits",
            Self::Filter => "filtering system calls",
            Self::Execute => "starting the interpreter",
        }
    }
}

trait At<T> {
    /// Says at which step an error occurred.
    fn at(self, step: Step) -> Result<T, Fault>;
}

impl<T> At<T> for Sys<T> {
    fn at(self, step: Step) -> Result<T, Fault> {
        self.map_err(|error| (step, error))
    }
}

/// The life of the first process: sets up, starts the program, waits for it, says how it ended.
pub(crate) fn init(plan: &Plan, ends: Ends) -> ! {
    sys::reset_signals();
    if let Err(fault) = arrange(ends).at(Step::Pipes).and_then(|()| prepare(plan)) {
        give_up(fault);
    }
    match sys::clone_process(0) {
        Err(error) => give_up((Step::Fork, error)),
        Ok(0) => become_program(plan),
        Ok(program) => attend(program),
    }
}

fn give_up((step, error): Fault) -> ! {
    let [a, b, c, d] = error.to_ne_bytes();
    // Nobody is left to tell when this fails.
    let _ = sys::write_all(SETUP, &[step as u8, a, b, c, d]);
    sys::exit(1)
}

/// Puts the pipes where they belong and closes everything else; by way of higher places, so that none overwrites another.
fn arrange(ends: Ends) -> Sys<()> {
    let high = |file| sys::duplicate_above(file, REPORT + 1);
    let (stdout, stderr) = (high(ends.stdout)?, high(ends.stderr)?);
    let (setup, report) = (high(ends.setup)?, high(ends.report)?);
    sys::duplicate(stdout, 1)?;
    sys::duplicate(stderr, 2)?;
    sys::duplicate(setup, SETUP)?;
    sys::duplicate(report, REPORT)?;
    sys::close_range(REPORT as u32 + 1, u32::MAX);
    sys::close(0);
    Ok(())
}

/// The program's number, once it has one.
static PROGRAM: AtomicI32 = AtomicI32::new(0);

/// Kills the program's group; `attend` then sees its end. Before there is a program, this process is all there is.
extern "C" fn kill_program(_: c_int) {
    match PROGRAM.load(Ordering::SeqCst) {
        0 => sys::exit(1),
        program => sys::kill(-program, libc::SIGKILL),
    }
}

fn prepare(plan: &Plan) -> Result<(), Fault> {
    sys::new_session().at(Step::Pipes)?;
    // When memory runs short, the kernel is to end this tree and not the harness. Without /proc it is not told.
    if let Ok(file) = sys::open(c"/proc/self/oom_score_adj", libc::O_WRONLY, 0) {
        let _ = sys::write_all(file, b"1000");
        sys::close(file);
    }
    match &plan.root {
        Some(root) => build_root(plan, root)?,
        None => write_files(plan, &plan.script, &plan.input).at(Step::Script)?,
    }
    if let Some((user, group)) = plan.user {
        sys::become_user(user, group).at(Step::User)?;
    }
    // Nobody of the same user may look into this process, which has a copy of the harness's memory.
    sys::control_process(libc::PR_SET_DUMPABLE, 0).at(Step::Privileges)?;
    // When the harness dies, so does the tree.
    let signal = if plan.root.is_some() { libc::SIGKILL } else { libc::SIGTERM };
    sys::on_signal(libc::SIGTERM, kill_program);
    sys::control_process(libc::PR_SET_PDEATHSIG, signal as libc::c_ulong).at(Step::Privileges)?;
    sys::control_process(libc::PR_SET_CHILD_SUBREAPER, 1).at(Step::Privileges)
}

/// Builds a file system of what the program may see, and makes it the only one.
fn build_root(plan: &Plan, root: &Root) -> Result<(), Fault> {
    if let Some((users, groups)) = &root.maps {
        write_file(c"/proc/self/setgroups", b"deny").at(Step::UserMap)?;
        write_file(c"/proc/self/gid_map", groups).at(Step::UserMap)?;
        write_file(c"/proc/self/uid_map", users).at(Step::UserMap)?;
    }
    sys::mount(None, c"/", None, libc::MS_REC | libc::MS_PRIVATE, None).at(Step::PrivateMounts)?;
    let kind = Some(c"tmpfs");
    let safe = libc::MS_NOSUID | libc::MS_NODEV;
    let options = Some(c"size=1m,nr_inodes=4096,mode=755");
    sys::mount(kind, &root.stage, kind, safe, options).at(Step::Root)?;
    for folder in &root.folders {
        sys::make_folder(folder, 0o755).at(Step::Folders)?;
    }
    for (aim, path) in &root.links {
        sys::make_link(aim, path).at(Step::Folders)?;
    }
    for bind in &root.binds {
        if !bind.is_folder {
            let made = sys::open(&bind.target, libc::O_CREAT | libc::O_WRONLY, 0o644);
            sys::close(made.at(Step::Folders)?);
        }
        let flags = libc::MS_BIND | libc::MS_REC;
        sys::mount(Some(&bind.source), &bind.target, None, flags, None).at(Step::Binds)?;
        seal(&bind.target, bind.flags).at(Step::Binds)?;
    }
    let options = Some(root.private_options.as_c_str());
    sys::mount(kind, &root.private, kind, safe, options).at(Step::PrivateFolder)?;
    sys::change_folder(&root.stage).at(Step::Pivot)?;
    sys::pivot_here().at(Step::Pivot)?;
    sys::change_folder(c"/").at(Step::Pivot)?;
    write_files(plan, &plan.script, &plan.input).at(Step::Script)?;
    let sealed = libc::MS_BIND | libc::MS_REMOUNT | libc::MS_RDONLY | safe;
    sys::mount(None, c"/", None, sealed, None).at(Step::Pivot)
}

/// Makes a bound part read-only; kernels before 5.12 can do so for the part itself only, not for what is mounted below.
fn seal(target: &CStr, flags: libc::c_ulong) -> Sys<()> {
    match sys::seal_mount(target) {
        Err(libc::ENOSYS) => {
            let flags =
                flags | libc::MS_BIND | libc::MS_REMOUNT | libc::MS_RDONLY | libc::MS_NOSUID;
            sys::mount(None, target, None, flags, None)
        }
        other => other,
    }
}

fn write_files(plan: &Plan, script: &CStr, input: &CStr) -> Sys<()> {
    for (path, bytes) in [(script, &plan.source), (input, &plan.stdin)] {
        let flags = libc::O_CREAT | libc::O_EXCL | libc::O_WRONLY | libc::O_NOFOLLOW;
        let file = sys::open(path, flags, 0o644)?;
        let written = sys::write_all(file, bytes);
        sys::close(file);
        written?;
    }
    Ok(())
}

fn write_file(path: &CStr, bytes: &[u8]) -> Sys<()> {
    let file = sys::open(path, libc::O_WRONLY, 0)?;
    let written = sys::write_all(file, bytes);
    sys::close(file);
    written
}

/// Gives up every privilege and runs the interpreter.
fn become_program(plan: &Plan) -> ! {
    sys::close(REPORT);
    sys::reset_signals();
    if let Err(error) = sys::lead_group(0) {
        give_up((Step::Fork, error));
    }
    give_up(restrict(plan))
}

/// Comes back only with what failed.
fn restrict(plan: &Plan) -> Fault {
    match try_restrict(plan) {
        Err(fault) => fault,
        Ok(()) => {
            (Step::Execute, sys::execute(&plan.executable, &plan.arguments, &plan.environment))
        }
    }
}

fn try_restrict(plan: &Plan) -> Result<(), Fault> {
    sys::change_folder(&plan.folder).at(Step::Input)?;
    // It takes the lowest free place, which is 0, and would be closed by `execve` there; its copy is not.
    let input = sys::open(&plan.input, libc::O_RDONLY, 0).at(Step::Input)?;
    sys::duplicate(input, REPORT).at(Step::Input)?;
    sys::duplicate(REPORT, 0).at(Step::Input)?;
    sys::close(REPORT);
    // As another user the program may not remove it, and it does no harm.
    let _ = sys::remove(&plan.input);
    let signal = libc::SIGKILL as libc::c_ulong;
    sys::control_process(libc::PR_SET_PDEATHSIG, signal).at(Step::Privileges)?;
    sys::control_process(libc::PR_SET_NO_NEW_PRIVS, 1).at(Step::Privileges)?;
    if plan.landlock > 0 {
        let rules = landlock::forbid_all(plan.landlock).at(Step::Landlock)?;
        for (path, access) in &plan.rules {
            landlock::allow(rules, path, *access, plan.landlock).at(Step::Landlock)?;
        }
        landlock::enforce(rules).at(Step::Landlock)?;
        sys::close(rules);
    }
    for limit in &plan.limits {
        sys::limit(*limit).at(Step::Limits)?;
    }
    sys::close_on_execute(SETUP).at(Step::Privileges)?;
    sys::filter_system_calls(&plan.filter).at(Step::Filter)
}

/// Waits for the program, and buries orphans meanwhile. Says the program's number, and how it ended.
///
/// The program leads a group of processes. It stays unburied until the group is killed, so that its number can't be another's.
fn attend(program: pid_t) -> ! {
    let _ = sys::lead_group(program);
    PROGRAM.store(program, Ordering::SeqCst);
    let _ = sys::write_all(REPORT, &program.to_ne_bytes());
    sys::close(SETUP);
    sys::close_range(0, 2);
    loop {
        match sys::next_ended() {
            Ok((pid, status)) if pid == program => {
                let _ = sys::write_all(REPORT, &status.to_ne_bytes());
                break;
            }
            Ok((pid, _)) => drop(sys::bury(pid)),
            Err(libc::EINTR) => {}
            Err(_) => break,
        }
    }
    sys::kill(-program, libc::SIGKILL);
    while !matches!(sys::next_ended().map(|(pid, _)| sys::bury(pid)), Err(error) if error != libc::EINTR)
    {
    }
    sys::exit(0)
}
