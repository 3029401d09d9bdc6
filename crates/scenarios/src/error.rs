//! What can go wrong with scenarios.

use std::fmt;
use std::path::PathBuf;

use holometer_data::DataError;

/// A fault in a scenario file, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do; may be empty.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)?;
        if !self.hint.is_empty() {
            write!(f, "\nhint: {}", self.hint)?;
        }
        Ok(())
    }
}

/// A scenario can't be found, read or turned into instances.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// There is no scenario of that name.
    #[error("unknown scenario `{name}`\nhint: {hint}")]
    Unknown {
        /// The name.
        name: String,
        /// The nearest names, or why it is not here.
        hint: String,
    },
    /// A scenario file is faulty.
    #[error("{}", listed(file, problems))]
    Definition {
        /// The file.
        file: String,
        /// Its faults, in order.
        problems: Vec<Problem>,
    },
    /// A template fails on a row of the data.
    #[error("{file}:{problem}\nwhile reading row {row} of `{data}`")]
    Row {
        /// The scenario file.
        file: String,
        /// The data file.
        data: String,
        /// The row, from 1.
        row: usize,
        /// The fault.
        problem: Problem,
    },
    /// An argument is missing, unknown or has a value that is not documented.
    #[error(transparent)]
    Arguments(#[from] ArgError),
    /// A data file can't be fetched or read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A data file does not hold what the scenario expects.
    #[error("`{file}` is not as scenario `{scenario}` expects it: {message}\nhint: {hint}")]
    Content {
        /// The scenario.
        scenario: String,
        /// The data file.
        file: String,
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A scenario file can't be read.
    #[error("can't read the scenario file `{path}`: {source}\nhint: give the path of a TOML file")]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// There is already a scenario of that name.
    #[error(
        "`{path}` defines the scenario `{name}`, which is already taken\nhint: change its `name`"
    )]
    Taken {
        /// The path.
        path: PathBuf,
        /// The name.
        name: String,
    },
}

fn listed(file: &str, problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{file}:{problem}")).collect::<Vec<_>>().join("\n")
}

/// An argument of a run entry does not fit its scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgError {
    /// There is no such parameter.
    #[error("scenario `{scenario}` has no parameter `{name}`\nhint: {hint}")]
    UnknownParameter {
        /// The scenario.
        scenario: String,
        /// The parameter.
        name: String,
        /// The parameters it has, the nearest first.
        hint: String,
    },
    /// A value is not one of the documented ones.
    #[error("`{value}` is no value of `{name}` in scenario `{scenario}`\nhint: {hint}")]
    UnknownValue {
        /// The scenario.
        scenario: String,
        /// The parameter.
        name: String,
        /// The value.
        value: String,
        /// The nearest values.
        hint: String,
    },
    /// A parameter without default is not given.
    #[error("scenario `{scenario}` needs `{name}`\nhint: {hint}")]
    Missing {
        /// The scenario.
        scenario: String,
        /// The parameter.
        name: String,
        /// What it can be.
        hint: String,
    },
}
