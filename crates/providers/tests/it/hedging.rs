//! Late calls are sent a second time, if asked for, and only where that can't bend a result.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{answer_of, ask, open_fake, quick, text};
use holometer_core::{Decoding, Prompt, Request};
use holometer_providers::Settings;
use holometer_testkit::fake_openai::{answer_to, behave, prompt_of};
use holometer_testkit::fake_server::{FakeServer, Reaction};

/// Longer than any test may take: a call that waits for it is never answered.
const FOREVER: Duration = Duration::from_secs(600);

/// How often each prompt of three digits was sent.
type Sent = Arc<Mutex<HashMap<String, usize>>>;

/// A server that never answers the first copy of every hundredth prompt.
fn server_with_a_tail() -> (FakeServer, Sent) {
    let sent = Sent::default();
    let counts = Arc::clone(&sent);
    let server = FakeServer::start(move |request| {
        let prompt = prompt_of(&request.json());
        let Ok(number) = prompt.parse::<usize>() else { return behave(request) };
        let times = {
            let mut counts = counts.lock().unwrap();
            let times = counts.entry(prompt).or_default();
            *times += 1;
            *times
        };
        let quick = Reaction::After(Duration::from_millis(5), Box::new(behave(request)));
        if number % 100 == 50 && times == 1 { Reaction::Silence } else { quick }
    });
    (server, sent)
}

fn prompts(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{number:03}")).collect()
}

#[test]
fn the_second_copy_of_a_late_call_answers_it() {
    let (server, sent) = server_with_a_tail();
    let settings = Settings { hedge: true, request_timeout: FOREVER, ..quick() };
    let model = open_fake(&server, &settings);
    let prompts = prompts(400);
    let finished = ask(&*model, prompts.iter().map(|prompt| text(prompt)).collect());
    let sent = sent.lock().unwrap();
    for (prompt, finished) in prompts.iter().zip(finished.values()) {
        assert_eq!(answer_of(&finished.outcome), answer_to(prompt));
        // The first answer breaks the other copy off, which may not have reached the server by then.
        let arrived = 1..=1 + finished.retries as usize;
        assert!(arrived.contains(&sent[prompt]), "{prompt}: {} not in {arrived:?}", sent[prompt]);
    }
    assert!((0..4).all(|hundred| sent[&format!("{hundred}50")] == 2), "{sent:?}");
    let copies = sent.values().sum::<usize>() - sent.len();
    assert!(copies <= 20, "{copies} copies of 400 calls");
}

#[test]
fn without_the_flag_and_for_sampled_texts_nothing_is_sent_twice() {
    let sampled = |prompt: &str| {
        let decoding = Decoding { max_tokens: 10, temperature: 0.7, ..Decoding::default() };
        Request::Generate { prompt: Prompt::Text(prompt.into()), decoding }
    };
    for (hedge, request) in [(false, &text as &dyn Fn(&str) -> Request), (true, &sampled)] {
        let (server, sent) = server_with_a_tail();
        let timeout = Duration::from_millis(500);
        let settings = Settings { hedge, request_timeout: timeout, ..quick() };
        let model = open_fake(&server, &settings);
        let finished = ask(&*model, prompts(120).iter().map(|prompt| request(prompt)).collect());
        let sent = sent.lock().unwrap();
        // The silent call is tried again after its time is over; no other one is sent twice.
        assert!(sent.iter().all(|(prompt, times)| *times == 1 || prompt == "050"), "{sent:?}");
        assert_eq!(finished[&50].retries, 1);
        assert!(finished[&50].seconds >= timeout.as_secs_f64() * 0.9);
    }
}
