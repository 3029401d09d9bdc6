//! Scenarios: what is asked, where the questions come from, and how HELM asks them.
//!
//! A scenario is one TOML file in `defs/`, read by one loader: its card, its parameters with every value, its data files,
//! how a row becomes an instance, and the adapter, metrics and groups of its run specs. What the format can't express
//! (generated data, unusual layouts) is a Rust reader in `builtin/` beside the same TOML file. A user's own file goes
//! through the same loader.
//!
//! This crate knows nothing of models, prompts or scores.

mod adapter_defaults;
mod arguments;
mod arrange;
mod build;
mod builtin;
mod catalogue;
mod check;
mod definition;
mod defs;
mod draft;
mod error;
mod files;
mod html;
mod keep;
mod known;
mod label_references;
mod languages;
mod loader;
mod material;
mod metric_sets;
mod pandas;
mod python_literal;
mod python_methods;
mod scaffold;
#[cfg(test)]
mod schema;
mod scope;
mod source;
mod template;

pub use arguments::resolve_args;
pub use catalogue::Catalogue;
pub use check::{Checked, check};
pub use error::{ArgError, Problem, ScenarioError};
pub use known::known_helm_scenarios;
pub use scaffold::scaffold;

pub(crate) use material::Builtin;
