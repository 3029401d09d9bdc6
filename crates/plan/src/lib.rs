//! From what a user asks for to what will be run: run entries, HELM's configuration files, suite files, expanders, and
//! the plan's cells, each a run or the reason why there is none.
//!
//! ```text
//! text -parse_entry | read_conf | read_suite-> SourcedEntry -Selection-> resolve -> Cell { Ok(RunSpec) | Err(Skip) }
//! ```
//!
//! This crate reads no files (its callers hand it their text), knows scenarios only through
//! [`holometer_core::ScenarioCatalogue`] and models only by name. Counting requests, tokens and bytes is for those
//! who have the data and the tokenizers.

mod augmentations;
mod check;
mod counterfactual_sets;
mod error;
mod expanders;
mod format_texts;
mod grammar;
mod helm_config;
mod hocon;
mod models;
mod nearest;
mod plugin;
mod position;
mod resolve;
mod selection;
mod skip;
mod suite;

pub use augmentations::{AugmentationSet, augmentation_sets};
pub use error::PlanError;
pub use grammar::{EntryError, EntryProblem, ParsedEntry, parse_entry};
pub use helm_config::{HelmConfig, HelmDeployment};
pub use plugin::{ExpanderCard, SelectedModel, Tuning, expander_cards};
pub use position::Position;
pub use resolve::{Cell, resolve};
pub use selection::Selection;
pub use skip::{ArgumentProblem, Skip, SkipKind};
pub use suite::{
    PriceEntry, ServerEntry, ShippedSuite, SourcedEntry, SuiteFile, read_conf, read_file,
    read_suite, shipped_suites,
};

use plugin::Plugin;
