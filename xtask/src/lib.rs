//! The project's own chores, as code that tests can call.
//!
//! [`codegen`] writes the tables through which plug-ins are found; [`layers`] and [`licences`] hold the manifests against
//! the table of crates and against `deny.toml`.

pub mod codegen;
pub mod layers;
pub mod licences;

use std::path::PathBuf;

/// The workspace's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
