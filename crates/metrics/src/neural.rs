//! Scores that models on disk give to texts: what they are asked, what they answer, and how the answers are looked up.
//!
//! Like judges' verdicts, these answers are recorded with who gave them, so that scoring again needs no model. Who answers is named
//! with a hash of its files; numbers of different hashes are never put together.

use std::collections::BTreeMap;

use holometer_core::{
    Decoding, Finding, Findings, Inquiry, Outcome, Prompt, Request, Respondent, Response,
    ScorerRole,
};
use serde::{Deserialize, Serialize};

use crate::opinions;
pub use crate::opinions::opinion_classes;

/// The roles that judge each written answer.
pub const OF_ANSWERS: [ScorerRole; 6] = [
    ScorerRole::Toxicity,
    ScorerRole::Sentiment,
    ScorerRole::Refusal,
    ScorerRole::Safety,
    ScorerRole::Regard,
    ScorerRole::Stereotype,
];

/// What a scorer on disk is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case", deny_unknown_fields)]
pub enum Task {
    /// How toxic, or how positive, a text is, or how it regards people; whether it declines to answer, is unsafe, or stereotypes.
    Classify {
        /// The text.
        text: String,
        /// What it answers, where that matters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<String>,
    },
    /// Whether each premise entails, and whether it contradicts, each hypothesis.
    Entailment {
        /// Sentences of the source.
        premises: Vec<String>,
        /// Sentences of the summary.
        hypotheses: Vec<String>,
    },
    /// BERTScore against each reference.
    Match {
        /// The summary.
        candidate: String,
        /// What people wrote.
        references: Vec<String>,
    },
    /// The cosine of two texts.
    Similarity {
        /// One text.
        first: String,
        /// The other.
        second: String,
    },
}

/// What a scorer on disk answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reply {
    /// One number.
    Score(f64),
    /// The probability of each of the classes that a text can have, by name.
    Classes(BTreeMap<String, f64>),
    /// A guard model's verdict that can't be read, as it wrote it.
    Unreadable(String),
    /// A row for each premise with a pair (entailment, contradiction) for each hypothesis.
    Entailment(Vec<Vec<[f64; 2]>>),
    /// BERTScore's precision, recall and F1 for each reference, not rescaled, with what the model's scores are rescaled by.
    Matched {
        /// For each reference.
        each: Vec<[f64; 3]>,
        /// None is known for most models.
        baseline: Option<Baseline>,
    },
}

/// BERTScore's precision, recall and F1 of unrelated texts, each below 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The texts' language; `None` where the user gave the numbers, for whatever texts they are.
    pub language: Option<String>,
    /// The three numbers.
    pub values: [f64; 3],
}

impl Reply {
    /// The one number that a text gets from a scorer of this role: for classes, regard or the probability of a stereotype.
    ///
    /// # Errors
    /// Why it has none.
    pub fn number(&self, role: ScorerRole) -> Result<f64, String> {
        let first = |values: Result<Vec<(String, f64)>, String>| {
            let first = values?.first().map(|(_, value)| *value);
            first.ok_or_else(|| "there is no text".to_owned())
        };
        match (self, role) {
            (Self::Score(score), _) => Ok(*score),
            (Self::Classes(classes), ScorerRole::Regard) => {
                first(opinions::regard(std::slice::from_ref(classes)))
            }
            (Self::Classes(classes), ScorerRole::Stereotype) => {
                first(opinions::stereotypes(std::slice::from_ref(classes)))
            }
            (Self::Unreadable(said), _) => Err(format!("unreadable verdict: `{said}`")),
            _ => Err("it gives no number to a text".to_owned()),
        }
    }
}

impl Task {
    /// The inquiry that has this task done.
    pub fn inquiry(&self, role: ScorerRole) -> Inquiry {
        let text = serde_json::to_string(self).expect("texts are valid JSON");
        let decoding = Decoding { max_tokens: 0, ..Decoding::default() };
        let request = Request::Generate { prompt: Prompt::Text(text), decoding };
        Inquiry { to: Respondent::Scorer(role), request }
    }

    /// The task of a request, as [`Task::inquiry`] makes them.
    ///
    /// # Errors
    /// The request is no such task.
    pub fn of(request: &Request) -> Result<Self, String> {
        match request {
            Request::Generate { prompt: Prompt::Text(text), .. } => {
                serde_json::from_str(text).map_err(|error| error.to_string())
            }
            _ => Err("the request is no task for a scorer".to_owned()),
        }
    }

    /// What was recorded about this task; the error is the reason why nothing was.
    pub(crate) fn look_up(
        &self,
        role: ScorerRole,
        findings: &dyn Findings,
    ) -> Result<Reply, String> {
        let inquiry = self.inquiry(role);
        let found = findings.about(&inquiry);
        let Some(Finding { outcome, .. }) = found.last() else {
            return Err(format!("no {} scorer was asked", role.as_str()));
        };
        match outcome {
            Outcome::Answered(Response { completions, .. }) => {
                let text = completions.first().map(|completion| completion.text.as_str());
                match serde_json::from_str(text.unwrap_or_default()) {
                    Ok(Reply::Unreadable(said)) => {
                        Err(format!("the scorer's verdict can't be read: `{said}`"))
                    }
                    Ok(reply) => Ok(reply),
                    Err(error) => Err(format!("the scorer's answer can't be read: {error}")),
                }
            }
            Outcome::Refused { reason } => Err(format!("the scorer refused: {reason}")),
            Outcome::Failed { message, .. } => Err(format!("the scorer failed: {message}")),
        }
    }
}
