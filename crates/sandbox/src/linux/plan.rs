//! Everything that is prepared before a process is made, so that the child needs no memory of its own.

use std::ffi::{CString, c_char, c_ulong};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::SandboxError;
use crate::interpreter::{Interpreter, outermost};
use crate::linux::landlock::Access;
use crate::linux::seccomp::{self, Company};
use crate::linux::sys::{self, ResourceLimit};
use crate::program::{Limits, Program};
use crate::sandbox::Isolation;

/// Texts as the system takes them: pointers, ended by a null pointer.
pub(crate) struct Texts {
    pointers: Vec<*const c_char>,
    _owned: Vec<CString>,
}

impl Texts {
    fn new(texts: Vec<CString>) -> Self {
        let mut pointers: Vec<*const c_char> = texts.iter().map(|text| text.as_ptr()).collect();
        pointers.push(std::ptr::null());
        Self { pointers, _owned: texts }
    }

    /// Valid as long as `self`: the texts are on the heap and never changed.
    pub(crate) fn pointers(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}

/// A part of the machine's files that is seen inside under the same path.
pub(crate) struct Bind {
    pub(crate) source: CString,
    /// Where it goes while the new root is being built.
    pub(crate) target: CString,
    pub(crate) is_folder: bool,
    /// The flags that its mount has already, which must be kept.
    pub(crate) flags: c_ulong,
}

/// A new root, for isolation by namespaces.
pub(crate) struct Root {
    /// Where it is built: a folder that nothing is needed from. Only the child sees it covered.
    pub(crate) stage: CString,
    /// Folders to make, parents first.
    pub(crate) folders: Vec<CString>,
    pub(crate) links: Vec<(CString, CString)>,
    pub(crate) binds: Vec<Bind>,
    /// The private folder, while the root is being built.
    pub(crate) private: CString,
    pub(crate) private_options: CString,
    /// What the user namespace maps; `None` for root, who needs none.
    pub(crate) maps: Option<(Vec<u8>, Vec<u8>)>,
}

/// See the module.
pub(crate) struct Plan {
    /// `None`: isolation by Landlock alone.
    pub(crate) root: Option<Root>,
    /// The user to become, where the harness is root.
    pub(crate) user: Option<(libc::uid_t, libc::gid_t)>,
    /// The private folder as the program sees it.
    pub(crate) folder: CString,
    pub(crate) script: CString,
    pub(crate) source: Vec<u8>,
    pub(crate) input: CString,
    pub(crate) stdin: Vec<u8>,
    pub(crate) executable: CString,
    pub(crate) arguments: Texts,
    pub(crate) environment: Texts,
    pub(crate) limits: Vec<ResourceLimit>,
    pub(crate) filter: Vec<libc::sock_filter>,
    /// Landlock's version, 0 for none, and what it allows.
    pub(crate) landlock: i32,
    pub(crate) rules: Vec<(CString, Access)>,
    /// The private folder on the machine's disk, which goes with the plan; with namespaces it is in memory instead.
    pub(crate) disk_folder: Option<tempfile::TempDir>,
}

/// The system's programs and libraries.
const SYSTEM: [&str; 12] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/gnu/store",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/localtime",
];

const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Folders that may hide the new root while it is built.
const STAGES: [&str; 7] = ["/sys", "/mnt", "/srv", "/media", "/opt", "/home", "/tmp"];

/// The private folder under namespaces.
const PRIVATE: &str = "/tmp";

