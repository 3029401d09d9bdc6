//! HELM's files, in and out: run folders of any version since 0.2, and the files of a suite that `helm-summarize` makes and
//! HELM's web pages read.
//!
//! Formats and names are those of HELM 0.5.16. Fields that are None are left out, never null.

mod aggregate;
mod display;
mod error;
mod fields;
mod files;
mod find;
mod instance;
mod names;
mod read;
mod run;
mod schema;
mod spec;
mod stat;
mod state;
mod suite;
mod summarize;
mod table;
mod write;

pub use aggregate::{Worst, aggregate, instance_counts, stats_of_cells};
pub use error::{ExportError, ImportError};
pub use find::{FoundRun, find_runs};
pub use names::{fnv1a, folder_name};
pub use read::{read_run, read_run_with};
pub use run::{HelmRequest, HelmRun, ImportedRun, ScenarioText};
pub use stat::{RequestNumbers, Stat, StatName, UnitStats, unit_stats};
pub use suite::{Cost, GroupText, MetricText, Suite, SuiteRun, write_model_metadata, write_suite};
pub use write::write_run;
