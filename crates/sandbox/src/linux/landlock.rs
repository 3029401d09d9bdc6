//! Landlock: a process gives up, for itself and its children, the right to touch files outside given folders.
//!
//! Source of the numbers: the kernel's `include/uapi/linux/landlock.h`.

#![expect(unsafe_code, reason = "system calls that the C library has no functions for")]

use std::ffi::CStr;

use libc::{c_int, c_long};

use crate::linux::sys::{self, Sys};

const EXECUTE: u64 = 1 << 0;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const TRUNCATE: u64 = 1 << 14;
/// All rights of the first version.
const FIRST_VERSION: u64 = (1 << 13) - 1;
const REFER: u64 = 1 << 13;
const IOCTL_DEV: u64 = 1 << 15;
/// TCP: listening and connecting.
const NETWORK: u64 = 0b11;
/// Abstract Unix sockets and signals that leave the domain.
const SCOPES: u64 = 0b11;
const RULE_PATH_BENEATH: c_int = 1;
const ASK_VERSION: u32 = 1;

/// What may be done below a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reading and executing.
    Read,
    /// Everything.
    Write,
    /// Reading and writing a single file, a device.
    Device,
}

/// The version of the kernel's interface; 0 if there is none.
pub(crate) fn version() -> i32 {
    // SAFETY: asking for the version takes no structure.
    let version = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0, ASK_VERSION)
    };
    i32::try_from(version).unwrap_or(0).max(0)
}

/// `struct landlock_ruleset_attr`; older kernels know a leading part of it.
#[repr(C)]
struct RulesetAttributes {
    files: u64,
    network: u64,
    scopes: u64,
}

/// `struct landlock_path_beneath_attr`.
#[repr(C, packed)]
struct PathBeneath {
    allowed: u64,
    parent: c_int,
}

/// Every right to files that this version of the kernel can take away.
fn known_rights(version: i32) -> u64 {
    let mut rights = FIRST_VERSION;
    if version >= 2 {
        rights |= REFER;
    }
    if version >= 3 {
        rights |= TRUNCATE;
    }
    if version >= 5 {
        rights |= IOCTL_DEV;
    }
    rights
}

/// A new set of rules that forbids everything. Gives its descriptor.
pub(crate) fn forbid_all(version: i32) -> Sys<c_int> {
    let attributes = RulesetAttributes {
        files: known_rights(version),
        network: if version >= 4 { NETWORK } else { 0 },
        scopes: if version >= 6 { SCOPES } else { 0 },
    };
    let size = match version {
        ..=3 => 8,
        4..=5 => 16,
        _ => size_of::<RulesetAttributes>(),
    };
    // SAFETY: the structure has the kernel's layout, and at least `size` bytes.
    let result =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, &raw const attributes, size, 0) };
    checked(result).map(|rules| rules as c_int)
}

/// Allows access below a path. A path that is not there or can't be reached is passed over.
pub(crate) fn allow(rules: c_int, path: &CStr, access: Access, version: i32) -> Sys<()> {
    let parent = match sys::open(path, libc::O_PATH, 0) {
        Ok(parent) => parent,
        Err(libc::ENOENT | libc::EACCES) => return Ok(()),
        Err(error) => return Err(error),
    };
    let allowed = match access {
        Access::Read => EXECUTE | READ_FILE | READ_DIR,
        Access::Write => known_rights(version) & !(IOCTL_DEV | (1 << 6) | (1 << 11)),
        Access::Device => (WRITE_FILE | READ_FILE | TRUNCATE) & known_rights(version),
    };
    let result = add(rules, parent, allowed).or_else(|error| match error {
        // Rights to folders can't be given to a file.
        libc::EINVAL => add(rules, parent, allowed & (EXECUTE | READ_FILE)),
        other => Err(other),
    });
    sys::close(parent);
    result
}

fn add(rules: c_int, parent: c_int, allowed: u64) -> Sys<()> {
    let rule = PathBeneath { allowed, parent };
    // SAFETY: the structure has the kernel's layout and lives during the call.
    checked(unsafe {
        libc::syscall(libc::SYS_landlock_add_rule, rules, RULE_PATH_BENEATH, &raw const rule, 0)
    })
    .map(drop)
}

/// Puts the rules in place for this process and all that it starts. Needs `no_new_privs`.
pub(crate) fn enforce(rules: c_int) -> Sys<()> {
    // SAFETY: no memory is touched.
    checked(unsafe { libc::syscall(libc::SYS_landlock_restrict_self, rules, 0) }).map(drop)
}

fn checked(result: c_long) -> Sys<c_long> {
    if result == -1 {
        // SAFETY: the location of `errno` is valid for the whole life of the thread.
        return Err(unsafe { *libc::__errno_location() });
    }
    Ok(result)
}
