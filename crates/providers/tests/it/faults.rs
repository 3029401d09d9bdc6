//! Every request ends answered or failed with a reason, none twice and none lost, whatever the server does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{answer_of, ask, ask_one, failure, open_fake, quick, text};
use holometer_core::{Cancel, FailureKind, Outcome, RequestKey};
use holometer_providers::{Settings, open};
use holometer_testkit::fake_openai::{answer_to, behave, error, prompt_of, reply};
use holometer_testkit::fake_server::{FakeReply, FakeRequest, FakeServer, Reaction};

/// A server that behaves while it is probed and follows a script afterwards.
fn server_with(
    script: impl Fn(&FakeRequest) -> Reaction + Send + Sync + 'static,
) -> (FakeServer, Arc<AtomicBool>) {
    let scripted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&scripted);
    let server = FakeServer::start(move |request| {
        if flag.load(Ordering::SeqCst) { script(request) } else { behave(request) }
    });
    (server, scripted)
}

/// One request to a server that always reacts in the same way.
fn outcome_of(reaction: Reaction, settings: &Settings) -> (Outcome, usize) {
    let (server, scripted) = server_with(move |_| reaction.clone());
    let model = open_fake(&server, settings);
    scripted.store(true, Ordering::SeqCst);
    let before = server.requests();
    let outcome = ask_one(&*model, text("a prompt"));
    (outcome, server.requests() - before)
}

#[test]
fn a_hundred_thousand_requests_to_a_server_that_misbehaves_in_every_way() {
    const REQUESTS: usize = 100_000;
    let tries: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
    let billed = Arc::clone(&tries);
    let (server, scripted) = server_with(move |request| {
        let prompt = prompt_of(&request.json());
        let tries = {
            let mut tries = tries.lock().unwrap();
            let count = tries.entry(prompt.clone()).or_default();
            *count += 1;
            *count
        };
        let number: usize = prompt.parse().unwrap();
        misbehave(number, tries, request)
    });
    let settings = Settings { request_timeout: Duration::from_secs(2), ..quick() };
    let model = open_fake(&server, &settings);
    scripted.store(true, Ordering::SeqCst);
    let finished = ask(&*model, (0..REQUESTS).map(|number| text(&number.to_string())).collect());
    for (number, finished) in finished {
        let outcome = &finished.outcome;
        match number % 100 {
            20 => assert_eq!(failure(outcome).0, FailureKind::Rejected),
            40 => assert!(matches!(outcome, Outcome::Refused { .. })),
            60 => assert_eq!(failure(outcome).0, FailureKind::TooLong),
            _ => assert_eq!(answer_of(outcome), answer_to(&number.to_string())),
        }
        assert_eq!(finished.retries == 0, !is_flaky(number as usize), "{number}: {finished:?}");
        let calls = billed.lock().unwrap()[&number.to_string()];
        assert_eq!(calls, 1 + finished.retries as usize, "{number} was sent more often than tried");
    }
}

fn is_flaky(number: usize) -> bool {
    matches!(number % 100, 1..=9)
}

/// One request in eleven or so meets a fault once or twice; some are never answered.
fn misbehave(number: usize, tries: usize, request: &FakeRequest) -> Reaction {
    let good = reply(request);
    if is_flaky(number) && tries == 1 {
        return match number % 100 {
            1 => Reaction::Reply(error(500, "boom", "server_error")),
            2 => Reaction::Reset,
            3 => Reaction::ResetAfter(good, 20),
            4 => Reaction::Reply(FakeReply { body: good.body[..30].to_vec(), ..good }),
            5 => Reaction::Reply(FakeReply::text(200, "text/html", "<html>busy</html>")),
            6 => Reaction::Reply(FakeReply::json(200, &serde_json::json!({"choices": []}))),
            7 => {
                let length = if number % 5000 == 7 { 10 << 20 } else { 10 << 10 };
                Reaction::Reply(FakeReply::text(502, "text/plain", vec![b'x'; length]))
            }
            8 => Reaction::Reply(FakeReply::text(200, "application/json", "")),
            _ => Reaction::Reply(
                error(429, "slow down", "rate_limit_exceeded").with_header("retry-after-ms", "5"),
            ),
        };
    }
    Reaction::Reply(match number % 100 {
        20 => error(400, "`top_p` is too large", "invalid_value"),
        40 => error(400, "flagged", "content_filter"),
        60 => error(400, "This model's maximum context length is 9 tokens", ""),
        _ => good,
    })
}

