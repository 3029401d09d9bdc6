//! Files that list run entries: HELM's `.conf` and our `.toml`.

mod conf;
mod servers;
mod shipped;
mod toml_suite;

use holometer_core::RunEntry;
use serde::Serialize;

use crate::error::PlanError;
use crate::grammar::parse_entry;
use crate::position::{Position, Source};

pub use conf::read_conf;
pub use servers::{PriceEntry, ServerEntry};
pub use shipped::{ShippedSuite, shipped_suites};
pub use toml_suite::read_suite;

/// A run entry and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourcedEntry {
    /// The entry. A value `*` stands for every documented value.
    pub entry: RunEntry,
    /// From 1, the most important; `None`: always selected.
    pub priority: Option<u32>,
    /// Run groups to add to those of the scenario.
    pub groups: Vec<String>,
    /// Where it is written.
    pub position: Position,
    /// For each argument, in order, where it is written.
    pub argument_positions: Vec<Position>,
}

impl SourcedEntry {
    /// An entry given on the command line; its priority is 1, as in HELM.
    ///
    /// # Errors
    /// [`PlanError::Entry`] with the place within the text.
    pub fn from_flag(text: &str) -> Result<Self, PlanError> {
        let start = Source::new("--entry", text).position(0);
        Ok(Self { priority: Some(1), ..Self::from_text(text, &start)? })
    }

    /// An entry whose text begins at `start`.
    fn from_text(text: &str, start: &Position) -> Result<Self, PlanError> {
        let parsed = parse_entry(text).map_err(|error| PlanError::Entry {
            position: start.after(&text[..error.offset]),
            problem: error.problem,
        })?;
        let argument_positions =
            parsed.offsets.iter().map(|offset| start.after(&text[..*offset])).collect();
        Ok(Self {
            entry: parsed.entry,
            priority: None,
            groups: Vec::new(),
            position: start.clone(),
            argument_positions,
        })
    }

    /// Where an argument is written; the entry's own place for what was added from elsewhere.
    pub fn argument_position(&self, key: &str) -> &Position {
        let index = self.entry.args.0.iter().position(|(known, _)| known == key);
        index.and_then(|index| self.argument_positions.get(index)).unwrap_or(&self.position)
    }
}

/// What a suite file says.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SuiteFile {
    /// The suite's name.
    pub suite: Option<String>,
    /// Model specs, as with `-m`.
    pub models: Vec<String>,
    /// Servers that it describes.
    pub servers: Vec<ServerEntry>,
    /// Prices that it gives.
    pub prices: Vec<PriceEntry>,
    /// At most this many evaluated instances per run that sets no number of its own.
    pub max_instances: Option<usize>,
    /// How many draws of few-shot examples.
    pub trials: Option<usize>,
    /// The named set of perturbations for entries without one of their own.
    pub perturbations: Option<String>,
    /// The word list that tells whom texts mention: a name, or a file beside this one.
    pub lexicon: Option<String>,
    /// Models that score answers, as with `--scorer`: `ROLE=FOLDER`, or `ROLE=FILE.toml` for guards.
    pub scorers: Vec<String>,
    /// The entries, in order; lists are already multiplied out.
    pub entries: Vec<SourcedEntry>,
    /// What was read but means nothing, a sentence each.
    pub notes: Vec<String>,
}

/// Reads a file by its extension: `.toml` is a suite, `.conf`, `.hocon` and `.json` are HELM's format. `name` is shown in
/// messages; `text` is the file's content.
///
/// # Errors
/// The first problem, with its place and a hint.
pub fn read_file(name: &str, text: &str) -> Result<SuiteFile, PlanError> {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("toml") => read_suite(name, text),
        Some("conf" | "hocon" | "json") => read_conf(name, text),
        _ => Err(PlanError::UnknownFormat { name: name.to_owned() }),
    }
}
