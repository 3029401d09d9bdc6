//! The filter of system calls: a list of what is denied, as a program for the kernel's packet filter.
//!
//! What is denied: the network, looking into other processes, new namespaces and mounts, kernel interfaces with a history of
//! faults, and memory that no other limit counts. Where there is no process namespace, also whatever reaches other processes
//! of the same user, and whatever changes files without opening them, which Landlock lets pass.

use libc::{
    BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W, c_long,
    sock_filter,
};

/// Calls that need no replacement: `EPERM`.
const DENIED: &[c_long] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_userfaultfd,
    libc::SYS_socket,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_shmget,
    libc::SYS_semget,
    libc::SYS_msgget,
    libc::SYS_mq_open,
    libc::SYS_setpriority,
    libc::SYS_ioprio_set,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setattr,
    libc::SYS_sched_setaffinity,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
];

/// Calls for which programs have another way when the kernel lacks them: `ENOSYS`.
const MISSING: &[c_long] = &[
    libc::SYS_clone3,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
];

/// Denied where the program shares the process numbers and the files of the machine.
const DENIED_IN_COMPANY: &[c_long] = &[
    libc::SYS_setsid,
    libc::SYS_setpgid,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    libc::SYS_truncate,
    FCHMODAT2,
    SETXATTRAT,
    REMOVEXATTRAT,
];

/// Newer than the C library's lists; the same number everywhere.
const FCHMODAT2: c_long = 452;
const SETXATTRAT: c_long = 463;
const REMOVEXATTRAT: c_long = 466;

/// The same under old names.
#[cfg(target_arch = "x86_64")]
const DENIED_IN_COMPANY_OLD: &[c_long] = &[
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
];
#[cfg(not(target_arch = "x86_64"))]
const DENIED_IN_COMPANY_OLD: &[c_long] = &[];

/// Signals to other processes, where Landlock can't keep them within.
const SIGNALS: &[c_long] = &[
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_send_signal,
];

/// `CLONE_NEWNS`, `NEWCGROUP`, `NEWUTS`, `NEWIPC`, `NEWUSER`, `NEWPID`, `NEWNET`.
const NEW_NAMESPACES: u32 = 0x7e02_0000;

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCHITECTURE: u32 = 0;

/// Calls from here on are those of the x32 variant, which is not looked at.
const X32: u32 = 0x4000_0000;

/// Places in `struct seccomp_data`.
const NUMBER_AT: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;
const FIRST_ARGUMENT_AT: u32 = 16;

/// What the program shares with the rest of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Company {
    /// Process numbers and files.
    pub(crate) shared: bool,
    /// Whether something else keeps its signals within.
    pub(crate) signals_scoped: bool,
}

/// The filter.
pub(crate) fn filter(company: Company) -> Vec<sock_filter> {
    let mut program = vec![
        load(ARCHITECTURE_AT),
        jump(BPF_JEQ, ARCHITECTURE, 1, 0),
        give(libc::SECCOMP_RET_KILL_PROCESS),
        load(NUMBER_AT),
        jump(BPF_JGE, X32, 0, 1),
        give(error(libc::ENOSYS)),
    ];
    let mut deny = |numbers: &[c_long], with: i32| {
        for number in numbers {
            program.push(jump(BPF_JEQ, *number as u32, 0, 1));
            program.push(give(error(with)));
        }
    };
    deny(DENIED, libc::EPERM);
    deny(MISSING, libc::ENOSYS);
    if company.shared {
        deny(DENIED_IN_COMPANY, libc::EPERM);
        deny(DENIED_IN_COMPANY_OLD, libc::EPERM);
        if !company.signals_scoped {
            deny(SIGNALS, libc::EPERM);
        }
    }
    // `clone` with flags for new namespaces; the limits of other processes.
    program.extend([
        jump(BPF_JEQ, libc::SYS_clone as u32, 0, 4),
        load(FIRST_ARGUMENT_AT),
        jump(BPF_JSET, NEW_NAMESPACES, 0, 1),
        give(error(libc::EPERM)),
        give(libc::SECCOMP_RET_ALLOW),
        jump(BPF_JEQ, libc::SYS_prlimit64 as u32, 0, 3),
        load(FIRST_ARGUMENT_AT),
        jump(BPF_JEQ, 0, 1, 0),
        give(error(libc::EPERM)),
        give(libc::SECCOMP_RET_ALLOW),
    ]);
    program
}

fn error(number: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | number as u32
}

/// Loads a word of the call's description.
fn load(at: u32) -> sock_filter {
    instruction(BPF_LD | BPF_W | BPF_ABS, at, 0, 0)
}

/// Passes over so many instructions, where the comparison holds or not.
fn jump(comparison: u32, with: u32, if_true: u8, if_false: u8) -> sock_filter {
    instruction(BPF_JMP | comparison | BPF_K, with, if_true, if_false)
}

fn give(verdict: u32) -> sock_filter {
    instruction(BPF_RET | BPF_K, verdict, 0, 0)
}

fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}
