//! All scenarios: the built-in ones and the user's own files.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use holometer_core::card::ScenarioCard;
use holometer_core::instance::number_instances;
use holometer_core::{Args, Instance, RunSpec, ScenarioCatalogue, ScenarioSpec};
use holometer_data::{Availability, DataFile, Library, Progress};

use crate::arguments::{nearest, resolve_args};
use crate::arrange::arrange;
use crate::build::Builder;
use crate::builtin;
use crate::defs::DEFS;
use crate::draft::draft;
use crate::error::{ArgError, Problem, ScenarioError};
use crate::files;
use crate::known::known_helm_scenarios;
use crate::loader::{self, Loaded};
use crate::material::{Builtin, Material};
use crate::scope;
use crate::source::Source;

/// Every scenario that can be run. Built-in scenario files are read when they are first asked for.
#[derive(Debug)]
pub struct Catalogue {
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    source: Source,
    loaded: OnceLock<Result<Loaded, Vec<Problem>>>,
}

impl Catalogue {
    /// The scenarios that come with the product.
    pub fn builtin() -> Self {
        let entries = DEFS
            .iter()
            .map(|(name, text)| {
                let source = Source {
                    shown: format!("defs/{name}.toml"),
                    text: Cow::Borrowed(*text),
                    folder: None,
                };
                ((*name).to_owned(), Entry { source, loaded: OnceLock::new() })
            })
            .collect();
        Self { entries }
    }

    /// Adds a user's scenario file and returns the scenario's name.
    ///
    /// # Errors
    /// The file can't be read, is faulty, or its name is taken.
    pub fn add_file(&mut self, path: &Path) -> Result<String, ScenarioError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ScenarioError::Unreadable { path: path.to_owned(), source })?;
        let source = user_source(text, path);
        let name = file_stem(path);
        let loaded = loader::load(&source, &name).map_err(|faults| source.faulty(faults))?;
        let faults = loader::faults(&loaded, &source, false);
        if !faults.is_empty() {
            return Err(source.faulty(faults));
        }
        let name = loaded.card.name.0.clone();
        if self.entries.contains_key(&name) {
            return Err(ScenarioError::Taken { path: path.to_owned(), name });
        }
        self.entries.insert(name.clone(), Entry { source, loaded: OnceLock::from(Ok(loaded)) });
        Ok(name)
    }

    /// Fills in defaults and checks every value against the documented ones.
    ///
    /// # Errors
    /// The scenario is unknown, or an argument does not fit.
    pub fn resolve_args(&self, name: &str, args: &Args) -> Result<Args, ScenarioError> {
        let (_, loaded) = self.loaded(name)?;
        Ok(resolve_args(&loaded.card, args)?)
    }

    /// The data files that a run needs, in reading order; none for scenarios that make their own data.
    ///
    /// # Errors
    /// The scenario is unknown, an argument does not fit, or the scenario file is faulty.
    pub fn files(&self, spec: &ScenarioSpec) -> Result<Vec<DataFile>, ScenarioError> {
        let (source, loaded, args) = self.resolved(spec)?;
        let scope = scope::of_arguments(&loaded.definition, &args);
        let needed = files::needed(&loaded.definition, source, &scope)
            .map_err(|error| source.template_error(&error))?;
        let offered =
            |needed: &files::NeededFile| !(needed.optional && needed.file.locations.is_empty());
        Ok(needed.into_iter().filter(offered).map(|needed| needed.file).collect())
    }

    /// The data files that a run reads with what this library has: as [`Self::files`], without those that are passed over
    /// because only other parts of the dataset lie in a data folder, and each download once, however many of its members
    /// are read.
    ///
    /// # Errors
    /// As [`Self::files`].
    pub fn wanted_files(
        &self,
        spec: &ScenarioSpec,
        library: &Library,
    ) -> Result<Vec<DataFile>, ScenarioError> {
        let (source, loaded, args) = self.resolved(spec)?;
        let scope = scope::of_arguments(&loaded.definition, &args);
        let needed = files::needed(&loaded.definition, source, &scope)
            .map_err(|error| source.template_error(&error))?;
        let mut wanted: Vec<DataFile> = Vec::new();
        for file in files::wanted(needed, library) {
            let is_same =
                |known: &DataFile| !file.locations.is_empty() && known.locations == file.locations;
            let is_local = matches!(library.locate(&file), Availability::Local(_));
            if is_local || !wanted.iter().any(is_same) {
                wanted.push(file);
            }
        }
        Ok(wanted)
    }

    /// All instances of a scenario, in HELM's order, numbered before any sampling.
    ///
    /// # Errors
    /// The scenario is unknown, an argument does not fit, a data file can't be had, or a row is not as expected.
    pub fn instances(
        &self,
        spec: &ScenarioSpec,
        library: &Library,
        progress: &dyn Progress,
    ) -> Result<Vec<Instance>, ScenarioError> {
        let (source, loaded, args) = self.resolved(spec)?;
        let definition = &loaded.definition;
        let scope = scope::of_arguments(definition, &args);
        let in_file = |error| source.template_error(&error);
        let needed = files::needed(definition, source, &scope).map_err(in_file)?;
        let opened = files::open(&needed, library, progress)?;
        let instances = match rust_reader(loaded.card.name.as_str()) {
            Some(reader) if definition.instance.is_none() => {
                let scenario = loaded.card.name.as_str();
                (reader.instances)(&Material { scenario, args: &args, files: &opened })?
            }
            _ => declared(source, loaded, &opened, &scope, usize::MAX)?,
        };
        let mut instances = arrange(&definition.arrange, &scope, instances).map_err(in_file)?;
        number_instances(&mut instances);
        Ok(instances)
    }

    fn resolved(&self, spec: &ScenarioSpec) -> Result<(&Source, &Loaded, Args), ScenarioError> {
        let (source, loaded) = self.loaded(spec.name.as_str())?;
        let args = resolve_args(&loaded.card, &spec.args)?;
        Ok((source, loaded, args))
    }

    fn loaded(&self, name: &str) -> Result<(&Source, &Loaded), ScenarioError> {
        let entry = self.entries.get(name).ok_or_else(|| self.unknown(name))?;
        match entry.load(name) {
            Ok(loaded) => Ok((&entry.source, loaded)),
            Err(problems) => Err(entry.source.faulty(problems.clone())),
        }
    }

    fn unknown(&self, name: &str) -> ScenarioError {
        if let Some((_, reason)) = known_helm_scenarios().iter().find(|(known, _)| *known == name) {
            let hint = format!("HELM has it, but it is not here: {reason}");
            return ScenarioError::Unknown { name: name.to_owned(), hint };
        }
        let near = nearest(name, self.entries.keys().map(String::as_str));
        let hint = if near.is_empty() {
            "`holometer list scenarios` shows what there is".to_owned()
        } else {
            let quoted: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
            format!("did you mean {}?", quoted.join(" or "))
        };
        ScenarioError::Unknown { name: name.to_owned(), hint }
    }
}

