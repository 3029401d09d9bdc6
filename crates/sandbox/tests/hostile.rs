//! Programs that mean harm, each with a bound of its own in case it is not contained, run by every isolation that works here; as the
//! user who runs the tests and, when that is root, as another user too.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test's helpers fail where the test would")]
#![expect(unsafe_code, reason = "the test adopts orphans, to see whether any process is left")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use holometer_sandbox::{Ending, Interpreter, Isolation, Limits, Program, Sandbox};

/// Small, so that a program that gets away does little harm.
fn limits() -> Limits {
    Limits {
        wall: Duration::from_secs(4),
        cpu: Duration::from_secs(1),
        memory: 256 << 20,
        processes: 24,
        output: 64 << 10,
        disk: 8 << 20,
        files: 64,
    }
}

/// What the programs try to harm.
struct World {
    folder: tempfile::TempDir,
    secret: PathBuf,
    tcp: TcpListener,
    unix: UnixListener,
}

const SECRET: &str = "nobody has read this";

impl World {
    /// Open to everyone, so that nothing but the sandbox protects it.
    fn new() -> Self {
        let folder = tempfile::tempdir_in("/var/tmp").or_else(|_| tempfile::tempdir()).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        fs::create_dir(folder.path().join("empty")).unwrap();
        let secret = folder.path().join("secret");
        fs::write(&secret, SECRET).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o666)).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        tcp.set_nonblocking(true).unwrap();
        let unix = UnixListener::bind(folder.path().join("socket")).unwrap();
        unix.set_nonblocking(true).unwrap();
        Self { folder, secret, tcp, unix }
    }

    fn source(&self, template: &str, interpreter: &Interpreter) -> String {
        let prefix = interpreter.executable.parent().and_then(Path::parent).unwrap();
        template
            .replace("{{SECRET}}", &self.secret.display().to_string())
            .replace("{{FOLDER}}", &self.folder.path().display().to_string())
            .replace("{{PREFIX}}", &prefix.display().to_string())
            .replace("{{PORT}}", &self.tcp.local_addr().unwrap().port().to_string())
            .replace("{{HARNESS}}", &std::process::id().to_string())
    }

    fn assert_unharmed(&self, case: &str) {
        assert_eq!(fs::read_to_string(&self.secret).unwrap(), SECRET, "{case}");
        let mode = fs::metadata(&self.secret).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o666, "{case}: the file's rights");
        let mut names: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["empty", "secret", "socket"], "{case}: the folder");
        assert!(self.tcp.accept().is_err(), "{case}: someone called");
        assert!(self.unix.accept().is_err(), "{case}: someone called through a file");
        assert_eq!(children(), Vec::<String>::new(), "{case}: processes are left");
    }
}

/// Children of this process, adopted orphans included.
fn children() -> Vec<String> {
    let lists = fs::read_dir("/proc/self/task").unwrap().map(|thread| {
        fs::read_to_string(thread.unwrap().path().join("children")).unwrap_or_default()
    });
    lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Orphans become this process's children instead of the machine's.
fn adopt_orphans() {
    // SAFETY: this option takes numbers, not pointers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }, 0);
}

/// A sandbox of this isolation, or nothing where the machine has it not.
fn sandbox(isolation: Isolation) -> Option<Sandbox> {
    let candidates =
        [Interpreter::find(), Interpreter::at(Path::new("/usr/bin/python3"))].into_iter().flatten();
    let mut reason = "there is no Python".to_owned();
    for interpreter in candidates {
        match Sandbox::with(interpreter, isolation) {
            Ok(sandbox) => return Some(sandbox),
            Err(error) => reason = error.to_string(),
        }
    }
    eprintln!("SKIPPED: {reason}");
    None
}

fn programs() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs");
    let mut programs: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (
                path.file_stem().unwrap().to_str().unwrap().to_owned(),
                fs::read_to_string(path).unwrap(),
            )
        })
        .collect();
    programs.sort();
    assert!(programs.len() >= 30, "{} programs", programs.len());
    programs
}

/// 700 MB of zeros, packed twice by Python's `zlib.compress`.
fn packed_zeros() -> Vec<u8> {
    fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/zeros.zlib")).unwrap()
}

fn contain_all(isolation: Isolation) {
    let Some(sandbox) = sandbox(isolation) else { return };
    adopt_orphans();
    let world = World::new();
    let packed = packed_zeros();
    for (name, template) in programs() {
        let case = format!("{name} by {}", isolation.as_str());
        let program = Program {
            source: world.source(&template, sandbox.interpreter()),
            stdin: if name == "bomb_in_stdin" { packed.clone() } else { Vec::new() },
        };
        let done = sandbox.run(&program, &limits()).unwrap();
        let output = String::from_utf8_lossy(&done.stdout);
        let errors = String::from_utf8_lossy(&done.stderr);
        let tail = |text: &str| text.chars().take(2000).collect::<String>();
        let words = format!("{case}: {:?}\n{}\n{}", done.ending, tail(&output), tail(&errors));
        println!("{words}");
        assert!(!output.contains("ESCAPED"), "{words}");
        let allowed = template.lines().nth(1).unwrap().strip_prefix("# ends: ").unwrap();
        let ending = format!("{:?}", done.ending);
        assert!(
            allowed == "any" || allowed.split(' ').any(|allowed| allowed == ending),
            "{words}\nexpected: {allowed}"
        );
        world.assert_unharmed(&case);
        let greeting = sandbox.run(&Program::new("print(6 * 7)"), &limits()).unwrap();
        assert_eq!(
            (greeting.ending, greeting.stdout),
            (Ending::Exited(0), b"42\n".to_vec()),
            "after {case}"
        );
    }
}

#[test]
fn hostile_programs_are_contained_by_namespaces() {
    contain_all(Isolation::Namespaces);
}

#[test]
fn hostile_programs_are_contained_by_landlock() {
    contain_all(Isolation::Landlock);
}

/// As root, the two tests above are run once more as a user who owns nothing.
#[test]
fn hostile_programs_are_contained_for_another_user() {
    const NOBODY: u32 = 65_533;
    let folder = tempfile::tempdir().unwrap();
    if std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).is_err() {
        eprintln!("SKIPPED: only root can become another user");
        return;
    }
    let copy = folder.path().join("hostile");
    fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    let output = Command::new(&copy)
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .args([
            "hostile_programs_are_contained_by_namespaces",
            "hostile_programs_are_contained_by_landlock",
        ])
        .uid(NOBODY)
        .gid(NOBODY)
        .env("PATH", "/usr/bin:/bin")
        .env("HOLOMETER_TEST_KEY", "secret")
        .env("HOME", folder.path())
        .env("TMPDIR", folder.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let words = format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    println!("{words}");
    assert!(output.status.success() && words.contains("2 passed"), "{words}");
}
