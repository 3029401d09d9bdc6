//! `test:echo` and `test:random`: models that need no weights, no network and no key, for trying a scenario's
//! plumbing.
//!
//! Both are deterministic functions of the request, can do everything (text, conversations, log-probabilities of
//! given text) and share one [tokenizer](tokenizer::TestTokenizer) and a window of [`WINDOW_TOKENS`] tokens. They know
//! nothing about scenarios.

mod echo;
mod random;
mod tokenizer;

use std::sync::Arc;

use holometer_core::{
    Cancel, Capabilities, Completion, Decoding, FailureKind, FinishReason, Finished, Model,
    ModelCard, ModelName, Outcome, Prompt, Request, RequestKey, Response, ScoredToken, Sink,
    TokenId, Tokenizer, Window,
};

pub use tokenizer::TestTokenizer;

use crate::cutting::cut_at_stop;

/// The window of the test models: prompt and answer together, in tokens of about three bytes.
pub const WINDOW_TOKENS: usize = 4096;

/// The test models' names and one line about each.
pub const TEST_MODELS: [(&str, &str); 2] = [
    (
        "test:echo",
        "repeats the last line of the prompt; every byte of given text has probability 1/256",
    ),
    (
        "test:random",
        "picks one of the listed choices, or words of the prompt, by a hash of the request",
    ),
];

/// What a test model does; everything around it is shared.
trait Behaviour: Send + Sync {
    /// The whole answer, before it is cut at stop sequences and `max_tokens`.
    fn write(&self, prompt: &str, decoding: &Decoding, completion: usize) -> String;

    /// The tokens with their log-probabilities and, for each, up to `top` alternatives.
    fn score(&self, context: &str, tokens: &[TokenId], top: usize) -> Vec<ScoredToken>;
}

/// A test model.
pub struct TestModel {
    card: ModelCard,
    behaviour: Box<dyn Behaviour>,
}

/// Opens a test model by what follows `test:`; `None` if there is none of that name.
pub fn open_test_model(name: &str) -> Option<TestModel> {
    let behaviour: Box<dyn Behaviour> = match name {
        "echo" => Box::new(echo::Echo),
        "random" => Box::new(random::Random),
        _ => return None,
    };
    let spec = format!("test:{name}");
    let about = TEST_MODELS.iter().find(|(known, _)| *known == spec)?.1;
    Some(TestModel {
        card: ModelCard {
            name: ModelName::new(spec.clone()),
            fingerprint: format!("{spec}/1"),
            summary: format!("test model: {about}"),
            capabilities: Capabilities::ALL,
        },
        behaviour,
    })
}

impl Model for TestModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn tokenizer(&self) -> Option<Arc<dyn Tokenizer>> {
        Some(Arc::new(TestTokenizer))
    }

    fn window(&self) -> Window {
        Window {
            max_sequence_length: WINDOW_TOKENS,
            max_request_length: WINDOW_TOKENS,
            prefix_token: tokenizer::END_OF_TEXT.into(),
            end_of_text_token: tokenizer::END_OF_TEXT.into(),
            chat: false,
        }
    }

    fn answer(&self, requests: &[(RequestKey, Request)], cancel: &Cancel, sink: Sink<'_>) {
        for (key, request) in requests {
            if cancel.is_cancelled() {
                return;
            }
            let outcome = self.outcome(request);
            sink(Finished { key: *key, outcome, seconds: 0.0, retries: 0 });
        }
    }
}

impl TestModel {
    fn outcome(&self, request: &Request) -> Outcome {
        match request {
            Request::Generate { prompt, decoding } => self.generate(&prompt_text(prompt), decoding),
            Request::ScoreContinuation { context, continuation } => {
                self.score(context, continuation)
            }
        }
    }

    fn generate(&self, prompt: &str, decoding: &Decoding) -> Outcome {
        let prompt_tokens = TestTokenizer.count(prompt);
        if prompt_tokens + decoding.max_tokens > WINDOW_TOKENS {
            return too_long(prompt_tokens + decoding.max_tokens);
        }
        let completions: Vec<Completion> = (0..decoding.num_completions)
            .map(|index| self.completion(prompt, decoding, index))
            .collect();
        let completion_tokens = completions.iter().map(|completion| completion.tokens.len()).sum();
        answered(completions, prompt_tokens, completion_tokens)
    }

    fn completion(&self, prompt: &str, decoding: &Decoding, index: usize) -> Completion {
        let whole = self.behaviour.write(prompt, decoding, index);
        let (text, stopped) = match cut_at_stop(&whole, &decoding.stop_sequences) {
            Some(end) => (&whole[..end], true),
            None => (whole.as_str(), false),
        };
        let mut tokens = TestTokenizer.encode(text);
        let finish_reason = if tokens.len() > decoding.max_tokens {
            tokens.truncate(decoding.max_tokens);
            FinishReason::Length
        } else if stopped {
            FinishReason::Stop
        } else {
            FinishReason::EndOfText
        };
        Completion {
            text: TestTokenizer.decode(&tokens),
            tokens: self.behaviour.score(prompt, &tokens, decoding.top_k_per_token),
            finish_reason: Some(finish_reason),
            ..Completion::default()
        }
    }

    fn score(&self, context: &str, continuation: &str) -> Outcome {
        let whole = format!("{context}{continuation}");
        let tokens = TestTokenizer.encode(&whole);
        if tokens.len() > WINDOW_TOKENS {
            return too_long(tokens.len());
        }
        let first = tokenizer::first_token_reaching_past(&whole, context.len());
        let completion = Completion {
            text: continuation.to_owned(),
            tokens: self.behaviour.score(context, &tokens[first..], 0),
            ..Completion::default()
        };
        answered(vec![completion], tokens.len(), 0)
    }
}

/// A conversation as plain text: the messages, one per paragraph.
fn prompt_text(prompt: &Prompt) -> String {
    match prompt {
        Prompt::Text(text) => text.clone(),
        Prompt::Chat(messages) => {
            messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n\n")
        }
    }
}

fn answered(
    completions: Vec<Completion>,
    prompt_tokens: usize,
    completion_tokens: usize,
) -> Outcome {
    Outcome::Answered(Response {
        completions,
        prompt_tokens: Some(prompt_tokens),
        completion_tokens: Some(completion_tokens),
        ..Response::default()
    })
}

fn too_long(tokens: usize) -> Outcome {
    Outcome::failed(
        FailureKind::TooLong,
        format!("the request needs {tokens} tokens and the window has {WINDOW_TOKENS}"),
    )
}

#[cfg(test)]
mod tests;