impl Entry {
    fn load(&self, name: &str) -> Result<&Loaded, &Vec<Problem>> {
        self.loaded.get_or_init(|| loader::load(&self.source, name)).as_ref()
    }
}

impl ScenarioCatalogue for Catalogue {
    fn names(&self) -> Vec<String> {
        self.entries.keys().cloned().collect()
    }

    fn card(&self, name: &str) -> Option<&ScenarioCard> {
        self.loaded(name).ok().map(|(_, loaded)| &loaded.card)
    }

    fn draft(&self, name: &str, args: &Args) -> Result<RunSpec, String> {
        let (source, loaded) = self.loaded(name).map_err(|error| error.to_string())?;
        let args = resolve_args(&loaded.card, args).map_err(|error: ArgError| error.to_string())?;
        draft(name, &loaded.definition, &args)
            .map_err(|error| source.template_error(&error).to_string())
    }
}

/// The instances of a declarative scenario, at most so many rows per file.
pub(crate) fn declared(
    source: &Source,
    loaded: &Loaded,
    files: &[files::OpenFile],
    scope: &crate::template::Scope,
    most_rows: usize,
) -> Result<Vec<Instance>, ScenarioError> {
    let Some(definition) = &loaded.definition.instance else { return Ok(Vec::new()) };
    let builder = Builder::new(definition).map_err(|error| source.template_error(&error))?;
    let mut instances = Vec::new();
    let mut add =
        |rows: Vec<serde_json::Value>, name: &str, scope: &crate::template::Scope, split| {
            for (index, row) in rows.iter().take(most_rows).enumerate() {
                let built =
                    builder.build(row, scope, split).map_err(|error| ScenarioError::Row {
                        file: source.shown.clone(),
                        data: name.to_owned(),
                        row: index + 1,
                        problem: source.template_problem(&error, &columns_hint(row)),
                    })?;
                instances.extend(built);
            }
            Ok::<(), ScenarioError>(())
        };
    let mut files = files.iter().peekable();
    while let Some(file) = files.next() {
        let mut rows = file.rows()?;
        while let Some(joined) = files.next_if(|file| file.is_joined()) {
            rows = join(loaded, rows, joined)?;
        }
        add(rows, &file.name(), &file.scope, file.split)?;
    }
    let rows = loaded.definition.data.rows.iter();
    let rows = rows.map(|row| serde_json::to_value(row).unwrap_or_default()).collect();
    add(rows, "data.rows", scope, holometer_core::Split::Test)?;
    Ok(instances)
}

/// Puts each row of a joined file into the row with its number, under the file's role: its one column's value, else the
/// whole row.
fn join(
    loaded: &Loaded,
    rows: Vec<serde_json::Value>,
    joined: &files::OpenFile,
) -> Result<Vec<serde_json::Value>, ScenarioError> {
    let others = joined.rows()?;
    if others.len() != rows.len() {
        return Err(ScenarioError::Content {
            scenario: loaded.card.name.0.clone(),
            file: joined.name(),
            message: format!("it has {} rows for {}", others.len(), rows.len()),
            hint: "the two files must come from the same copy of the dataset".into(),
        });
    }
    let merged = rows.into_iter().zip(others).map(|(mut row, other)| {
        let value = match &other {
            serde_json::Value::Object(columns) if columns.len() == 1 => {
                columns.values().next().cloned().unwrap_or_default()
            }
            _ => other,
        };
        if let Some(columns) = row.as_object_mut() {
            columns.insert(joined.role.clone(), value);
        }
        row
    });
    Ok(merged.collect())
}

fn columns_hint(row: &serde_json::Value) -> String {
    let names = row.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    // All cells of a row of a table stand under this name as well.
    let names: Vec<&str> = names.filter(|name| *name != "cells").collect();
    format!("the row has {}", if names.is_empty() { "no columns".into() } else { names.join(", ") })
}

/// The Rust reader of a scenario, if it has one.
pub(crate) fn rust_reader(name: &str) -> Option<Builtin> {
    builtin::all().into_iter().find(|builtin| builtin.name == name)
}

/// A user's file.
pub(crate) fn user_source(text: String, path: &Path) -> Source {
    Source {
        shown: path.display().to_string(),
        text: Cow::Owned(text),
        folder: Some(path.parent().unwrap_or(Path::new("")).to_owned()),
    }
}

/// A file's name without folder and extension.
pub(crate) fn file_stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
