//! What the client does to servers in the same process, which take their share of the processor.
//!
//! `cargo run --release -p holometer-providers --example load -- free [REQUESTS] [CONCURRENCY]`: requests per second against a
//! server that answers at once. `... -- limited [PER_SECOND] [SECONDS]`: how much of a limited server's rate is used, and how
//! many calls it turns away, with and without its saying when to come back. `... -- serve [SECONDS]`: the server alone, for other
//! clients (`parity/providers/clients.py`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use holometer_core::{Cancel, Decoding, Model, Outcome, Prompt, Request, RequestKey};
use holometer_providers::{Settings, open};
use holometer_testkit::fake_openai::{MODEL, behave, error};
use holometer_testkit::fake_server::{FakeServer, Reaction};

/// How long the limited server takes for a reply.
const LATENCY: Duration = Duration::from_millis(200);

/// The share of the time that is left out at the beginning, while the limit is being found.
const FINDING: f64 = 0.2;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, default: u64| {
        arguments.get(index).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    match arguments.first().map_or("free", String::as_str) {
        "free" => free(number(1, 100_000), number(2, 64) as usize),
        "limited" => {
            for retry_after in [None, Some("1")] {
                limited(number(1, 500) as f64, number(2, 60), retry_after);
            }
        }
        "serve" => {
            let server = FakeServer::start(behave);
            println!("{}", server.url());
            std::thread::sleep(Duration::from_secs(number(1, 600)));
        }
        other => eprintln!("`{other}` is none of `free`, `limited` and `serve`"),
    }
}

fn free(requests: u64, concurrency: usize) {
    let server = FakeServer::start(behave);
    let settings = Settings { max_concurrency: concurrency, ..Settings::default() };
    let model = opened(&server, &settings);
    let batch = batch(requests);
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

/// What a limited server has seen since the limit was found.
#[derive(Default)]
struct Tally {
    calls: usize,
    refused: usize,
}

/// A server that lets so many calls through a second (a tenth of that at once).
fn limited(per_second: f64, seconds: u64, retry_after: Option<&'static str>) {
    let began = Instant::now();
    let counted_from = Duration::from_secs(seconds).mul_f64(FINDING);
    let tally = Arc::new(Mutex::new(Tally::default()));
    let counts = Arc::clone(&tally);
    let bucket = Mutex::new((per_second / 10.0, began));
    let server = FakeServer::start(move |request| {
        let now = Instant::now();
        let granted = {
            let mut bucket = bucket.lock().expect("nobody panics with it");
            let gained = now.duration_since(bucket.1).as_secs_f64() * per_second;
            *bucket = ((bucket.0 + gained).min(per_second / 10.0), now);
            let granted = bucket.0 >= 1.0;
            bucket.0 -= f64::from(u8::from(granted));
            granted
        };
        if now.duration_since(began) > counted_from {
            let mut counts = counts.lock().expect("nobody panics with it");
            counts.calls += 1;
            counts.refused += usize::from(!granted);
        }
        if granted {
            return Reaction::After(LATENCY, Box::new(behave(request)));
        }
        let reply = error(429, "Rate limit reached", "rate_limit_exceeded");
        Reaction::Reply(match retry_after {
            Some(seconds) => reply.with_header("retry-after", seconds),
            None => reply,
        })
    });
    let settings = Settings { max_concurrency: 1024, ..Settings::default() };
    let model = opened(&server, &settings);
    let cancel = Cancel::new();
    let stop = cancel.clone();
    let timer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(seconds).saturating_sub(began.elapsed()));
        stop.cancel();
    });
    model.answer(&batch((per_second * seconds as f64 * 1.1) as u64), &cancel, &|_| {});
    let tally = tally.lock().expect("nobody panics with it");
    let counted = began.elapsed().min(Duration::from_secs(seconds)).saturating_sub(counted_from);
    let rate = (tally.calls - tally.refused) as f64 / counted.as_secs_f64();
    let words = retry_after.map_or("no Retry-After", |_| "Retry-After: 1");
    println!(
        "limit {per_second:.0}/s, {words}: {rate:.1} answered/s ({:.1}% of the limit), {:.2}% of {} calls turned away",
        100.0 * rate / per_second,
        100.0 * tally.refused as f64 / tally.calls as f64,
        tally.calls
    );
    drop(tally);
    timer.join().expect("the timer ends");
}

fn opened(server: &FakeServer, settings: &Settings) -> Box<dyn Model> {
    match open(&format!("{}/v1#{MODEL}", server.url()), settings) {
        Ok(Some(model)) => model,
        other => panic!("the fake server opens: {other:?}"),
    }
}

fn batch(requests: u64) -> Vec<(RequestKey, Request)> {
    (0..requests)
        .map(|number| {
            let decoding = Decoding { max_tokens: 4, ..Decoding::default() };
            let prompt = Prompt::Text(format!("question {number}"));
            (RequestKey(number), Request::Generate { prompt, decoding })
        })
        .collect()
}

/// The process's largest size so far, as the kernel words it; empty where there is no `/proc`.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map(|size| size.trim().to_owned()).unwrap_or_default()
}
