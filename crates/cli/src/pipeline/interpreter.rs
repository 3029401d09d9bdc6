//! The Python interpreter as a model: it is asked to run a program, and answers with the record of what happened.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use holometer_core::{
    Cancel, Capabilities, Finished, Model, ModelCard, ModelName, Request, RequestKey, Sink,
    Tokenizer, Window,
};
use holometer_metrics::code;
use holometer_sandbox::{Interpreter, Isolation, Policy, Sandbox};

use crate::args::InquiryArgs;

/// Runs programs in the sandbox.
pub(crate) struct InterpreterModel {
    card: ModelCard,
    sandbox: Sandbox,
    workers: usize,
}

impl InterpreterModel {
    /// Finds the interpreter and tries the sandbox.
    ///
    /// # Errors
    /// One sentence with a hint, when there is no interpreter, or programs can't be isolated and the user does not accept that.
    pub(crate) fn open(args: &InquiryArgs) -> Result<Self, String> {
        let interpreter = match &args.python {
            Some(path) => Interpreter::at(path),
            None => Interpreter::find(),
        };
        let policy = if args.allow_unsandboxed_code {
            Policy::AllowUnisolated
        } else {
            Policy::IsolatedOnly
        };
        let sandbox = interpreter
            .and_then(|interpreter| Sandbox::new(interpreter, policy))
            .map_err(|error| error.to_string())?;
        let interpreter = sandbox.interpreter();
        let how = match sandbox.isolation() {
            Isolation::None => "NOT isolated".to_owned(),
            isolation => format!("isolated by {}", isolation.as_str()),
        };
        let card = ModelCard {
            name: ModelName::new(interpreter.describe()),
            fingerprint: code::interpreter_fingerprint(interpreter),
            summary: format!(
                "{} at {}, {how}",
                interpreter.describe(),
                interpreter.executable.display()
            ),
            capabilities: Capabilities {
                generate: true,
                score_continuation: false,
                score_next_token: false,
                token_logprobs: false,
                chat: false,
                top_k: false,
            },
        };
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let workers = args.code_workers.map_or(processors, NonZeroUsize::get);
        Ok(Self { card, sandbox, workers })
    }
}

impl Model for InterpreterModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn tokenizer(&self) -> Option<Arc<dyn Tokenizer>> {
        None
    }

    fn window(&self) -> Window {
        Window {
            max_sequence_length: usize::MAX,
            max_request_length: usize::MAX,
            prefix_token: String::new(),
            end_of_text_token: String::new(),
            chat: false,
        }
    }

    /// Each worker takes the next program; programs don't see one another.
    fn answer(&self, requests: &[(RequestKey, Request)], cancel: &Cancel, sink: Sink<'_>) {
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some((key, request)) = requests.get(next.fetch_add(1, Ordering::SeqCst)) {
                if cancel.is_cancelled() {
                    return;
                }
                let started = Instant::now();
                let outcome = code::execute(&self.sandbox, request);
                let seconds = started.elapsed().as_secs_f64();
                sink(Finished { key: *key, outcome, seconds, retries: 0 });
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.workers.min(requests.len()) {
                scope.spawn(work);
            }
        });
    }
}