impl Plan {
    pub(crate) fn new(
        interpreter: &Interpreter,
        isolation: Isolation,
        landlock: i32,
        program: &Program,
        limits: &Limits,
    ) -> Result<Self, SandboxError> {
        let visible = visible(interpreter)?;
        let (me, my_group) = sys::whoami();
        let user = (me == 0).then(a_user_of_its_own);
        let namespaces = isolation == Isolation::Namespaces;
        let (folder, disk_folder) = if namespaces {
            (PathBuf::from(PRIVATE), None)
        } else {
            let folder = private_folder(user)?;
            (folder.path().to_path_buf(), Some(folder))
        };
        let maps = user.is_none().then(|| {
            (format!("{me} {me} 1").into_bytes(), format!("{my_group} {my_group} 1").into_bytes())
        });
        let size = limits.disk + program.source.len() as u64 + program.stdin.len() as u64;
        let root = namespaces.then(|| Root::new(&visible, size, maps)).transpose()?;
        let company = Company { shared: !namespaces, signals_scoped: landlock >= 6 };
        Ok(Self {
            root,
            user,
            script: text(&folder.join("main.py"))?,
            input: text(&folder.join(".stdin"))?,
            source: program.source.clone().into_bytes(),
            stdin: program.stdin.clone(),
            executable: text(&interpreter.executable)?,
            arguments: arguments(interpreter, &folder)?,
            environment: environment(&folder)?,
            limits: resource_limits(limits, size),
            filter: seccomp::filter(company),
            landlock,
            rules: rules(&visible, &folder)?,
            folder: text(&folder)?,
            disk_folder,
        })
    }
}

impl Root {
    fn new(
        visible: &[PathBuf],
        size: u64,
        maps: Option<(Vec<u8>, Vec<u8>)>,
    ) -> Result<Self, SandboxError> {
        let stage = STAGES
            .map(Path::new)
            .into_iter()
            .find(|stage| stage.is_dir() && !visible.iter().any(|path| path.starts_with(stage)))
            .ok_or_else(|| cannot("there is no folder to build a file system on"))?;
        let inside = |path: &Path| stage.join(path.strip_prefix("/").unwrap_or(path));
        let mut folders = vec![inside(Path::new("/dev")), inside(Path::new(PRIVATE))];
        let mut links = vec![(text(Path::new(PRIVATE))?, text(&inside(Path::new("/dev/shm")))?)];
        let mut binds = Vec::new();
        for path in visible.iter().map(PathBuf::as_path).chain(DEVICES.map(Path::new)) {
            let Ok(found) = path.symlink_metadata() else { continue };
            let target = inside(path);
            let above = if path.is_dir() && !found.is_symlink() {
                Some(target.as_path())
            } else {
                target.parent()
            };
            let ancestors = above.into_iter().flat_map(Path::ancestors);
            folders.extend(
                ancestors.filter(|folder| folder.starts_with(stage)).map(Path::to_path_buf),
            );
            if found.is_symlink() && path.is_dir() {
                let aim = std::fs::read_link(path).map_err(|error| cannot(&error.to_string()))?;
                links.push((text(&aim)?, text(&target)?));
                continue;
            }
            let source = text(path)?;
            let flags = sys::mount_flags(&source);
            binds.push(Bind { source, target: text(&target)?, is_folder: path.is_dir(), flags });
        }
        folders.sort();
        folders.dedup();
        let blocks = size.div_ceil(4096) + 64;
        let options = format!("size={},nr_inodes=4096,mode=1777", blocks * 4096);
        Ok(Self {
            stage: text(stage)?,
            folders: folders
                .iter()
                .filter(|folder| *folder != stage)
                .map(|folder| text(folder))
                .collect::<Result<_, _>>()?,
            links,
            binds,
            private: text(&inside(Path::new(PRIVATE)))?,
            private_options: CString::new(options).map_err(|error| cannot(&error.to_string()))?,
            maps,
        })
    }
}

/// What a program may read: the system's programs and the interpreter's installation.
fn visible(interpreter: &Interpreter) -> Result<Vec<PathBuf>, SandboxError> {
    let home = std::env::home_dir().filter(|home| home != Path::new("/"));
    let mut paths = Vec::new();
    for folder in &interpreter.folders {
        let gives_away = home.as_ref().is_some_and(|home| home.starts_with(folder));
        if gives_away && !folder.starts_with("/usr") {
            return Err(cannot(&format!(
                "the interpreter is installed in `{}`, together with private files",
                folder.display()
            )));
        }
        paths.push(folder.clone());
    }
    // A virtual environment's executable is a link that the interpreter finds its settings beside.
    paths.extend(interpreter.executable.parent().and_then(Path::parent).map(Path::to_path_buf));
    paths.extend(SYSTEM.iter().map(PathBuf::from));
    paths.retain(|path| path.exists() && path != Path::new("/"));
    Ok(outermost(paths))
}

