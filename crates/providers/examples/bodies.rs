//! The bodies that are sent to the vendors, one JSON object a line, for checking them against the vendors' own types:
//! `cargo run -p holometer-providers --example bodies`, read by `parity/providers/sdk_types.py`.

use std::sync::Arc;

use holometer_core::{Cancel, ChatMessage, Decoding, Prompt, Request, RequestKey, Role};
use holometer_providers::{Settings, open};
use holometer_testkit::fake_server::{FakeReply, FakeRequest, FakeServer, Reaction};
use serde_json::json;

const MODELS: [&str; 9] = [
    "openai-responses:gpt-4.1",
    "openai-responses:o3",
    "anthropic:claude-opus-4-8",
    "google:gemini-2.5-flash",
    "vertex:gemini-2.5-flash",
    "groq:llama-3.3-70b-versatile",
    "deepseek:deepseek-chat",
    "xai:grok-3",
    "together:meta-llama/Llama-3.3-70B-Instruct-Turbo",
];

fn main() {
    for spec in MODELS {
        let server = FakeServer::start(|_: &FakeRequest| {
            Reaction::Reply(FakeReply::json(200, &json!({"data": []})))
        });
        let vendor = spec.split(':').next().unwrap_or_default().to_owned();
        let settings = Settings {
            env: Arc::new(|name: &str| {
                name.to_uppercase()
                    .contains("KEY")
                    .then(|| "key".into())
                    .or_else(|| name.contains("TOKEN").then(|| "token".into()))
            }),
            base_urls: [(vendor, server.url())].into(),
            retries: holometer_providers::Retries { max: 0, ..Default::default() },
            ..Settings::default()
        };
        let model = match open(spec, &settings) {
            Ok(Some(model)) => model,
            other => panic!("{spec}: {other:?}"),
        };
        model.answer(&requests(), &Cancel::new(), &|_| {});
        for request in server.seen().iter().filter(|request| request.method == "POST") {
            println!("{}", json!({"model": spec, "path": request.path, "body": request.json()}));
        }
    }
}

fn requests() -> Vec<(RequestKey, Request)> {
    let say = |role, content: &str| ChatMessage { role, content: content.into() };
    let conversation =
        Prompt::Chat(vec![say(Role::System, "Be brief."), say(Role::User, "What is 2 + 2?")]);
    let plain = Decoding { max_tokens: 20, ..Decoding::default() };
    let full = Decoding {
        max_tokens: 20,
        temperature: 0.7,
        top_p: 0.9,
        top_k: None,
        num_completions: 2,
        top_k_per_token: 5,
        stop_sequences: vec!["\n\n".into(), "END".into()],
        presence_penalty: 0.5,
        frequency_penalty: 0.5,
        random: Some("3".into()),
    };
    let generate = |prompt, decoding| Request::Generate { prompt, decoding };
    let list = [
        generate(Prompt::Text("Question: what is 2 + 2?\nAnswer:".into()), plain),
        generate(conversation, full),
    ];
    (0..).map(RequestKey).zip(list).collect()
}
