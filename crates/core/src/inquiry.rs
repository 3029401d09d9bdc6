//! Inquiries: what a metric must ask about an answer before it can score it. A judge model gives a verdict, an interpreter runs a
//! generated program. What comes back is recorded like any model's answer, so that scoring again asks nobody.

use crate::ids::ModelName;
use crate::outcome::Outcome;
use crate::request::Request;

/// Who answers an inquiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Respondent {
    /// Every judge that the user names.
    Judge,
    /// The Python interpreter, in the sandbox.
    Python,
}

/// A question about an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Inquiry {
    /// Who is asked.
    pub to: Respondent,
    /// What is asked.
    pub request: Request,
}

/// What somebody said to an inquiry.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// Who.
    pub by: &'a ModelName,
    /// What they said.
    pub outcome: &'a Outcome,
}

/// Looks up what came of inquiries.
pub trait Findings: Send + Sync {
    /// Everything that was said to an inquiry, in the order in which the respondents were named; empty if nobody was asked.
    fn about(&self, inquiry: &Inquiry) -> Vec<Finding<'_>>;
}

/// Nobody was asked anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFindings;

impl Findings for NoFindings {
    fn about(&self, _: &Inquiry) -> Vec<Finding<'_>> {
        Vec::new()
    }
}
