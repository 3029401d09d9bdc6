//! Batch APIs against a server that keeps batches as the vendors document them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{answer_of, ask, quick};
use holometer_core::{Cancel, Decoding, FailureKind, Model, Outcome, Prompt, Request, RequestKey};
use holometer_providers::{Batching, Journal, Settings, open};
use holometer_testkit::fake_server::{FakeReply, FakeRequest, FakeServer, Reaction};
use serde_json::{Value, json};

/// Notes in memory.
#[derive(Default)]
struct Notes(Mutex<String>);

impl Journal for Notes {
    fn read(&self) -> Result<String, String> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn write(&self, text: &str) -> Result<(), String> {
        text.clone_into(&mut self.0.lock().unwrap());
        Ok(())
    }
}

fn open_at(server: &FakeServer, spec: &str, notes: &Arc<Notes>) -> Box<dyn Model> {
    let vendor = spec.split(':').next().unwrap().to_owned();
    let env = |name: &str| name.ends_with("KEY").then(|| "sk-1".to_owned());
    let base_urls = [(vendor, format!("{}/base", server.url()))].into();
    let journal: Arc<dyn Journal> = notes.clone();
    let batching = Some(Batching { journal, poll: Duration::from_millis(1) });
    let settings = Settings { env: Arc::new(env), base_urls, batching, ..quick() };
    open(spec, &settings).unwrap().unwrap()
}

fn question(number: usize) -> Request {
    let decoding = Decoding { max_tokens: 40, ..Decoding::default() };
    Request::Generate { prompt: Prompt::Text(format!("question {number}")), decoding }
}

/// What the server's batches hold: for each, the lines that were handed in.
type Batches = Arc<Mutex<Vec<Vec<Value>>>>;

/// A server that answers a batch at the third look. The answer to `question N` is `answer N`; what is in `bad` errs.
fn anthropic(batches: &Batches, bad: &'static str) -> FakeServer {
    let (batches, looks) = (Arc::clone(batches), Mutex::new(BTreeMap::<String, usize>::new()));
    FakeServer::start(move |request: &FakeRequest| {
        let path = request.path.trim_start_matches("/base");
        if request.method == "POST" && path == "/messages/batches" {
            let body = request.json();
            let mut batches = batches.lock().unwrap();
            batches.push(body["requests"].as_array().unwrap().clone());
            let id = format!("msgbatch_{}", batches.len() - 1);
            return Reaction::Reply(FakeReply::json(
                200,
                &json!({"id": id, "processing_status": "in_progress"}),
            ));
        }
        let Some(name) = path.strip_prefix("/messages/batches/") else {
            return Reaction::Reply(FakeReply::json(200, &json!({"data": []})));
        };
        if let Some(id) = name.strip_suffix("/results") {
            let number: usize = id.strip_prefix("msgbatch_").unwrap().parse().unwrap();
            let lines: Vec<String> = batches.lock().unwrap()[number]
                .iter()
                .map(|line| {
                    let asked = line["params"]["messages"][0]["content"].as_str().unwrap();
                    let result = if asked == bad {
                        json!({"type": "errored", "error": {"type": "error",
                            "error": {"type": "api_error", "message": "oops"}}})
                    } else {
                        let text = asked.replace("question", "answer");
                        json!({"type": "succeeded", "message": {
                            "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
                            "usage": {"input_tokens": 10, "output_tokens": 4}}})
                    };
                    json!({"custom_id": line["custom_id"], "result": result}).to_string()
                })
                .collect();
            return Reaction::Reply(FakeReply::text(200, "application/x-jsonl", lines.join("\n")));
        }
        let mut looks = looks.lock().unwrap();
        let looked = looks.entry(name.to_owned()).or_default();
        *looked += 1;
        let status = if *looked < 3 { "in_progress" } else { "ended" };
        Reaction::Reply(FakeReply::json(200, &json!({"id": name, "processing_status": status})))
    })
}

