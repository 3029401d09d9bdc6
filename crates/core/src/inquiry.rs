//! Inquiries: what a metric must ask about an answer before it can score it. A judge model gives a verdict, an interpreter runs a
//! generated program. What comes back is recorded like any model's answer, so that scoring again asks nobody.

use std::collections::HashMap;

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
    /// A model on disk that gives texts numbers.
    Scorer(ScorerRole),
}

/// What a scorer on disk is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScorerRole {
    /// How toxic a text is: a classifier.
    Toxicity,
    /// How positive a text is: a classifier.
    Sentiment,
    /// Whether an answer declines to answer its question: a classifier or a guard model.
    Refusal,
    /// Whether an answer to its question is unsafe: a classifier or a guard model.
    Safety,
    /// How well a text speaks of the people in it: a classifier (Sheng and others 2019).
    Regard,
    /// Whether a text repeats a stereotype, and of whom: a classifier or a guard model.
    Stereotype,
    /// Whether a sentence follows from another: a classifier of pairs.
    Entailment,
    /// How well the tokens of two texts match: any encoder (BERTScore).
    Matching,
    /// How alike two texts are: an encoder trained for sentences.
    Similarity,
}

impl ScorerRole {
    /// Every role.
    pub const ALL: [Self; 9] = [
        Self::Toxicity,
        Self::Sentiment,
        Self::Refusal,
        Self::Safety,
        Self::Regard,
        Self::Stereotype,
        Self::Entailment,
        Self::Matching,
        Self::Similarity,
    ];

    /// Its name in flags and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Toxicity => "toxicity",
            Self::Sentiment => "sentiment",
            Self::Refusal => "refusal",
            Self::Safety => "safety",
            Self::Regard => "regard",
            Self::Stereotype => "stereotype",
            Self::Entailment => "entailment",
            Self::Matching => "bertscore",
            Self::Similarity => "similarity",
        }
    }

    /// The role of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
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

/// What was recorded about inquiries, by request.
#[derive(Clone, Debug, Default)]
pub struct RecordedFindings(HashMap<String, Vec<(ModelName, Outcome)>>);

impl RecordedFindings {
    /// Adds what a judge or the interpreter said. The same respondent's second word to the same inquiry is left out.
    pub fn add(&mut self, request: &Request, by: &ModelName, outcome: Outcome) {
        self.put(key(None, request), by, outcome);
    }

    /// Adds what a scorer of a role said. Scorers of several roles are asked the same about a text; their answers are kept apart.
    pub fn add_score(
        &mut self,
        role: ScorerRole,
        request: &Request,
        by: &ModelName,
        outcome: Outcome,
    ) {
        self.put(key(Some(role), request), by, outcome);
    }

    fn put(&mut self, key: String, by: &ModelName, outcome: Outcome) {
        let said = self.0.entry(key).or_default();
        if !said.iter().any(|(known, _)| known == by) {
            said.push((by.clone(), outcome));
        }
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Findings for RecordedFindings {
    fn about(&self, inquiry: &Inquiry) -> Vec<Finding<'_>> {
        let role = match inquiry.to {
            Respondent::Scorer(role) => Some(role),
            Respondent::Judge | Respondent::Python => None,
        };
        let said = self.0.get(&key(role, &inquiry.request)).map(Vec::as_slice).unwrap_or_default();
        said.iter().map(|(by, outcome)| Finding { by, outcome }).collect()
    }
}

/// A request, with the role that is asked, as a text; equal ones have equal texts.
fn key(role: Option<ScorerRole>, request: &Request) -> String {
    let request = serde_json::to_string(request).expect("requests are plain data");
    format!("{}{request}", role.map_or("", ScorerRole::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::Decoding;
    use crate::request::Prompt;

    #[test]
    fn scorers_of_two_roles_are_asked_the_same_and_answer_for_themselves() {
        let decoding = Decoding::default();
        let request = Request::Generate { prompt: Prompt::Text("a text".into()), decoding };
        let refused = |reason: &str| Outcome::Refused { reason: reason.into() };
        let mut findings = RecordedFindings::default();
        for role in [ScorerRole::Toxicity, ScorerRole::Sentiment] {
            findings.add_score(role, &request, &ModelName::new("m@1"), refused(role.as_str()));
        }
        let about = |to| {
            let inquiry = Inquiry { to, request: request.clone() };
            findings.about(&inquiry).iter().map(|one| one.outcome.clone()).collect::<Vec<_>>()
        };
        assert_eq!(about(Respondent::Scorer(ScorerRole::Toxicity)), [refused("toxicity")]);
        assert_eq!(about(Respondent::Scorer(ScorerRole::Sentiment)), [refused("sentiment")]);
        assert!(about(Respondent::Scorer(ScorerRole::Regard)).is_empty());
        assert!(about(Respondent::Judge).is_empty());
    }
}
