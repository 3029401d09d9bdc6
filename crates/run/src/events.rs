//! What happens during an execution, as one type that feeds the terminal, the log and the web pages.

use holometer_core::{ModelName, Outcome};
use holometer_store::{Progress, RunId};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A run is about to be executed. One for each job, before anything is asked.
    Planned {
        /// The run.
        run: RunId,
        /// All its requests.
        requests: usize,
    },
    /// What of a run is already there. Follows [`Event::Planned`].
    Resumed {
        /// The run.
        run: RunId,
        /// Requests with an outcome that stands, from an earlier execution or another run.
        cached: usize,
        /// Requests to be asked now.
        pending: usize,
    },
    /// A model gets its first request.
    ModelStarted {
        /// The model.
        model: ModelName,
        /// The model's place in the order of the jobs, from 0.
        index: usize,
    },
    /// A request of a run is done. Requests that are equal are asked once and reported for each.
    RequestFinished {
        /// The run.
        run: RunId,
        /// How it ended.
        kind: OutcomeKind,
        /// Seconds that it took, as the model reports them; 0 for the repetitions of an equal request.
        seconds: f64,
        /// Tokens read, where the model counts them; 0 for repetitions.
        prompt_tokens: usize,
        /// Tokens written, where the model counts them; 0 for repetitions.
        completion_tokens: usize,
    },
    /// Something a person should know. The same code may come thousands of times: see [`WarningTally`].
    Warning {
        /// What kind of warning, in snake case.
        code: &'static str,
        /// What happened, in one sentence.
        text: String,
    },
    /// Outcomes are on disk.
    Flushed {
        /// How many.
        outcomes: usize,
    },
    /// Every request of a run is done.
    RunFinished {
        /// The run.
        run: RunId,
        /// How its requests ended.
        progress: Progress,
    },
    /// A model has no more to do, or was stopped.
    ModelFinished {
        /// The model.
        model: ModelName,
    },
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    /// Answered.
    Answered,
    /// Refused by the provider.
    Refused,
    /// Failed.
    Failed,
}

impl OutcomeKind {
    /// The kind of an outcome.
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Answered(_) => Self::Answered,
            Outcome::Refused { .. } => Self::Refused,
            Outcome::Failed { .. } => Self::Failed,
        }
    }
}

/// Counts warnings, so that each is shown once with its number.
#[derive(Clone, Debug, Default)]
pub struct WarningTally {
    kinds: Vec<Tallied>,
}

/// A kind of warning with how often it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tallied {
    /// What kind.
    pub code: &'static str,
    /// The first text.
    pub text: String,
    /// How often.
    pub count: usize,
}

impl WarningTally {
    /// Counts a warning and gives its number among those of its kind, from 1: show it when that is 1.
    pub fn add(&mut self, code: &'static str, text: &str) -> usize {
        if let Some(known) = self.kinds.iter_mut().find(|known| known.code == code) {
            known.count += 1;
            return known.count;
        }
        self.kinds.push(Tallied { code, text: text.to_owned(), count: 1 });
        1
    }

    /// The kinds in the order in which they first came.
    pub fn kinds(&self) -> &[Tallied] {
        &self.kinds
    }
}