#[test]
fn anthropic_batches_are_handed_in_once_and_found_again() {
    let (batches, notes) = (Batches::default(), Arc::new(Notes::default()));
    let server = anthropic(&batches, "");
    let model = open_at(&server, "anthropic:claude-sonnet-4", &notes);
    assert!(model.card().summary.contains("asked in batches"), "{}", model.card().summary);
    assert_eq!(model.price().unwrap().input, 1.5);
    let answers = ask(&*model, (0..40).map(question).collect());
    for (number, finished) in &answers {
        assert_eq!(answer_of(&finished.outcome), format!("answer {number}"));
    }
    assert_eq!(batches.lock().unwrap().len(), 1);
    // Started again, with more questions: what was handed in is not paid for twice.
    let again = open_at(&server, "anthropic:claude-sonnet-4", &notes);
    let answers = ask(&*again, (30..50).map(question).collect());
    assert_eq!(answer_of(&answers[&19].outcome), "answer 49");
    let batches = batches.lock().unwrap();
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [40, 10]);
}

#[test]
fn a_stopped_run_waits_for_the_same_batch() {
    let (batches, notes) = (Batches::default(), Arc::new(Notes::default()));
    let server = anthropic(&batches, "");
    let model = open_at(&server, "anthropic:claude-sonnet-4", &notes);
    let (cancel, handed_over) = (Cancel::new(), Mutex::new(0));
    let requests = [(RequestKey(0), question(0))];
    // Stopped before anything is handed in: nothing is paid for.
    cancel.cancel();
    model.answer(&requests, &cancel, &|_| *handed_over.lock().unwrap() += 1);
    assert_eq!((*handed_over.lock().unwrap(), batches.lock().unwrap().len()), (0, 0));
    let answers = ask(&*model, vec![question(0)]);
    assert_eq!(answer_of(&answers[&0].outcome), "answer 0");
    assert_eq!(batches.lock().unwrap().len(), 1);
}

#[test]
fn what_failed_is_handed_in_again() {
    let (batches, notes) = (Batches::default(), Arc::new(Notes::default()));
    let server = anthropic(&batches, "question 1");
    let model = open_at(&server, "anthropic:claude-sonnet-4", &notes);
    let answers = ask(&*model, (0..3).map(question).collect());
    assert_eq!(answer_of(&answers[&2].outcome), "answer 2");
    let Outcome::Failed { kind, .. } = &answers[&1].outcome else { panic!("{:?}", answers[&1]) };
    assert_eq!(*kind, FailureKind::Server);
    ask(&*model, vec![question(1)]);
    assert_eq!(batches.lock().unwrap().iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
}

#[test]
fn openai_batches_are_files() {
    let uploaded = Arc::new(Mutex::new(Vec::<Value>::new()));
    let seen = Arc::clone(&uploaded);
    let server = FakeServer::start(move |request: &FakeRequest| {
        let path = request.path.trim_start_matches("/base");
        let reply = match (request.method.as_str(), path) {
            ("POST", "/files") => {
                let text = String::from_utf8(request.body.clone()).unwrap();
                assert!(request.header("content-type").unwrap().starts_with("multipart/form-data"));
                assert!(text.contains("name=\"purpose\"\r\n\r\nbatch\r\n"), "{text}");
                let lines = text.lines().filter(|line| line.starts_with('{'));
                *seen.lock().unwrap() =
                    lines.map(|line| serde_json::from_str(line).unwrap()).collect();
                json!({"id": "file-in"})
            }
            ("POST", "/batches") => {
                assert_eq!(
                    request.json(),
                    json!({"input_file_id": "file-in", "endpoint": "/v1/responses", "completion_window": "24h"})
                );
                json!({"id": "batch_1", "status": "validating"})
            }
            ("GET", "/batches/batch_1") => {
                json!({"id": "batch_1", "status": "expired", "output_file_id": "file-out", "error_file_id": "file-err"})
            }
            ("GET", "/files/file-out/content") => {
                let lines: Vec<String> = seen.lock().unwrap()[..2].iter().map(|line| {
                    let content = line["body"]["input"][0]["content"].as_str().unwrap().replace("question", "answer");
                    let body = json!({"status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": content}]}],
                        "usage": {"input_tokens": 1, "output_tokens": 1}});
                    json!({"custom_id": line["custom_id"], "response": {"status_code": 200, "body": body}, "error": null}).to_string()
                }).collect();
                return Reaction::Reply(FakeReply::text(
                    200,
                    "application/jsonl",
                    lines.join("\n") + "\n",
                ));
            }
            ("GET", "/files/file-err/content") => {
                let line = json!({"custom_id": seen.lock().unwrap()[2]["custom_id"], "response": null,
                    "error": {"code": "batch_expired", "message": "This request could not be executed before the completion window expired."}});
                return Reaction::Reply(FakeReply::text(
                    200,
                    "application/jsonl",
                    line.to_string(),
                ));
            }
            _ => json!({"data": []}),
        };
        Reaction::Reply(FakeReply::json(200, &reply))
    });
    let notes = Arc::new(Notes::default());
    let model = open_at(&server, "openai-responses:gpt-4.1", &notes);
    let answers = ask(&*model, (0..3).map(question).collect());
    // The provider gives answers back in whatever order; the third request's time ran out.
    let answered: Vec<usize> = (0..3)
        .filter(|number| {
            let outcome = &answers[&(*number as u64)].outcome;
            match outcome {
                Outcome::Answered(_) => answer_of(outcome) == format!("answer {number}"),
                Outcome::Failed { kind, .. } => *kind != FailureKind::Timeout,
                Outcome::Refused { .. } => false,
            }
        })
        .collect();
    assert_eq!(answered, [0, 1], "{answers:?}");
}

