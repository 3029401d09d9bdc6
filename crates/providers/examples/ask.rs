//! Asks a model from the command line: `cargo run -p holometer-providers --example ask -- SPEC PROMPT [CONTINUATION]`.
//!
//! Prints what the model says about itself, its completion and, given a continuation, that one's log-probabilities.

use std::sync::Arc;

use holometer_core::{Cancel, Decoding, Prompt, Request, RequestKey};
use holometer_providers::{Settings, open};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [spec, prompt, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: ask SPEC PROMPT [CONTINUATION]");
        std::process::exit(2);
    };
    let env = |name: &str| std::env::var(name).ok();
    let settings = Settings { env: Arc::new(env), ..Settings::default() };
    let model = match open(spec, &settings) {
        Ok(Some(model)) => model,
        Ok(None) => {
            eprintln!("`{spec}` is not a model behind HTTP");
            std::process::exit(2);
        }
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(2);
        }
    };
    println!("{:#?}\n{:#?}", model.card(), model.window());
    let decoding = Decoding { max_tokens: 16, top_k_per_token: 3, ..Decoding::default() };
    let prompt_of = |text: &String| Prompt::Text(text.clone());
    let mut requests =
        vec![(RequestKey(0), Request::Generate { prompt: prompt_of(prompt), decoding })];
    requests.extend(rest.first().map(|continuation| {
        let (context, continuation) = (prompt.clone(), continuation.clone());
        (RequestKey(1), Request::ScoreContinuation { context, continuation })
    }));
    model.answer(&requests, &Cancel::new(), &|finished| println!("{finished:?}"));
}
