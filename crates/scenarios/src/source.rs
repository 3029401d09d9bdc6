//! A scenario file's text, and turning byte offsets in it into lines and columns.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::error::{Problem, ScenarioError};
use crate::template::TemplateError;

/// A scenario file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// What messages call it.
    pub(crate) shown: String,
    /// Its text.
    pub(crate) text: Cow<'static, str>,
    /// The folder that relative paths start from; none for built-in scenarios.
    pub(crate) folder: Option<PathBuf>,
}

impl Source {
    /// A fault at a byte offset, with lines to go down from there.
    pub(crate) fn problem(
        &self,
        offset: usize,
        lines_below: usize,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Problem {
        let offset = offset.min(self.text.len());
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let rest = self.text.get(offset..).unwrap_or_default();
        let opens_with_line_end = ["\"\"\"\n", "'''\n", "\"\"\"\r\n", "'''\r\n"]
            .iter()
            .any(|opening| rest.starts_with(opening));
        let down = lines_below + usize::from(opens_with_line_end);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = if down == 0 { before[line_start..].chars().count() + 1 } else { 1 };
        Problem {
            line: before.matches('\n').count() + 1 + down,
            column,
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// The place of a failed template.
    pub(crate) fn template_problem(&self, error: &TemplateError, hint: &str) -> Problem {
        self.problem(error.offset, error.line, error.message.clone(), hint)
    }

    /// A failed template as an error of the whole file.
    pub(crate) fn template_error(&self, error: &TemplateError) -> ScenarioError {
        self.faulty(vec![self.template_problem(error, "see the guide to the scenario format")])
    }

    /// Faults of this file as an error.
    pub(crate) fn faulty(&self, problems: Vec<Problem>) -> ScenarioError {
        ScenarioError::Definition { file: self.shown.clone(), problems }
    }
}
