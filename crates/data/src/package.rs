//! Python packages, fetched by the ordinary client. Nothing of a package is ever run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::DataError;

/// Downloads a package's wheel into a folder and gives its path.
///
/// Only wheels are accepted: the client runs a source archive's set-up code merely to learn its metadata.
pub(crate) fn download_wheel(
    pythons: &[PathBuf],
    name: &str,
    version: &str,
    folder: &Path,
) -> Result<PathBuf, DataError> {
    let package = format!("{name}=={version}");
    check_words(name, version)?;
    let mut reasons = Vec::new();
    for python in pythons {
        match run_pip(python, &package, folder) {
            Ok(output) if output.status.success() => return find_wheel(folder, &package),
            Ok(output) => {
                let reason = last_words(&output);
                if !reason.contains("No module named pip") {
                    let hint = "check the connection and pip's settings; `HOLOMETER_PYTHON` names another Python";
                    return Err(failed(&package, reason, hint));
                }
                reasons.push(format!("`{}` has no pip", python.display()));
            }
            Err(error) => reasons.push(format!("`{}` does not start ({error})", python.display())),
        }
    }
    let hint = "install Python 3 with pip, or name one that has it in HOLOMETER_PYTHON; or put a copy of the file in a \
                folder named with --data-dir";
    Err(failed(&package, reasons.join("; "), hint))
}

fn run_pip(python: &Path, package: &str, folder: &Path) -> std::io::Result<Output> {
    Command::new(python)
        .args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:"])
        .args(["--ignore-requires-python", "--disable-pip-version-check", "--no-input", "--quiet"])
        .arg("--dest")
        .arg(folder)
        .arg(package)
        // Some machines forbid pip outside virtual environments; nothing is installed here.
        .env("PIP_REQUIRE_VIRTUALENV", "0")
        .stdin(Stdio::null())
        .output()
}

/// A name or version with other characters could be an option or another kind of requirement to the client.
fn check_words(name: &str, version: &str) -> Result<(), DataError> {
    let plain = |word: &str, extra: &str| {
        word.starts_with(|first: char| first.is_ascii_alphanumeric())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
    };
    if plain(name, "._-") && plain(version, "._-+!") {
        return Ok(());
    }
    let reason = "the name or version has characters that no package has".to_owned();
    Err(failed(&format!("{name}=={version}"), reason, "check the scenario's definition"))
}

fn find_wheel(folder: &Path, package: &str) -> Result<PathBuf, DataError> {
    let listing = fs::read_dir(folder).map_err(DataError::cache("list", folder))?;
    let mut files = listing.flatten().map(|item| item.path());
    files.find(|path| path.extension().is_some_and(|extension| extension == "whl")).ok_or_else(
        || {
            failed(
                package,
                "pip delivered no wheel".to_owned(),
                "check that this version of the package has a wheel",
            )
        },
    )
}

/// The end of what the client said, which is where the error is.
fn last_words(output: &Output) -> String {
    const LINES: usize = 3;
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return format!("pip ended with {}", output.status);
    }
    lines[lines.len().saturating_sub(LINES)..].join(" / ")
}

fn failed(package: &str, reason: String, hint: &str) -> DataError {
    DataError::Package { package: package.to_owned(), reason, hint: hint.to_owned() }
}
