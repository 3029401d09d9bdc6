//! System calls as functions that give an error number. All of them may be called between `clone` and `execve`: none allocates,
//! locks or touches the C library's own state.

#![expect(unsafe_code, reason = "system calls")]

use std::ffi::CStr;

use libc::{c_int, c_long, c_uint, c_ulong, c_void};

/// A result with the error's number.
pub(crate) type Sys<T> = Result<T, c_int>;

fn errno() -> c_int {
    // SAFETY: the location of `errno` is valid for the whole life of the thread; a cloned child has a copy of it.
    unsafe { *libc::__errno_location() }
}

fn check(result: c_long) -> Sys<c_long> {
    if result == -1 { Err(errno()) } else { Ok(result) }
}

/// Makes a process like `fork` does, in new namespaces as the flags say. 0 in the child.
///
/// The call is made raw because the C library's `fork` takes locks that another thread may hold at this moment.
pub(crate) fn clone_process(flags: c_int) -> Sys<libc::pid_t> {
    // SAFETY: without CLONE_VM the child has its own copy of the memory and goes on from here on a copy of this stack. The
    // caller keeps the child to system calls until it executes a program or exits.
    let pid =
        unsafe { libc::syscall(libc::SYS_clone, c_long::from(flags | libc::SIGCHLD), 0, 0, 0, 0) };
    check(pid).map(|pid| pid as libc::pid_t)
}

/// Ends this process at once.
pub(crate) fn exit(code: c_int) -> ! {
    // SAFETY: it only ends the process; nothing of the C library's is run.
    unsafe { libc::_exit(code) }
}

pub(crate) fn mount(
    source: Option<&CStr>,
    target: &CStr,
    kind: Option<&CStr>,
    flags: c_ulong,
    data: Option<&CStr>,
) -> Sys<()> {
    let text = |text: Option<&CStr>| text.map_or(std::ptr::null(), CStr::as_ptr);
    // SAFETY: all pointers are null or to texts that end in a zero and live during the call.
    let result = unsafe {
        libc::mount(text(source), target.as_ptr(), text(kind), flags, text(data).cast::<c_void>())
    };
    check(result.into()).map(drop)
}

/// `struct mount_attr` of the kernel.
#[repr(C)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

/// Makes a mount and all below it read-only and without set-user-id programs.
pub(crate) fn seal_mount(target: &CStr) -> Sys<()> {
    const RDONLY_NOSUID: u64 = 1 | 2;
    let attributes =
        MountAttributes { set: RDONLY_NOSUID, clear: 0, propagation: 0, user_namespace: 0 };
    // SAFETY: the structure has the layout and the size that the kernel is told.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            target.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<MountAttributes>(),
        )
    };
    check(result).map(drop)
}

/// Makes the current folder the root of the file system and forgets the old one.
pub(crate) fn pivot_here() -> Sys<()> {
    // SAFETY: both paths are constant texts.
    check(unsafe { libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c".".as_ptr()) })?;
    // SAFETY: as above.
    check(unsafe { libc::umount2(c".".as_ptr(), libc::MNT_DETACH) }.into()).map(drop)
}

pub(crate) fn make_folder(path: &CStr, mode: libc::mode_t) -> Sys<()> {
    // SAFETY: the path is a text that ends in a zero.
    match check(unsafe { libc::mkdir(path.as_ptr(), mode) }.into()) {
        Err(libc::EEXIST) => Ok(()),
        other => other.map(drop),
    }
}

pub(crate) fn make_link(target: &CStr, path: &CStr) -> Sys<()> {
    // SAFETY: both are texts that end in a zero.
    check(unsafe { libc::symlink(target.as_ptr(), path.as_ptr()) }.into()).map(drop)
}

pub(crate) fn change_folder(path: &CStr) -> Sys<()> {
    // SAFETY: the path is a text that ends in a zero.
    check(unsafe { libc::chdir(path.as_ptr()) }.into()).map(drop)
}

pub(crate) fn remove(path: &CStr) -> Sys<()> {
    // SAFETY: the path is a text that ends in a zero.
    check(unsafe { libc::unlink(path.as_ptr()) }.into()).map(drop)
}

pub(crate) fn open(path: &CStr, flags: c_int, mode: c_uint) -> Sys<c_int> {
    // SAFETY: the path is a text that ends in a zero.
    check(unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, mode) }.into())
        .map(|file| file as c_int)
}

pub(crate) fn close(file: c_int) {
    // SAFETY: closing touches no memory. Callers close descriptors that belong to them.
    unsafe { libc::close(file) };
}

