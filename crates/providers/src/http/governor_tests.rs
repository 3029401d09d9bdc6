//! The limits against simulated servers, in simulated time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::*;

/// A server with a token bucket and slots; each call takes `latency` while a slot is free.
struct Server {
    per_second: f64,
    burst: f64,
    level: f64,
    filled: Instant,
    latency: Duration,
    retry_after: Option<Duration>,
    /// It complains about every so many calls at any pace; 0: about none.
    stray_every: usize,
    calls: usize,
}

impl Server {
    fn grants(&mut self, now: Instant) -> bool {
        self.calls += 1;
        if self.stray_every > 0 && self.calls.is_multiple_of(self.stray_every) {
            return false;
        }
        let since = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.level = (self.level + since * self.per_second).min(self.burst);
        let granted = self.level >= 1.0;
        if granted {
            self.level -= 1.0;
        }
        granted
    }
}

/// Answers per second and complaints per call over the last `measured` of a simulation.
fn simulate(
    server: &mut Server,
    settings: &Settings,
    length: Duration,
    measured: Duration,
) -> (f64, f64) {
    let governor = Governor::new(settings);
    let began = server.filled;
    let mut now = began;
    let mut flying: BinaryHeap<Reverse<(Instant, bool, usize)>> = BinaryHeap::new();
    let mut tickets = Vec::new();
    let (mut answers, mut complaints) = (0.0, 0.0);
    while now < began + length {
        let wake = match governor.start(now, 0) {
            Start::Now(ticket) => {
                let granted = server.grants(now);
                tickets.push(ticket);
                let latency = if granted { server.latency } else { Duration::from_millis(1) };
                flying.push(Reverse((now + latency, granted, tickets.len() - 1)));
                continue;
            }
            Start::Wait(wait) => now + wait,
            Start::Never(stopped) => panic!("{stopped:?}"),
        };
        match flying.peek() {
            Some(Reverse((at, granted, ticket))) if *at <= wake => {
                let (at, granted, ticket) = (*at, *granted, *ticket);
                flying.pop();
                now = at;
                let counts = now + measured > began + length;
                let ended = if granted {
                    answers += f64::from(u8::from(counts));
                    Ended::Answered { tokens: None, pause: None }
                } else {
                    complaints += f64::from(u8::from(counts));
                    Ended::Complained { after: server.retry_after }
                };
                governor.finish(now, tickets[ticket], ended);
            }
            _ => now = wake,
        }
    }
    (answers / measured.as_secs_f64(), complaints / (answers + complaints))
}

fn server(per_second: f64, burst: f64, latency_ms: u64, retry_after: Option<Duration>) -> Server {
    Server {
        per_second,
        burst,
        level: burst,
        filled: Instant::now(),
        latency: Duration::from_millis(latency_ms),
        retry_after,
        stray_every: 0,
        calls: 0,
    }
}

#[test]
fn a_rate_limited_server_is_used_to_the_full_with_hardly_a_complaint() {
    let settings = Settings { max_concurrency: 256, ..Settings::default() };
    for (per_second, burst, latency, after) in [
        (100.0, 100.0, 20, Some(1000)),
        (100.0, 10.0, 20, Some(1000)),
        (100.0, 10.0, 500, None),
        (20.0, 60.0, 1000, Some(2000)),
        (2.0, 5.0, 3000, Some(1000)),
        (1000.0, 50.0, 30, None),
    ] {
        let after = after.map(Duration::from_millis);
        let mut server = server(per_second, burst, latency, after);
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let (rate, complaints) = simulate(&mut server, &settings, minutes(12), minutes(10));
        assert!(rate >= 0.95 * per_second, "{per_second}/s, burst {burst}: {rate}/s");
        assert!(complaints <= 0.01, "{per_second}/s, burst {burst}: {complaints} complained");
    }
}

#[test]
fn complaints_that_have_nothing_to_do_with_the_pace_do_not_slow_it_down() {
    let settings = Settings { max_concurrency: 64, ..Settings::default() };
    for (latency, after) in [(20, Some(5)), (20, None), (500, Some(1000))] {
        let after = after.map(Duration::from_millis);
        let mut server = Server { stray_every: 100, ..server(1e9, 1e9, latency, after) };
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let (rate, complaints) = simulate(&mut server, &settings, minutes(3), minutes(2));
        let possible = 64.0 * 1000.0 / latency as f64;
        assert!(rate >= 0.9 * possible, "{latency} ms, {after:?}: {rate}/s of {possible}/s");
        assert!((complaints - 0.01).abs() < 0.002, "{complaints}");
    }
}

#[test]
fn without_complaints_concurrency_grows_to_its_bound() {
    let settings = Settings { max_concurrency: 128, ..Settings::default() };
    let mut server = server(1e9, 1e9, 100, None);
    let (rate, complaints) =
        simulate(&mut server, &settings, Duration::from_secs(60), Duration::from_secs(30));
    assert_eq!(complaints, 0.0);
    assert!(rate > 0.95 * 1280.0, "{rate}/s");
}

#[test]
fn concurrency_stops_growing_when_it_brings_nothing() {
    // One answer every 10 ms whatever is in flight, as from a server that works through a queue.
    let governor = Governor::new(&Settings { max_concurrency: 1000, ..Settings::default() });
    let mut now = Instant::now();
    let mut flying = std::collections::VecDeque::new();
    for _ in 0..20_000 {
        while let Start::Now(ticket) = governor.start(now, 0) {
            flying.push_back(ticket);
        }
        now += Duration::from_millis(10);
        let ticket = flying.pop_front().unwrap();
        governor.finish(now, ticket, Ended::Answered { tokens: None, pause: None });
    }
    assert!(flying.len() < 100, "{} in flight", flying.len());
}

#[test]
fn one_overload_cuts_once() {
    let governor = Governor::new(&Settings::default());
    let now = Instant::now();
    let tickets: Vec<Ticket> = std::iter::from_fn(|| match governor.start(now, 0) {
        Start::Now(ticket) => Some(ticket),
        _ => None,
    })
    .collect();
    assert_eq!(tickets.len(), 8);
    for ticket in tickets {
        governor.finish(now, ticket, Ended::Complained { after: Some(Duration::from_secs(3)) });
    }
    assert!(matches!(governor.start(now, 0), Start::Wait(wait) if wait == Duration::from_secs(3)));
    let later = now + Duration::from_secs(3);
    let started = (0..10).filter(|_| matches!(governor.start(later, 0), Start::Now(_))).count();
    assert_eq!(started, 5);
}

#[test]
fn a_dead_server_stops_and_may_come_back_but_a_dead_key_stays_dead() {
    let governor = Governor::new(&Settings::default());
    for _ in 0..DOWN_AFTER {
        governor.found_no_server("connection refused");
    }
    let now = Instant::now();
    assert!(matches!(governor.start(now, 0), Start::Never(_)));
    governor.begin();
    assert!(matches!(governor.start(now, 0), Start::Now(_)));
    governor.stop(Stopped { kind: FailureKind::Unauthorized, message: "no".into() });
    governor.begin();
    assert!(matches!(governor.start(now, 0), Start::Never(_)));
}

#[test]
fn retries_are_earned_by_answers() {
    let governor = Governor::new(&Settings::default());
    let spent = (0..1000).filter(|_| governor.spend_retry()).count();
    assert_eq!(spent, RETRY_SAVINGS as usize);
    let now = Instant::now();
    let Start::Now(ticket) = governor.start(now, 0) else { panic!() };
    governor.finish(now, ticket, Ended::Answered { tokens: None, pause: None });
    assert!(governor.spend_retry());
    assert!(!governor.spend_retry());
}
