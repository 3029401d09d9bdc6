//! How far a request that takes one or several calls has come.

use std::time::{Duration, Instant};

use holometer_core::{Prompt, Request, Response};

/// A request that was begun.
#[derive(Debug)]
pub(crate) struct Progress {
    responses: Vec<Option<Response>>,
    failures: Vec<u32>,
    retries: u32,
    seconds: f64,
    first_held_back: Option<Instant>,
}

impl Progress {
    /// A request that takes so many calls, at least one.
    pub(crate) fn new(calls: usize) -> Self {
        let calls = calls.max(1);
        Self {
            responses: vec![None; calls],
            failures: vec![0; calls],
            retries: 0,
            seconds: 0.0,
            first_held_back: None,
        }
    }

    /// How many calls it takes.
    pub(crate) fn calls(&self) -> usize {
        self.responses.len()
    }

    /// Takes a call's response; gives the whole response when it is the last one.
    pub(crate) fn add(&mut self, call: usize, response: Response) -> Option<Response> {
        self.responses[call] = Some(response);
        if self.responses.iter().any(Option::is_none) {
            return None;
        }
        self.responses.drain(..).flatten().reduce(merged)
    }

    /// Counts a failed try of a call; gives how many there were.
    pub(crate) fn fail(&mut self, call: usize) -> u32 {
        self.failures[call] += 1;
        self.failures[call]
    }

    /// Counts another try; gives how many there were over all calls.
    pub(crate) fn retry(&mut self) -> u32 {
        self.retries += 1;
        self.retries
    }

    /// How long rate limits have held the request back.
    pub(crate) fn held_back(&mut self, now: Instant) -> Duration {
        let first = *self.first_held_back.get_or_insert(now);
        now.saturating_duration_since(first)
    }

    /// Notes how long a try took; the longest counts, because calls run side by side.
    pub(crate) fn note_seconds(&mut self, seconds: f64) {
        self.seconds = self.seconds.max(seconds);
    }

    /// How long the request took.
    pub(crate) fn seconds(&self) -> f64 {
        self.seconds
    }

    /// How many tries came before the last ones.
    pub(crate) fn retries(&self) -> u32 {
        self.retries
    }
}

/// Two calls' responses as one. The prompt was sent with each, and each was paid for.
fn merged(mut first: Response, second: Response) -> Response {
    first.completions.extend(second.completions);
    let sum = |a: Option<usize>, b: Option<usize>| Some(a? + b?);
    first.prompt_tokens = sum(first.prompt_tokens, second.prompt_tokens);
    first.completion_tokens = sum(first.completion_tokens, second.completion_tokens);
    first
}

/// A guess at the tokens that a request will use: four bytes each, as English has in most vocabularies.
pub(crate) fn estimated_tokens(request: &Request) -> u64 {
    const BYTES_PER_TOKEN: usize = 4;
    let (bytes, written) = match request {
        Request::Generate { prompt, decoding } => {
            let bytes = match prompt {
                Prompt::Text(text) => text.len(),
                Prompt::Chat(messages) => {
                    messages.iter().map(|message| message.content.len()).sum()
                }
            };
            (bytes, decoding.max_tokens)
        }
        Request::ScoreContinuation { context, continuation } => {
            (context.len() + continuation.len(), 1)
        }
    };
    (bytes / BYTES_PER_TOKEN + written) as u64
}

/// The tokens that a response used, where the server says.
pub(crate) fn used_tokens(response: &Response) -> Option<u64> {
    let prompt = response.prompt_tokens?;
    Some((prompt + response.completion_tokens.unwrap_or_default()) as u64)
}
