//! Keys from a file, for variables that the environment lacks. Their values are never printed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use etcetera::BaseStrategy;
use holometer_providers::EnvLookup;

use crate::failure::Failure;

/// Looks variables up in the environment first and in the credentials file after that.
///
/// # Errors
/// When the named file can't be read, is open to others, or is no table of texts.
pub(crate) fn lookup(named: Option<&Path>) -> Result<EnvLookup, Failure> {
    let keys = match named {
        Some(path) => read(path)?,
        None => match default_path().filter(|path| path.exists()) {
            Some(path) => read(&path)?,
            None => BTreeMap::new(),
        },
    };
    Ok(Arc::new(move |name: &str| {
        let set = std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        set.or_else(|| keys.get(name).cloned())
    }))
}

/// Where the file lies when none is named.
pub(crate) fn default_path() -> Option<PathBuf> {
    let folder = etcetera::choose_base_strategy().ok()?.config_dir();
    Some(folder.join("holometer").join("credentials.toml"))
}

fn read(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("can't read the credentials `{shown}`: {error}"))
    })?;
    if is_open_to_others(path) {
        let message = format!("others on this machine may read the credentials `{shown}`");
        return Err(Failure::usage(message).hint(format!("`chmod 600 {shown}`, then try again")));
    }
    // The parser's own message would quote the line, and with it a key.
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        wrong(&shown.to_string(), &format!("line {line} is not TOML"))
    })?;
    table
        .into_iter()
        .map(|(name, value)| match value {
            toml::Value::String(text) => Ok((name, text)),
            _ => Err(wrong(&shown.to_string(), &format!("`{name}` is not a text"))),
        })
        .collect()
}

fn wrong(path: &str, problem: &str) -> Failure {
    Failure::usage(format!("the credentials `{path}` can't be used: {problem}"))
        .hint("the file has a line `OPENAI_API_KEY = \"...\"` for each key")
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

/// Elsewhere a file in the user's own folder is the user's alone unless they share it on purpose.
#[cfg(not(unix))]
fn is_open_to_others(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials.toml");
        std::fs::write(&path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        (folder, path)
    }

    #[test]
    fn keys_are_found_by_their_variables() {
        let (_folder, path) = written("HOLOMETER_TEST_ABSENT_KEY = \"sk-planted\"\n", 0o600);
        let lookup = lookup(Some(&path)).unwrap();
        assert_eq!(lookup("HOLOMETER_TEST_ABSENT_KEY").as_deref(), Some("sk-planted"));
        assert_eq!(lookup("HOLOMETER_TEST_OTHER_KEY"), None);
        assert!(lookup("PATH").is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let (_folder, path) = written("A = \"sk-planted\"", 0o644);
        let Err(failure) = lookup(Some(&path)) else { panic!("it was read") };
        assert!(failure.to_string().contains("others"), "{failure}");
    }

    #[test]
    fn errors_name_the_line_and_never_the_key() {
        for text in ["A = \"x\"\nB = sk-planted", "A = 7\n# sk-planted"] {
            let (_folder, path) = written(text, 0o600);
            let Err(failure) = lookup(Some(&path)) else { panic!("{text} was read") };
            assert!(!failure.to_string().contains("planted"), "{failure}");
        }
    }
}