/// Closes every descriptor from `first` to `last`.
pub(crate) fn close_range(first: c_uint, last: c_uint) {
    // SAFETY: as in `close`; only used in children, which own all their descriptors.
    let done = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    if done == -1 {
        // Kernels before 5.9 lack the call.
        for file in first..=last.min(4096) {
            close(file as c_int);
        }
    }
}

/// Makes `to` a copy of `from` that outlives `execve`.
pub(crate) fn duplicate(from: c_int, to: c_int) -> Sys<()> {
    // SAFETY: no memory is touched.
    check(unsafe { libc::dup2(from, to) }.into()).map(drop)
}

/// A copy of a descriptor that is not below `least`.
pub(crate) fn duplicate_above(from: c_int, least: c_int) -> Sys<c_int> {
    // SAFETY: no memory is touched.
    check(unsafe { libc::fcntl(from, libc::F_DUPFD_CLOEXEC, least) }.into())
        .map(|file| file as c_int)
}

/// Lets `execve` close a descriptor.
pub(crate) fn close_on_execute(file: c_int) -> Sys<()> {
    // SAFETY: no memory is touched.
    check(unsafe { libc::fcntl(file, libc::F_SETFD, libc::FD_CLOEXEC) }.into()).map(drop)
}

/// Writes all bytes.
pub(crate) fn write_all(file: c_int, mut bytes: &[u8]) -> Sys<()> {
    while !bytes.is_empty() {
        // SAFETY: the pointer and the length are those of one slice.
        let written = unsafe { libc::write(file, bytes.as_ptr().cast::<c_void>(), bytes.len()) };
        match check(written as c_long) {
            Ok(count) => bytes = bytes.get(count as usize..).unwrap_or_default(),
            Err(libc::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Sets all three user and group numbers, and drops other groups. The raw calls concern this thread only, and a cloned child has
/// no other; the C library's would look for the threads of the parent.
pub(crate) fn become_user(user: libc::uid_t, group: libc::gid_t) -> Sys<()> {
    // SAFETY: an empty list of groups needs no memory; the others take numbers.
    unsafe {
        check(libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<libc::gid_t>()))?;
        check(libc::syscall(libc::SYS_setresgid, group, group, group))?;
        check(libc::syscall(libc::SYS_setresuid, user, user, user)).map(drop)
    }
}

/// `prctl` with one number.
pub(crate) fn control_process(option: c_int, value: c_ulong) -> Sys<()> {
    // SAFETY: the options in use take numbers, not pointers.
    check(unsafe { libc::prctl(option, value, 0, 0, 0) }.into()).map(drop)
}

pub(crate) fn new_session() -> Sys<()> {
    // SAFETY: no memory is touched.
    check(unsafe { libc::setsid() }.into()).map(drop)
}

/// Gives every signal its default action, and lets all of them through.
pub(crate) fn reset_signals() {
    for signal in 1..=64 {
        // SAFETY: the default action is always valid; numbers that can't be changed are refused without effect.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    set_signal_mask(&no_signals());
}

/// Calls `handler` when `signal` comes.
pub(crate) fn on_signal(signal: c_int, handler: extern "C" fn(c_int)) {
    // SAFETY: the handler is a function with the C calling convention that only makes system calls.
    unsafe { libc::signal(signal, handler as *const () as libc::sighandler_t) };
}

/// The empty set of signals.
pub(crate) fn no_signals() -> libc::sigset_t {
    // SAFETY: `sigemptyset` makes any memory of the type a valid set; all zeros is one.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        set
    }
}

/// Keeps all signals back in this thread; gives what was kept back before.
pub(crate) fn block_signals() -> libc::sigset_t {
    let mut before = no_signals();
    // SAFETY: both sets live during the call.
    unsafe {
        let mut all = no_signals();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
    }
    before
}

pub(crate) fn set_signal_mask(set: &libc::sigset_t) {
    // SAFETY: the set lives during the call; no old set is asked for.
    unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::from_ref(set), std::ptr::null_mut())
    };
}

pub(crate) fn kill(pid: libc::pid_t, signal: c_int) {
    // SAFETY: no memory is touched. Callers name processes or groups that they made and have not yet waited for, or 0.
    unsafe { libc::kill(pid, signal) };
}

/// A resource's limit, soft and hard.
#[derive(Clone, Copy)]
pub(crate) struct ResourceLimit {
    pub(crate) resource: c_int,
    pub(crate) soft: u64,
    pub(crate) hard: u64,
}

pub(crate) fn limit(limit: ResourceLimit) -> Sys<()> {
    let value = libc::rlimit { rlim_cur: limit.soft, rlim_max: limit.hard };
    // SAFETY: the structure lives during the call; no old limit is asked for.
    let result = unsafe {
        libc::syscall(
            libc::SYS_prlimit64,
            0,
            limit.resource,
            &raw const value,
            std::ptr::null_mut::<libc::rlimit>(),
        )
    };
    check(result).map(drop)
}

/// The next child that has ended, with its status; it is not yet buried.
pub(crate) fn next_ended() -> Sys<(libc::pid_t, c_int)> {
    // SAFETY: all zeros is a valid value of the structure, which lives during the call; after success its fields about a child
    // are filled in.
    unsafe {
        let mut found: libc::siginfo_t = std::mem::zeroed();
        let flags = libc::WEXITED | libc::WNOWAIT;
        check(libc::waitid(libc::P_ALL, 0, &raw mut found, flags).into())?;
        let status = match found.si_code {
            libc::CLD_EXITED => (found.si_status() & 0xff) << 8,
            _ => found.si_status() & 0x7f,
        };
        Ok((found.si_pid(), status))
    }
}

/// Makes a child, or with 0 this process, the leader of a group of processes.
pub(crate) fn lead_group(pid: libc::pid_t) -> Sys<()> {
    // SAFETY: no memory is touched.
    check(unsafe { libc::setpgid(pid, 0) }.into()).map(drop)
}

/// Waits for a child of this process to end. Gives the seconds of processor time that it and the children it waited for took.
pub(crate) fn bury(pid: libc::pid_t) -> f64 {
    loop {
        let mut status = 0;
        // SAFETY: all zeros is a valid value of the structure; it and the status live during the call.
        let (done, usage) = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            (libc::wait4(pid, &raw mut status, 0, &raw mut usage), usage)
        };
        if check(done.into()) != Err(libc::EINTR) {
            let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
            return seconds(usage.ru_utime) + seconds(usage.ru_stime);
        }
    }
}

