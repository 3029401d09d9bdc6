//! What this machine has: memory and cores.

use std::collections::BTreeSet;
use std::path::Path;

const GIB: usize = 1 << 30;

/// Memory that a model may take when the user sets no limit: three quarters of what is free, or 8 GiB where the
/// system does not say.
pub(crate) fn default_limit() -> usize {
    available().map_or(8 * GIB, |bytes| bytes / 4 * 3)
}

/// Free memory in bytes, from the kernel's table; a container's own limit counts too.
fn available() -> Option<usize> {
    let table = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = table.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: usize = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some((kib * 1024).min(container_room().unwrap_or(usize::MAX)))
}

/// Bytes of this process's memory that lie in the machine's, mapped files included; `None` where the system does not say.
pub fn resident_memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: usize = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}

fn container_room() -> Option<usize> {
    let read = |name: &str| -> Option<usize> {
        std::fs::read_to_string(Path::new("/sys/fs/cgroup").join(name)).ok()?.trim().parse().ok()
    };
    Some(read("memory.max")?.saturating_sub(read("memory.current")?))
}

/// Physical cores that this process may use.
pub(crate) fn physical_cores() -> usize {
    let allowed = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    allowed.min(cores_in_topology().unwrap_or(allowed)).max(1)
}

/// Cores that differ in their list of hardware threads.
fn cores_in_topology() -> Option<usize> {
    let entries = std::fs::read_dir("/sys/devices/system/cpu").ok()?;
    let cores: BTreeSet<String> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            std::fs::read_to_string(entry.path().join("topology/thread_siblings_list")).ok()
        })
        .collect();
    (!cores.is_empty()).then_some(cores.len())
}
