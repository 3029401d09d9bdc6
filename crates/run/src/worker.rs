//! The thread on which one model answers.

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender};

use holometer_core::{Cancel, FailureKind, Finished, Model, Outcome, Request, RequestKey};

/// After so many panics a model is given up for this execution.
const MAX_PANICS: usize = 32;

/// What a model is given at once.
pub(crate) type Slice = Vec<(RequestKey, Request)>;

/// What a worker tells the desk. `model` is the model's index among those executed.
pub(crate) enum Message {
    /// A request is done.
    Finished { model: usize, finished: Finished },
    /// The model has begun its last slice: the next may come.
    Ready { model: usize },
    /// Something a person should know.
    Warning { code: &'static str, text: String },
    /// The worker ends; with the reason, if the model was given up.
    Ended { model: usize, broken: Option<String> },
}

/// Answers slices until there are no more, the wish to stop is expressed, or the model has to be given up.
pub(crate) fn work(
    index: usize,
    model: &dyn Model,
    slices: &Receiver<Slice>,
    cancel: &Cancel,
    desk: &SyncSender<Message>,
) {
    let mut panics = Panics::default();
    while let Ok(slice) = slices.recv() {
        if cancel.is_cancelled() {
            break;
        }
        // Asking for the next slice now hides the time it takes to read it.
        send(desk, Message::Ready { model: index });
        answer_all(index, model, slice, cancel, desk, &mut panics);
        if panics.too_many() {
            break;
        }
    }
    let broken = panics.too_many().then(|| {
        format!("it broke down {} times, the last time with `{}`", panics.count, panics.last)
    });
    send(desk, Message::Ended { model: index, broken });
}

#[derive(Default)]
struct Panics {
    count: usize,
    last: String,
}

impl Panics {
    fn too_many(&self) -> bool {
        self.count >= MAX_PANICS
    }
}

/// Answers a slice. When the model panics, what it had not answered is asked again in two halves, so that in the end
/// only the request that makes it panic is lost.
fn answer_all(
    index: usize,
    model: &dyn Model,
    slice: Slice,
    cancel: &Cancel,
    desk: &SyncSender<Message>,
    panics: &mut Panics,
) {
    let mut parts = vec![slice];
    while let Some(part) = parts.pop() {
        if cancel.is_cancelled() || panics.too_many() {
            return;
        }
        let (mut left, panic) = answer_once(index, model, part, cancel, desk);
        match panic {
            None if cancel.is_cancelled() => return,
            None => {
                for (key, _) in left {
                    let message = "the model gave no answer";
                    fail(index, key, FailureKind::Malformed, message.into(), desk);
                }
            }
            Some(text) => {
                panics.count += 1;
                panics.last.clone_from(&text);
                let text = format!("the model broke down: {text}");
                send(desk, Message::Warning { code: "model_panicked", text: text.clone() });
                if left.len() == 1 {
                    fail(index, left[0].0, FailureKind::Resources, text, desk);
                } else if left.len() > 1 {
                    parts.push(left.split_off(left.len() / 2));
                    parts.push(left);
                }
            }
        }
    }
}

/// Asks once; gives back what was not answered and the text of a panic.
fn answer_once(
    index: usize,
    model: &dyn Model,
    slice: Slice,
    cancel: &Cancel,
    desk: &SyncSender<Message>,
) -> (Slice, Option<String>) {
    let waiting: Mutex<HashSet<RequestKey>> =
        Mutex::new(slice.iter().map(|(key, _)| *key).collect());
    let sink = |finished: Finished| {
        let expected = lock(&waiting).remove(&finished.key);
        if expected {
            send(desk, Message::Finished { model: index, finished });
        } else {
            let text = "the model answered a request twice or one that was not asked; ignored";
            send(desk, Message::Warning { code: "unexpected_answer", text: text.into() });
        }
    };
    let result = catch_unwind(AssertUnwindSafe(|| model.answer(&slice, cancel, &sink)));
    let waiting = lock(&waiting);
    let left = slice.into_iter().filter(|(key, _)| waiting.contains(key)).collect();
    (left, result.err().map(|payload| panic_text(payload.as_ref())))
}

fn fail(
    index: usize,
    key: RequestKey,
    kind: FailureKind,
    message: String,
    desk: &SyncSender<Message>,
) {
    let outcome = Outcome::Failed { kind, message };
    let finished = Finished { key, outcome, seconds: 0.0, retries: 0 };
    send(desk, Message::Finished { model: index, finished });
}

/// The desk listens until every worker has ended, so a message can only be lost when the desk itself panicked.
fn send(desk: &SyncSender<Message>, message: Message) {
    if desk.send(message).is_err() {
        tracing::error!("an outcome came after the execution had ended");
    }
}

/// A model that panics within a call of the sink does not spoil the set: it holds plain keys.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}
