//! A program to run and the record of its execution, as texts.

use std::time::Duration;

use holometer_core::{
    Completion, Decoding, FailureKind, Finding, Findings, Inquiry, Outcome, Prompt, Request,
    Respondent, Response,
};
use holometer_sandbox::{Ending, Execution, Interpreter, Limits, Program, Sandbox};
use serde::{Deserialize, Serialize};

/// Changes when the same program could be recorded differently.
const FORMAT: u32 = 1;

/// How much of an output is kept: verdicts are on the last lines.
const KEPT_OUTPUT: usize = 64 << 10;
const KEPT_ERRORS: usize = 2 << 10;

/// A program with what it may use. Its JSON is the inquiry's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Task {
    /// The script.
    pub(crate) source: String,
    /// What it reads.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) stdin: String,
    /// Seconds on the clock.
    pub(crate) wall: f64,
    /// Seconds of processor time.
    pub(crate) processor: f64,
    /// Bytes of memory.
    pub(crate) memory: u64,
}

/// What came of a task. Its JSON is the answer's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// How it ended, in one word.
    pub(crate) ending: String,
    /// The exit code or the signal, where it ended by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<i32>,
    /// The end of its standard output.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) stdout: String,
    /// The end of its standard error.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) stderr: String,
}

impl Task {
    /// The inquiry that has this task done.
    pub(crate) fn inquiry(&self) -> Inquiry {
        let text = serde_json::to_string(self).expect("texts and finite numbers are valid JSON");
        let decoding = Decoding { max_tokens: 0, ..Decoding::default() };
        let request = Request::Generate { prompt: Prompt::Text(text), decoding };
        Inquiry { to: Respondent::Python, request }
    }

    /// What was recorded about this task; the error is the reason why nothing was.
    pub(crate) fn look_up(&self, findings: &dyn Findings) -> Result<Record, String> {
        let inquiry = self.inquiry();
        let found = findings.about(&inquiry);
        // Of several interpreters' records the last one's counts.
        let Some(Finding { outcome, .. }) = found.last() else {
            return Err("the program was not run".to_owned());
        };
        let text = match outcome {
            Outcome::Answered(Response { completions, .. }) => {
                completions.first().map(|completion| completion.text.as_str()).unwrap_or_default()
            }
            Outcome::Refused { reason } => {
                return Err(format!("the program was not run: {reason}"));
            }
            Outcome::Failed { message, .. } => {
                return Err(format!("the program could not be run: {message}"));
            }
        };
        serde_json::from_str(text)
            .map_err(|error| format!("the record of the program's execution is damaged: {error}"))
    }
}

impl Record {
    fn of(execution: &Execution) -> Self {
        let (ending, code) = match execution.ending {
            Ending::Exited(code) => ("exited", Some(code)),
            Ending::Killed(signal) => ("killed", Some(signal)),
            Ending::OutOfTime => ("out_of_time", None),
            Ending::OutOfProcessorTime => ("out_of_processor_time", None),
            Ending::OutOfMemory => ("out_of_memory", None),
            Ending::TooMuchOutput => ("too_much_output", None),
            Ending::OutOfDisk => ("out_of_disk", None),
        };
        Self {
            ending: ending.to_owned(),
            code,
            stdout: last(&execution.stdout, KEPT_OUTPUT),
            stderr: last(&execution.stderr, KEPT_ERRORS),
        }
    }

    /// Whether it ended by itself and without an error.
    pub(crate) fn succeeded(&self) -> bool {
        self.ending == "exited" && self.code == Some(0)
    }
}

/// The end of an output as text.
fn last(bytes: &[u8], keep: usize) -> String {
    String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(keep)..]).into_owned()
}

/// Has an inquiry's program run. Time is reported apart from the outcome, which is the same for the same program unless the program
/// itself is not.
pub fn execute(sandbox: &Sandbox, request: &Request) -> Outcome {
    let task: Task = match request.text().map(|text| serde_json::from_str(&text)) {
        Some(Ok(task)) => task,
        _ => return Outcome::failed(FailureKind::Unsupported, "the request is no program"),
    };
    let limits = Limits {
        wall: Duration::from_secs_f64(task.wall),
        cpu: Duration::from_secs_f64(task.processor),
        memory: task.memory,
        ..Limits::default()
    };
    let program = Program { source: task.source, stdin: task.stdin.into_bytes() };
    match sandbox.run(&program, &limits) {
        Err(error) => Outcome::failed(FailureKind::Resources, error.to_string()),
        Ok(execution) => {
            let text = serde_json::to_string(&Record::of(&execution))
                .expect("texts and whole numbers are valid JSON");
            let completions = vec![Completion { text, ..Completion::default() }];
            Outcome::Answered(Response { completions, ..Response::default() })
        }
    }
}

/// What identifies an interpreter: records of one are not those of another.
pub fn interpreter_fingerprint(interpreter: &Interpreter) -> String {
    format!("python:{}:{FORMAT}", interpreter.describe())
}