fn rules(visible: &[PathBuf], folder: &Path) -> Result<Vec<(CString, Access)>, SandboxError> {
    let mut rules = vec![(text(folder)?, Access::Write)];
    for path in visible {
        rules.push((text(path)?, Access::Read));
    }
    for device in DEVICES {
        rules.push((text(Path::new(device))?, Access::Device));
    }
    Ok(rules)
}

fn arguments(interpreter: &Interpreter, folder: &Path) -> Result<Texts, SandboxError> {
    let script = folder.join("main.py");
    let list = [interpreter.executable.as_path(), "-s".as_ref(), "-B".as_ref(), &script];
    Ok(Texts::new(list.into_iter().map(text).collect::<Result<_, _>>()?))
}

/// Nothing of the harness's environment; hashes of texts in a fixed order, and one thread where libraries would take all.
fn environment(folder: &Path) -> Result<Texts, SandboxError> {
    let folder = folder.display();
    let list = [
        format!("HOME={folder}"),
        format!("TMPDIR={folder}"),
        "PATH=/usr/bin:/bin".to_owned(),
        "LANG=C.UTF-8".to_owned(),
        "PYTHONUTF8=1".to_owned(),
        "PYTHONHASHSEED=0".to_owned(),
        "PYTHONDONTWRITEBYTECODE=1".to_owned(),
        "OMP_NUM_THREADS=1".to_owned(),
        "OPENBLAS_NUM_THREADS=1".to_owned(),
        "MKL_NUM_THREADS=1".to_owned(),
    ];
    let texts = list.into_iter().map(|line| text(Path::new(&line))).collect::<Result<_, _>>()?;
    Ok(Texts::new(texts))
}

fn resource_limits(limits: &Limits, size: u64) -> Vec<ResourceLimit> {
    let seconds = limits.cpu.as_secs() + u64::from(limits.cpu.subsec_nanos() > 0);
    // The C library's types for a resource's number differ.
    let limit =
        |resource, soft, hard| ResourceLimit { resource: resource as libc::c_int, soft, hard };
    vec![
        limit(libc::RLIMIT_AS, limits.memory, limits.memory),
        limit(libc::RLIMIT_CPU, seconds.max(1), seconds.max(1) + 1),
        limit(libc::RLIMIT_FSIZE, size, size),
        limit(libc::RLIMIT_NOFILE, limits.files, limits.files),
        limit(libc::RLIMIT_CORE, 0, 0),
        limit(libc::RLIMIT_MEMLOCK, 0, 0),
        limit(libc::RLIMIT_MSGQUEUE, 0, 0),
        // Last: from here on this process counts for its own user.
        limit(libc::RLIMIT_NPROC, limits.processes, limits.processes),
    ]
}

/// A user that nobody else is, so that its processes are counted alone; `nobody` where the machine maps few users.
fn a_user_of_its_own() -> (libc::uid_t, libc::gid_t) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const NOBODY: u32 = 65_534;
    let maps_all = std::fs::read_to_string("/proc/self/uid_map")
        .is_ok_and(|map| map.split_whitespace().collect::<Vec<_>>() == ["0", "0", "4294967295"]);
    if !maps_all {
        return (NOBODY, NOBODY);
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed) % 1024;
    let user = 0x4000_0000 + (std::process::id() % (1 << 20)) * 1024 + number;
    (user, user)
}

fn private_folder(
    user: Option<(libc::uid_t, libc::gid_t)>,
) -> Result<tempfile::TempDir, SandboxError> {
    let failed = |error: std::io::Error| SandboxError::Start(error.to_string());
    let folder = tempfile::Builder::new().prefix("holometer-").tempdir().map_err(failed)?;
    if let Some((user, group)) = user {
        std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).map_err(failed)?;
    }
    Ok(folder)
}

fn cannot(reason: &str) -> SandboxError {
    SandboxError::CannotIsolate { reason: reason.to_owned() }
}

fn text(path: &Path) -> Result<CString, SandboxError> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| SandboxError::Start(format!("`{}` holds a zero byte", path.display())))
}