#[test]
fn google_batches_carry_their_requests() {
    let handed_in = Arc::new(Mutex::new(Vec::<Value>::new()));
    let seen = Arc::clone(&handed_in);
    let server = FakeServer::start(move |request: &FakeRequest| {
        let path = request.path.trim_start_matches("/base");
        let reply = match path {
            "/models/gemini-2.5-flash:batchGenerateContent" => {
                let body = request.json();
                let requests = body.pointer("/batch/input_config/requests/requests").unwrap();
                *seen.lock().unwrap() = requests.as_array().unwrap().clone();
                json!({"name": "batches/7", "metadata": {"state": "BATCH_STATE_PENDING"}})
            }
            "/batches/7" => {
                let answers: Vec<Value> = seen
                    .lock()
                    .unwrap()
                    .iter()
                    .map(|one| {
                        let text =
                            one["request"]["contents"][0]["parts"][0]["text"].as_str().unwrap();
                        let text = text.replace("question", "answer");
                        json!({"metadata": one["metadata"], "response": {"candidates": [
                        {"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}]}})
                    })
                    .collect();
                json!({"name": "batches/7", "metadata": {"state": "BATCH_STATE_SUCCEEDED"}, "done": true,
                    "response": {"inlinedResponses": {"inlinedResponses": answers}}})
            }
            _ => json!({"models": []}),
        };
        Reaction::Reply(FakeReply::json(200, &reply))
    });
    let model = open_at(&server, "google:gemini-2.5-flash", &Arc::new(Notes::default()));
    let answers = ask(&*model, (0..5).map(question).collect());
    for (number, finished) in &answers {
        assert_eq!(answer_of(&finished.outcome), format!("answer {number}"));
    }
    assert_eq!(handed_in.lock().unwrap().len(), 5);
}

#[test]
fn a_refused_batch_fails_with_the_reason() {
    let server = FakeServer::start(|request: &FakeRequest| {
        let status = if request.method == "POST" { 400 } else { 200 };
        Reaction::Reply(FakeReply::json(
            status,
            &json!({"error": {"message": "no batches for you"}}),
        ))
    });
    let model = open_at(&server, "anthropic:claude-sonnet-4", &Arc::new(Notes::default()));
    let answers = ask(&*model, vec![question(0), question(1)]);
    for finished in answers.values() {
        let Outcome::Failed { message, .. } = &finished.outcome else { panic!("{finished:?}") };
        assert!(message.contains("no batches for you"), "{message}");
    }
}
