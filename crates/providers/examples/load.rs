//! How many requests per second the client itself can handle: `cargo run --release -p holometer-providers --example load
//! -- [REQUESTS] [CONCURRENCY]`, against a server in the same process that answers at once (and takes its share of the
//! processor).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use holometer_core::{Cancel, Decoding, Outcome, Prompt, Request, RequestKey};
use holometer_providers::{Settings, open};
use holometer_testkit::fake_openai::{MODEL, behave};
use holometer_testkit::fake_server::FakeServer;

fn main() {
    let mut numbers = std::env::args().skip(1).map(|number| number.parse().unwrap_or(0));
    let requests: u64 = numbers.next().unwrap_or(100_000);
    let concurrency = numbers.next().unwrap_or(64) as usize;
    let server = FakeServer::start(behave);
    let settings = Settings { max_concurrency: concurrency, ..Settings::default() };
    let spec = format!("{}/v1#{MODEL}", server.url());
    let model = match open(&spec, &settings) {
        Ok(Some(model)) => model,
        other => panic!("the fake server opens: {other:?}"),
    };
    let request = |number: u64| {
        let decoding = Decoding { max_tokens: 4, ..Decoding::default() };
        let prompt = Prompt::Text(format!("question {number}"));
        (RequestKey(number), Request::Generate { prompt, decoding })
    };
    let batch: Vec<_> = (0..requests).map(request).collect();
    let before = peak_memory();
    let answered = AtomicUsize::new(0);
    let began = Instant::now();
    model.answer(&batch, &Cancel::new(), &|finished| {
        if matches!(finished.outcome, Outcome::Answered(_)) {
            answered.fetch_add(1, Ordering::Relaxed);
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    let answered = answered.into_inner();
    println!(
        "{answered} of {requests} answered in {seconds:.2} s: {:.0}/s",
        answered as f64 / seconds
    );
    println!(
        "most in flight: {}; peak memory: {before} before, {} after",
        server.most_at_once(),
        peak_memory()
    );
}

/// The process's largest size so far, as the kernel words it; empty where there is no `/proc`.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map(|size| size.trim().to_owned()).unwrap_or_default()
}
