//! What the tests of the binary share.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use holometer_testkit::fake_openai;
use holometer_testkit::fake_server::{FakeReply, FakeRequest, FakeServer, Reaction};
use serde_json::json;

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

/// A server that answers every chat with what `say` makes of its prompt.
pub(crate) fn chat_server(say: impl Fn(&str) -> String + Send + Sync + 'static) -> FakeServer {
    FakeServer::start(move |request: &FakeRequest| {
        if request.method != "POST" {
            return fake_openai::behave(request);
        }
        let text = say(&fake_openai::prompt_of(&request.json()));
        let message = json!({ "role": "assistant", "content": text });
        let body = json!({
            "id": "1", "object": "chat.completion", "created": 0, "model": fake_openai::MODEL,
            "choices": [{ "index": 0, "message": message, "finish_reason": "stop", "text": text }],
            "usage": { "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110 },
        });
        Reaction::Reply(FakeReply::json(200, &body))
    })
}
