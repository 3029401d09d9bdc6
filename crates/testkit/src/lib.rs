//! What tests share: where the reference data lies and how to say that it is absent; HELM's run folders; tiny models; an HTTP server
//! that misbehaves.
//!
//! Only tests depend on this crate.

pub mod fake_openai;
pub mod fake_server;
pub mod helm_state;
pub mod tiny;

use std::path::{Path, PathBuf};

/// The folder of reference data and golden outputs: `$HOLOMETER_SHARED`, else `shared` beside the checkout. `None`
/// (with a line on standard error that says so) when it is not there; the caller then returns.
pub fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("HOLOMETER_SHARED").map_or(beside, PathBuf::from);
    if folder.join("golden").is_dir() {
        return Some(folder.canonicalize().unwrap_or(folder));
    }
    eprintln!(
        "SKIPPED: the reference data is absent (looked for `golden` under {}); set HOLOMETER_SHARED to its folder",
        folder.display()
    );
    None
}

/// A folder that an environment variable names; `None`, with a line that says how to make it, when it is not set.
pub fn named_folder(variable: &str, made_by: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: {variable} names no folder; {made_by} makes it");
    }
    folder
}

/// A file or folder under [`shared`]; `None`, with a line that names it, when it is absent.
pub fn shared_path(relative: &str) -> Option<PathBuf> {
    let path = shared()?.join(relative);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: the reference data lacks `{relative}`");
    None
}
