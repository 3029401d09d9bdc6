//! The log file: everything that is too much for the terminal.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

/// Starts logging to `holometer.log` in a folder, with details by how often `-v` was given; `RUST_LOG` overrides it. Returns
/// the file's path, or `None` when it can't be written (a log is never a reason to fail).
pub(crate) fn start(folder: &Path, verbose: u8) -> Option<PathBuf> {
    let level = match verbose {
        0 => "info",
        1 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("warn,holometer={level}")));
    fs::create_dir_all(folder).ok()?;
    let path = folder.join("holometer.log");
    let file = File::options().create(true).append(true).open(&path).ok()?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Mutex::new(file))
        .with_ansi(false)
        .try_init()
        .ok()?;
    Some(path)
}