#[test]
fn a_server_without_tls_behind_https_is_one_clear_failure() {
    let server = FakeServer::start(|request: &FakeRequest| Reaction::Reply(reply(request)));
    let spec = format!("{}/v1#fake-model", server.url().replace("http://", "https://"));
    // The server waits for a request while the client waits for the handshake.
    let settings = Settings { connect_timeout: Duration::from_millis(300), ..quick() };
    let error = open(&spec, &settings).unwrap_err().to_string();
    assert!(error.contains("can't reach") && error.contains("hint: "), "{error}");
    assert!(error.lines().count() <= 2, "{error}");
}

#[test]
fn a_reply_that_can_not_be_read_is_malformed_after_all_tries() {
    for (reaction, words) in [
        (FakeReply::text(200, "application/json", r#"{"choices": [{"te"#), "ends too early"),
        (
            FakeReply::text(200, "text/html; charset=utf-8", "<html>"),
            "sent `text/html; charset=utf-8`",
        ),
        (FakeReply::json(200, &serde_json::json!({"choices": []})), "0 choices instead of 1"),
        (FakeReply::json(200, &serde_json::json!({"choices": [{}]})), "has no `text`"),
        (FakeReply::json(200, &serde_json::json!([1, 2])), "no list of `choices`"),
        (FakeReply::text(200, "application/json", ""), "empty"),
    ] {
        let (outcome, sent) = outcome_of(Reaction::Reply(reaction), &quick());
        let (kind, message) = failure(&outcome);
        assert_eq!(kind, FailureKind::Malformed);
        assert!(message.contains(words) && message.contains("tried 9 times"), "{message}");
        assert_eq!(sent, 9);
    }
}

#[test]
fn a_dead_key_stops_the_whole_run_at_once() {
    let (server, scripted) =
        server_with(|_| Reaction::Reply(error(401, "Incorrect API key", "invalid_api_key")));
    let model = open_fake(&server, &quick());
    scripted.store(true, Ordering::SeqCst);
    let before = server.requests();
    let finished = ask(&*model, (0..5000).map(|number| text(&number.to_string())).collect());
    for finished in finished.values() {
        let (kind, message) = failure(&finished.outcome);
        assert_eq!(kind, FailureKind::Unauthorized);
        assert!(message.contains("Incorrect API key") && message.contains("hint:"), "{message}");
    }
    assert!(server.requests() - before <= 16, "{} were sent", server.requests() - before);
}

#[test]
fn a_server_that_goes_away_fails_the_rest_quickly() {
    let (server, _) = server_with(behave);
    let model = open_fake(&server, &quick());
    drop(server);
    let finished = ask(&*model, (0..3000).map(|number| text(&number.to_string())).collect());
    for finished in finished.values() {
        assert_eq!(failure(&finished.outcome).0, FailureKind::Unreachable);
    }
}

#[test]
fn a_storm_of_rate_limits_is_waited_out() {
    let sent = AtomicUsize::new(0);
    let (server, scripted) = server_with(move |request| {
        // For a hundred calls the server turns everything away, for the next hundred nothing, and so on.
        let number = sent.fetch_add(1, Ordering::SeqCst);
        if number < 1000 && (number / 100).is_multiple_of(2) {
            let reply = error(429, "Rate limit reached", "rate_limit_exceeded");
            return Reaction::Reply(reply.with_header("retry-after-ms", "2"));
        }
        behave(request)
    });
    let model = open_fake(&server, &quick());
    scripted.store(true, Ordering::SeqCst);
    let finished = ask(&*model, (0..2000).map(|number| text(&number.to_string())).collect());
    for (number, finished) in finished {
        assert_eq!(answer_of(&finished.outcome), answer_to(&number.to_string()));
    }
}

#[test]
fn a_wait_longer_than_our_patience_stops_with_the_reason() {
    let reply =
        error(429, "daily limit", "rate_limit_exceeded").with_header("retry-after", "86400");
    let (outcome, _) = outcome_of(Reaction::Reply(reply), &quick());
    let (kind, message) = failure(&outcome);
    assert_eq!(kind, FailureKind::RateLimited);
    assert!(message.contains("86400 s"), "{message}");
}

#[test]
fn slow_and_silent_servers_time_out() {
    let mut settings = quick();
    settings.request_timeout = Duration::from_millis(300);
    settings.retries.max = 1;
    let whole = FakeReply::text(200, "application/json", vec![b' '; 1000]);
    for reaction in [Reaction::Silence, Reaction::Drip(whole, Duration::from_millis(50))] {
        let (server, scripted) = server_with(move |_| reaction.clone());
        // Opened with patience, so that a busy machine does not fail the probe.
        let model = open_fake(
            &server,
            &Settings { request_timeout: Duration::from_secs(60), ..settings.clone() },
        );
        drop(model);
        let model = open_fake(&server, &settings);
        scripted.store(true, Ordering::SeqCst);
        let outcome = ask_one(&*model, text("a"));
        assert_eq!(failure(&outcome).0, FailureKind::Timeout);
    }
}

#[test]
fn an_error_of_ten_megabytes_is_one_short_line() {
    let reply = FakeReply::text(400, "text/plain", vec![b'e'; 10 << 20]);
    let (outcome, _) = outcome_of(Reaction::Reply(reply), &quick());
    let (kind, message) = failure(&outcome);
    assert_eq!(kind, FailureKind::Rejected);
    assert!(message.len() < 500 && !message.contains('\n'));
}

#[test]
fn an_error_with_status_200_is_an_error() {
    let body = serde_json::json!({"error": {"message": "upstream is gone", "code": 400}});
    let (outcome, sent) = outcome_of(Reaction::Reply(FakeReply::json(200, &body)), &quick());
    assert_eq!(failure(&outcome), (FailureKind::Rejected, "HTTP 400: upstream is gone"));
    assert_eq!(sent, 1);
}

#[test]
fn a_redirection_is_not_followed_with_the_key() {
    let reply =
        FakeReply::text(302, "text/plain", "").with_header("location", "http://127.0.0.1:9/x");
    let (outcome, sent) = outcome_of(Reaction::Reply(reply), &quick());
    let (kind, message) = failure(&outcome);
    assert_eq!(kind, FailureKind::Rejected);
    assert!(message.contains("http://127.0.0.1:9/x"), "{message}");
    assert_eq!(sent, 1);
}

#[test]
fn a_cancelled_run_returns_and_hands_over_nothing_else() {
    let (server, scripted) = server_with(|request| {
        if prompt_of(&request.json()) == "0" { behave(request) } else { Reaction::Silence }
    });
    let settings = Settings { cancel_grace: Duration::from_millis(10), ..quick() };
    let model = open_fake(&server, &settings);
    scripted.store(true, Ordering::SeqCst);
    let cancel = Cancel::new();
    let handed_over = AtomicUsize::new(0);
    let requests: Vec<_> =
        (0..1000).map(|number| (RequestKey(number), text(&number.to_string()))).collect();
    model.answer(&requests, &cancel, &|finished| {
        assert_eq!(finished.key, RequestKey(0));
        handed_over.fetch_add(1, Ordering::SeqCst);
        cancel.cancel();
    });
    assert_eq!(handed_over.load(Ordering::SeqCst), 1);
    // What was in flight does not count against the next batch.
    scripted.store(false, Ordering::SeqCst);
    assert_eq!(ask(&*model, (0..50).map(|_| text("again")).collect()).len(), 50);
}

#[test]
fn concurrency_stays_within_its_bound() {
    let (server, scripted) =
        server_with(|request| Reaction::After(Duration::from_millis(1), Box::new(behave(request))));
    let model = open_fake(&server, &Settings { max_concurrency: 3, ..quick() });
    scripted.store(true, Ordering::SeqCst);
    ask(&*model, (0..300).map(|number| text(&number.to_string())).collect());
    assert!(server.most_at_once() <= 3, "{}", server.most_at_once());
}
