//! The Python interpreter: finding it, and what it needs to be seen.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::SandboxError;

/// A Python interpreter of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// The executable itself, without links or wrapper scripts.
    pub executable: PathBuf,
    /// Its version, for instance `3.11.7`.
    pub version: String,
    /// The implementation, for instance `CPython`.
    pub implementation: String,
    /// The folders of its installation.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "only Linux's isolation shows them")
    )]
    pub(crate) folders: Vec<PathBuf>,
}

/// Prints one fact per line. `sys._base_executable` is the interpreter behind a virtual environment.
const FACTS: &str = "import os, platform, sys
print(sys.executable)
print(platform.python_version())
print(platform.python_implementation())
print(os.path.realpath(sys.executable))
for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, os.path.dirname(os.__file__)):
    print(os.path.realpath(prefix))";

impl Interpreter {
    /// Asks an interpreter for its facts; a path or a command's name.
    ///
    /// # Errors
    /// [`SandboxError::Interpreter`] when it can't be run, or is older than Python 3.
    pub fn at(path: &Path) -> Result<Self, SandboxError> {
        let failed =
            |reason: String| SandboxError::Interpreter { path: path.display().to_string(), reason };
        let output = Command::new(path)
            .args(["-I", "-B", "-c", FACTS])
            .output()
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(failed(
                words.lines().last().unwrap_or("it fails without words").to_owned(),
            ));
        }
        let text = String::from_utf8(output.stdout)
            .map_err(|_| failed("its paths are not UTF-8".to_owned()))?;
        let lines: Vec<&str> = text.lines().collect();
        let [executable, version, implementation, real, folders @ ..] = lines.as_slice() else {
            return Err(failed("it does not say what it is".to_owned()));
        };
        if !version.starts_with("3.") {
            return Err(failed(format!("it is Python {version}, and Python 3 is needed")));
        }
        let mut needed: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
        needed.extend(Path::new(real).parent().map(Path::to_path_buf));
        Ok(Self {
            executable: PathBuf::from(executable),
            version: (*version).to_owned(),
            implementation: (*implementation).to_owned(),
            folders: outermost(needed),
        })
    }

    /// The first of the usual commands that works.
    ///
    /// # Errors
    /// [`SandboxError::NoInterpreter`] when none does.
    pub fn find() -> Result<Self, SandboxError> {
        let mut reasons = Vec::new();
        for name in ["python3", "python"] {
            match Self::at(Path::new(name)) {
                Ok(interpreter) => return Ok(interpreter),
                Err(error) => reasons.push(error.to_string()),
            }
        }
        Err(SandboxError::NoInterpreter { reason: reasons.join("; ") })
    }

    /// One line for people and records, for instance `CPython 3.11.7`.
    pub fn describe(&self) -> String {
        format!("{} {}", self.implementation, self.version)
    }
}

/// Drops folders that lie within others.
pub(crate) fn outermost(mut folders: Vec<PathBuf>) -> Vec<PathBuf> {
    folders.sort();
    folders.dedup();
    let all = folders.clone();
    folders.retain(|folder| !all.iter().any(|other| other != folder && folder.starts_with(other)));
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_within_others_are_dropped() {
        let folders = ["/usr", "/usr/lib/python3", "/opt/python", "/usr", "/usrlocal"];
        let kept = outermost(folders.iter().map(PathBuf::from).collect());
        let expected: Vec<PathBuf> =
            ["/opt/python", "/usr", "/usrlocal"].iter().map(PathBuf::from).collect();
        assert_eq!(kept, expected);
    }

    #[test]
    fn what_is_no_interpreter_is_refused_with_its_name() {
        let error = Interpreter::at(Path::new("/no/such/python")).unwrap_err().to_string();
        assert!(error.contains("`/no/such/python`") && error.contains("hint:"), "{error}");
    }
}
