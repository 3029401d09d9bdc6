//! Validating a user's scenario file without running anything.

use std::path::Path;

use holometer_core::{Instance, RunSpec, Split};
use holometer_data::{DataError, Location};

use crate::arguments::resolve_args;
use crate::arrange::arrange;
use crate::catalogue::{declared, file_stem, rust_reader, user_source};
use crate::draft::draft;
use crate::error::{Problem, ScenarioError};
use crate::files::{self, OpenFile};
use crate::loader;
use crate::scope;
use crate::source::Source;

/// How many rows of each file are tried.
const ROWS_TRIED: usize = 20;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The faults, in order of their places; none when the file is fine.
    pub problems: Vec<Problem>,
    /// The instances made from the first rows of each of the file's own data files.
    pub examples: Vec<Instance>,
    /// The run spec for the parameters' defaults (or first values).
    pub draft: Option<RunSpec>,
}

/// Checks a scenario file's text: the TOML, every template, and the first rows of the data files that it names by
/// `path` (relative to the folder of `path`). Nothing is downloaded.
pub fn check(text: &str, path: &Path) -> Checked {
    let source = user_source(text.to_owned(), path);
    let name = file_stem(path);
    let loaded = match loader::load(&source, &name) {
        Ok(loaded) => loaded,
        Err(problems) => return Checked { problems, ..Checked::default() },
    };
    let in_rust = rust_reader(&name).is_some();
    let problems = loader::faults(&loaded, &source, in_rust);
    if !problems.is_empty() {
        return Checked { problems, ..Checked::default() };
    }
    let mut checked = Checked::default();
    if let Err(error) = try_out(&source, &loaded, &mut checked) {
        checked.problems.extend(problems_of(&source, error));
    }
    checked
}

fn try_out(
    source: &Source,
    loaded: &loader::Loaded,
    checked: &mut Checked,
) -> Result<(), ScenarioError> {
    let args = resolve_args(&loaded.card, &loader::example_args(&loaded.card))?;
    let in_file = |error| source.template_error(&error);
    let name = loaded.card.name.as_str();
    checked.draft = Some(draft(name, &loaded.definition, &args).map_err(in_file)?);
    let scope = scope::of_arguments(&loaded.definition, &args);
    let needed = files::needed(&loaded.definition, source, &scope).map_err(in_file)?;
    let count = needed.len();
    let mut opened: Vec<OpenFile> = Vec::new();
    for needed in needed {
        if let Some(Location::Path(path)) = needed.file.locations.first() {
            if !path.exists() {
                let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
                return Err(DataError::Read { path: path.clone(), source: missing }.into());
            }
            opened.push(needed.clone().at(path.clone()));
        }
    }
    let instances = declared(source, loaded, &opened, &scope, ROWS_TRIED)?;
    checked.examples = arrange(&loaded.definition.arrange, &scope, instances).map_err(in_file)?;
    let Some(first) = opened.first().filter(|_| opened.len() == count) else { return Ok(()) };
    if checked.examples.iter().any(is_evaluated) {
        return Ok(());
    }
    let all = declared(source, loaded, &opened, &scope, usize::MAX)?;
    let all = arrange(&loaded.definition.arrange, &scope, all).map_err(in_file)?;
    if all.iter().any(is_evaluated) {
        return Ok(());
    }
    let (message, hint) = if all.is_empty() {
        (
            "no row becomes a question",
            "check that it has rows, and that `when` lets some of them through",
        )
    } else {
        (
            "all of its questions are examples (split `train`), and none is asked",
            "give a file of `split = \"test\"` as well, or divide the rows with `[[arrange]]`",
        )
    };
    Err(ScenarioError::Content {
        scenario: name.to_owned(),
        file: first.name(),
        message: message.to_owned(),
        hint: hint.to_owned(),
    })
}

fn is_evaluated(instance: &Instance) -> bool {
    instance.split != Split::Train
}

/// An error as problems with places; errors about data are placed at `[data]`.
fn problems_of(source: &Source, error: ScenarioError) -> Vec<Problem> {
    match error {
        ScenarioError::Definition { problems, .. } => problems,
        ScenarioError::Row { problem, row, data, .. } => {
            vec![Problem {
                message: format!("{} (row {row} of `{data}`)", problem.message),
                ..problem
            }]
        }
        other => {
            let text = other.to_string();
            let (message, hint) = text.split_once("\nhint: ").unwrap_or((text.as_str(), ""));
            let place = source.text.find("[data]").or_else(|| source.text.find("[[data.files]]"));
            vec![source.problem(place.unwrap_or(0), 0, message, hint)]
        }
    }
}
