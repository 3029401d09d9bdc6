//! Models on a hub through the real binary, against a hub on this machine.

use holometer_testkit::fake_server::{FakeReply, FakeRequest, FakeServer, Reaction};
use serde_json::json;

use crate::common;

const TOKEN: &str = "hf_planted0123456789";

/// A hub with a sharded model, a GGUF model in two parts, one with pickles only, and one that wants a licence agreement.
fn hub(request: &FakeRequest) -> Reaction {
    let bytes = |body: &[u8]| {
        FakeReply::text(200, "application/octet-stream", body).with_header("etag", "\"1\"")
    };
    let index = json!({ "weight_map": { "a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors" } });
    Reaction::Reply(match request.path.as_str() {
        "/org/tiny/resolve/v1/config.json" | "/org/pickled/resolve/main/config.json" => {
            bytes(br#"{"model_type": "llama"}"#)
        }
        "/org/tiny/resolve/v1/tokenizer.json" => bytes(b"{}"),
        "/org/tiny/resolve/v1/model.safetensors.index.json" => bytes(index.to_string().as_bytes()),
        "/org/tiny/resolve/v1/model-1-of-2.safetensors" => bytes(b"first shard"),
        "/org/tiny/resolve/v1/model-2-of-2.safetensors" => bytes(b"second shard"),
        "/org/parts/resolve/main/q8/x-00001-of-00002.gguf" => bytes(b"first part"),
        "/org/parts/resolve/main/q8/x-00002-of-00002.gguf" => bytes(b"second part"),
        path if path.starts_with("/org/gated/") => {
            FakeReply::json(401, &json!({ "error": "gated" }))
        }
        _ => FakeReply::json(404, &json!({ "error": "Entry not found" })),
    })
}

#[test]
fn a_model_is_fetched_once_with_the_token_and_then_needs_no_network() {
    let home = tempfile::tempdir().unwrap();
    let server = FakeServer::start(hub);
    let pull = |more: &[&str]| {
        let mut command = common::holometer(home.path());
        command.args(["pull", "-m", "hf:org/tiny@v1"]).args(more);
        command.env("HF_ENDPOINT", server.url()).env("HF_TOKEN", TOKEN).output().unwrap()
    };
    let output = pull(&[]);
    assert!(output.status.success(), "{}", common::stderr(&output));
    let folder = home.path().join("cache/models/org--tiny@v1");
    assert_eq!(std::fs::read(folder.join("model-2-of-2.safetensors")).unwrap(), b"second shard");
    assert_eq!(std::fs::read(folder.join("tokenizer.json")).unwrap(), b"{}");
    let seen = server.seen();
    let bearer = format!("Bearer {TOKEN}");
    assert!(seen.iter().all(|request| request.header("authorization") == Some(bearer.as_str())));
    assert!(!common::stderr(&output).contains(TOKEN));
    let output = pull(&["--offline"]);
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert_eq!(server.requests(), seen.len(), "nothing is asked for again");
    std::fs::remove_file(folder.join("model-1-of-2.safetensors")).unwrap();
    assert!(pull(&["--offline"]).status.success());
    assert_eq!(std::fs::read(folder.join("model-1-of-2.safetensors")).unwrap(), b"first shard");
}

#[test]
fn all_parts_of_a_gguf_model_are_fetched_and_lie_together() {
    let home = tempfile::tempdir().unwrap();
    let server = FakeServer::start(hub);
    let mut command = common::holometer(home.path());
    command.args(["pull", "-m", "hf:org/parts/q8/x-00002-of-00002.gguf"]);
    let output = command.env("HF_ENDPOINT", server.url()).output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    let folder = home.path().join("cache/models/org--parts@main/q8");
    assert_eq!(std::fs::read(folder.join("x-00001-of-00002.gguf")).unwrap(), b"first part");
    assert_eq!(std::fs::read(folder.join("x-00002-of-00002.gguf")).unwrap(), b"second part");
}

#[test]
fn what_can_not_be_fetched_says_why_and_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let server = FakeServer::start(hub);
    for (model, told) in [
        ("hf:org/gated", ["access to", "then set HF_TOKEN"]),
        ("hf:org/pickled", ["has no safetensors", "save_pretrained"]),
        ("hf:org/unknown", ["config.json", "org/unknown"]),
        ("hf:org/../tiny", ["names no model on a hub", "hf:ORG/NAME@REVISION"]),
    ] {
        let mut command = common::holometer(home.path());
        command.args(["pull", "-m", model]).env("HF_ENDPOINT", server.url());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{model}");
        for words in told {
            assert!(
                common::stderr(&output).contains(words),
                "{model}: {}",
                common::stderr(&output)
            );
        }
    }
    let mut command = common::holometer(home.path());
    command.args(["pull", "-m", "hf:org/tiny", "--offline"]).env("HF_ENDPOINT", server.url());
    let output = command.output().unwrap();
    assert!(common::stderr(&output).contains("downloads are off"), "{}", common::stderr(&output));
}