/// Puts a filter of system calls in place, for good.
pub(crate) fn filter_system_calls(filter: &[libc::sock_filter]) -> Sys<()> {
    let program = libc::sock_fprog {
        len: filter.len() as libc::c_ushort,
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel copies the filter during the call and does not write to it.
    let result = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program)
    };
    check(result).map(drop)
}

/// Runs a program in place of this one; comes back only with an error. The lists end in a null pointer.
pub(crate) fn execute(
    path: &CStr,
    arguments: &crate::linux::plan::Texts,
    environment: &crate::linux::plan::Texts,
) -> c_int {
    // SAFETY: `Texts` holds pointers to texts that it owns, ended by a null pointer.
    unsafe { libc::execve(path.as_ptr(), arguments.pointers(), environment.pointers()) };
    errno()
}

/// Whether a descriptor can be read or has ended, for at most so many milliseconds.
pub(crate) fn poll(files: &mut [libc::pollfd], milliseconds: c_int) {
    // SAFETY: the pointer and the length are those of one slice.
    unsafe { libc::poll(files.as_mut_ptr(), files.len() as libc::nfds_t, milliseconds) };
}

/// Bytes of a page of memory.
pub(crate) fn page_size() -> u64 {
    // SAFETY: no memory is touched.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// The effective user and group.
pub(crate) fn whoami() -> (libc::uid_t, libc::gid_t) {
    // SAFETY: these calls can't fail and touch no memory.
    unsafe { (libc::geteuid(), libc::getegid()) }
}

/// Makes reading return at once when there is nothing.
pub(crate) fn set_nonblocking(file: c_int) -> Sys<()> {
    // SAFETY: no memory is touched.
    check(unsafe { libc::fcntl(file, libc::F_SETFL, libc::O_NONBLOCK) }.into()).map(drop)
}

/// The flags of the mount that holds a path, as `mount` takes them; 0 when they can't be read.
pub(crate) fn mount_flags(path: &CStr) -> c_ulong {
    // SAFETY: all zeros is a valid value of the structure, which lives during the call.
    let found = unsafe {
        let mut found: libc::statvfs = std::mem::zeroed();
        if libc::statvfs(path.as_ptr(), &raw mut found) != 0 {
            return 0;
        }
        found.f_flag
    };
    let pairs = [
        (libc::ST_NODEV, libc::MS_NODEV),
        (libc::ST_NOEXEC, libc::MS_NOEXEC),
        (libc::ST_NOATIME, libc::MS_NOATIME),
        (libc::ST_NODIRATIME, libc::MS_NODIRATIME),
        (libc::ST_RELATIME, libc::MS_RELATIME),
    ];
    pairs.iter().filter(|(has, _)| found & has != 0).fold(0, |flags, (_, set)| flags | set)
}
