//! What a scenario written in Rust is given.

use holometer_core::{Args, Instance};
use serde_json::Value;

use crate::error::ScenarioError;
use crate::files::OpenFile;

/// A scenario whose instances are made in Rust, because the format can't express them. Everything else about it (card,
/// parameters, files, adapter, metrics, what is done to all instances) is in its scenario file, as for all others.
#[derive(Clone, Copy)]
pub(crate) struct Builtin {
    /// The scenario's name, which is also its file's.
    pub(crate) name: &'static str,
    /// Makes the instances, in order, without ids.
    pub(crate) instances: fn(&Material<'_>) -> Result<Vec<Instance>, ScenarioError>,
}

/// What the instances are made from.
pub(crate) struct Material<'a> {
    /// The scenario's name, for messages.
    pub(crate) scenario: &'a str,
    /// Its resolved arguments.
    pub(crate) args: &'a Args,
    /// Its files, in the order of the scenario file.
    pub(crate) files: &'a [OpenFile],
}

impl Material<'_> {
    /// An argument as text; empty if the scenario has no such parameter.
    pub(crate) fn argument(&self, name: &str) -> String {
        self.args.text(name).unwrap_or_default()
    }

    /// The files of a role.
    pub(crate) fn role<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a OpenFile> {
        self.files.iter().filter(move |file| file.role == role)
    }

    /// The error for a file that is not as expected.
    pub(crate) fn unexpected(&self, file: &OpenFile, message: impl Into<String>) -> ScenarioError {
        ScenarioError::Content {
            scenario: self.scenario.to_owned(),
            file: file.name(),
            message: message.into(),
            hint: "check that the file is this dataset's, in the version that the scenario names"
                .into(),
        }
    }

    /// A text column of a row.
    pub(crate) fn text<'r>(
        &self,
        file: &OpenFile,
        row: &'r Value,
        column: &str,
    ) -> Result<&'r str, ScenarioError> {
        row.get(column)
            .and_then(Value::as_str)
            .ok_or_else(|| self.unexpected(file, format!("a row has no text `{column}`")))
    }
}
