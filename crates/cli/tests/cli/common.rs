//! What the tests of the binary share.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The binary with a clean environment: no keys, no settings, and a cache of its own in `home`.
pub(crate) fn holometer(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holometer"));
    for name in [
        "HOLOMETER_CACHE",
        "HOLOMETER_DB",
        "HF_ENDPOINT",
        "HF_TOKEN",
        "HF_HUB_OFFLINE",
        "OPENAI_API_KEY",
        "RUST_LOG",
    ] {
        command.env_remove(name);
    }
    command.env("HOLOMETER_CACHE", home.join("cache")).current_dir(home);
    command
}

/// Runs a command line and gives its output.
pub(crate) fn run(home: &Path, arguments: &[&str]) -> Output {
    holometer(home).args(arguments).output().expect("the binary starts")
}

/// Standard output as text.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("standard output is UTF-8")
}

/// Standard error as text.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A Hugging Face folder with a reference tokenizer and configuration, and no weights: enough for planning.
pub(crate) fn model_folder(home: &Path, shared: &Path, name: &str) -> PathBuf {
    let folder = home.join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    let tokenizers = shared.join("golden/data/tokenizer");
    std::fs::copy(tokenizers.join("tokenizer.json"), folder.join("tokenizer.json"))
        .expect("a tokenizer");
    for entry in std::fs::read_dir(tokenizers.join(name)).expect("a configuration") {
        let path = entry.expect("an entry").path();
        std::fs::copy(&path, folder.join(path.file_name().expect("a file name"))).expect("a copy");
    }
    folder
}
