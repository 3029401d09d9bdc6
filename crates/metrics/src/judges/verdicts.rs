//! A question to judges, and what they said.

use holometer_core::{
    Decoding, Finding, Findings, Inquiry, ModelName, Outcome, Prompt, Request, Respondent,
};

/// A question about one answer.
pub(crate) struct Question {
    /// What the judge reads.
    pub(crate) prompt: String,
    /// How much the judge may write.
    pub(crate) max_tokens: usize,
    /// Reads the verdict; `None`: it can't be read.
    pub(crate) read: fn(&str) -> Option<f64>,
}

/// What the judges said, in the order in which they were named.
#[derive(Debug, PartialEq)]
pub(crate) struct Verdicts(Vec<(ModelName, Result<f64, String>)>);

impl Question {
    /// The question for judges; greedy, one answer.
    pub(crate) fn inquiry(&self) -> Inquiry {
        let decoding = Decoding { max_tokens: self.max_tokens, ..Decoding::default() };
        let request = Request::Generate { prompt: Prompt::Text(self.prompt.clone()), decoding };
        Inquiry { to: Respondent::Judge, request }
    }

    /// What came of it.
    pub(crate) fn look_up(&self, findings: &dyn Findings) -> Verdicts {
        let verdict = |finding: &Finding<'_>| (finding.by.clone(), self.verdict(finding.outcome));
        Verdicts(findings.about(&self.inquiry()).iter().map(verdict).collect())
    }

    fn verdict(&self, outcome: &Outcome) -> Result<f64, String> {
        match outcome {
            Outcome::Answered(response) => {
                let text = response.completions.first().map(|completion| completion.text.as_str());
                let verdict = text.and_then(self.read);
                verdict.ok_or_else(|| "the judge's verdict can't be read".to_owned())
            }
            Outcome::Refused { .. } => Err("the judge refused".to_owned()),
            Outcome::Failed { .. } => Err("the request to the judge failed".to_owned()),
        }
    }
}

impl Verdicts {
    /// Each judge's verdict.
    pub(crate) fn each(&self) -> &[(ModelName, Result<f64, String>)] {
        &self.0
    }

    /// The mean of the verdicts that can be read; the error is why there is none.
    pub(crate) fn mean(&self) -> Result<f64, String> {
        let read: Vec<f64> =
            self.0.iter().filter_map(|(_, verdict)| verdict.clone().ok()).collect();
        if !read.is_empty() {
            return Ok(read.iter().sum::<f64>() / read.len() as f64);
        }
        match self.0.first() {
            None => Err("no judge was asked".to_owned()),
            Some((_, verdict)) if self.0.len() == 1 => {
                Err(verdict.clone().err().unwrap_or_default())
            }
            Some(_) => Err("no judge's verdict can be read".to_owned()),
        }
    }
}
