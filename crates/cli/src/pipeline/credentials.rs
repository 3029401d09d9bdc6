//! Keys from a file, for variables that the environment lacks, or from a command such as that of the system's keyring. Their
//! values are never printed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use etcetera::BaseStrategy;
use holometer_providers::EnvLookup;
use serde::Deserialize;

use crate::failure::Failure;

/// A line of the file.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Source {
    /// The key itself.
    Key(String),
    /// A program that prints it, with its arguments.
    Program {
        /// The program, then its arguments.
        command: Vec<String>,
    },
}

/// Looks variables up in the environment first and in the credentials file after that. A command is run when its key is first
/// wanted, once.
///
/// # Errors
/// When the named file can't be read, is open to others, or holds something else than keys and commands.
pub(crate) fn lookup(named: Option<&Path>) -> Result<EnvLookup, Failure> {
    let sources = match named {
        Some(path) => read(path)?,
        None => match default_path().filter(|path| path.exists()) {
            Some(path) => read(&path)?,
            None => BTreeMap::new(),
        },
    };
    let printed: Mutex<BTreeMap<String, Option<String>>> = Mutex::default();
    Ok(Arc::new(move |name: &str| {
        let set = std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        set.or_else(|| match sources.get(name)? {
            Source::Key(key) => Some(key.clone()),
            Source::Program { command } => {
                let mut printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
                printed.entry(name.to_owned()).or_insert_with(|| ask(name, command)).clone()
            }
        })
    }))
}

/// What a command prints, without the line's end. It may talk to the user on the terminal.
fn ask(name: &str, command: &[String]) -> Option<String> {
    let (program, arguments) = command.split_first()?;
    let output = Command::new(program).args(arguments).stderr(Stdio::inherit()).output();
    let problem = match output {
        Ok(output) if output.status.success() => {
            match String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned()) {
                Some(key) if !key.is_empty() => return Some(key),
                Some(_) => "printed nothing".to_owned(),
                None => "printed something that is not text".to_owned(),
            }
        }
        Ok(output) => format!("failed ({})", output.status),
        Err(error) => format!("can't be run: {error}"),
    };
    let problem = format!("`{program}`, which the credentials name for {name}, {problem}");
    tracing::warn!("{problem}");
    eprintln!("warning: {problem}");
    None
}

/// Where the file lies when none is named.
pub(crate) fn default_path() -> Option<PathBuf> {
    let folder = etcetera::choose_base_strategy().ok()?.config_dir();
    Some(folder.join("holometer").join("credentials.toml"))
}

fn read(path: &Path) -> Result<BTreeMap<String, Source>, Failure> {
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
        .map(|(name, value)| match value.try_into() {
            Ok(Source::Program { command }) if command.is_empty() => {
                Err(wrong(&shown.to_string(), &format!("the command of `{name}` is empty")))
            }
            Ok(source) => Ok((name, source)),
            // The parser's message is left out here too.
            Err(_) => {
                Err(wrong(&shown.to_string(), &format!("`{name}` is neither a text nor a command")))
            }
        })
        .collect()
}

fn wrong(path: &str, problem: &str) -> Failure {
    Failure::usage(format!("the credentials `{path}` can't be used: {problem}"))
        .hint(
            "the file has a line `OPENAI_API_KEY = \"...\"` for each key, or \
             `OPENAI_API_KEY = { command = [\"secret-tool\", \"lookup\", \"service\", \"openai\"] }`",
        )
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

    #[cfg(unix)]
    #[test]
    fn a_command_is_run_once_and_only_when_its_key_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let script = format!("echo asked >> {}; echo sk-printed", log.display());
        let (_folder, path) = written(
            &format!("HOLOMETER_TEST_KEY = {{ command = [\"sh\", \"-c\", \"{script}\"] }}\n"),
            0o600,
        );
        let lookup = lookup(Some(&path)).unwrap();
        assert_eq!(lookup("HOLOMETER_TEST_OTHER_KEY"), None);
        assert!(!log.exists(), "it ran before it was wanted");
        for _ in 0..3 {
            assert_eq!(lookup("HOLOMETER_TEST_KEY").as_deref(), Some("sk-printed"));
        }
        assert_eq!(std::fs::read_to_string(log).unwrap(), "asked\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_command_that_fails_gives_no_key() {
        for command in ["[\"false\"]", "[\"no-such-program-here\"]", "[\"true\"]"] {
            let (_folder, path) = written(&format!("A_KEY = {{ command = {command} }}\n"), 0o600);
            assert_eq!(lookup(Some(&path)).unwrap()("A_KEY"), None, "{command}");
        }
    }

    #[test]
    fn errors_name_the_line_and_never_the_key() {
        for text in [
            "A = \"x\"\nB = sk-planted",
            "A = 7\n# sk-planted",
            "A = { command = [] }\n# sk-planted",
            "A = { command = \"sk-planted\" }",
        ] {
            let (_folder, path) = written(text, 0o600);
            let Err(failure) = lookup(Some(&path)) else { panic!("{text} was read") };
            assert!(!failure.to_string().contains("planted"), "{failure}");
        }
    }
}
