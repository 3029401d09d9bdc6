//! Getting data files and reading them: local folders, hubs, addresses and Python packages; hashes; a size-capped
//! cache; readers for JSON Lines, JSON, CSV, Parquet and archives.
//!
//! This crate does not know what the rows mean: that is the scenarios' business. Everything it reads comes from outside
//! and is distrusted: a damaged or hostile file gives an error, never a panic, and never a write outside the cache.

mod archive;
mod columns;
mod deliver;
mod download;
mod environment;
mod error;
mod hash;
mod http;
mod hub;
mod library;
mod lock;
mod package;
mod progress;
mod reduce;
mod settings;
mod sizes;
mod source;
mod split;

pub mod cache;
pub mod read;

pub use archive::Limits;
pub use environment::library_from_environment;
pub use error::DataError;
pub use library::Library;
pub use lock::Lock;
pub use progress::{Progress, Silent};
pub use reduce::{ChooseRows, Keeper, NewKeeper, Reduction, Rewrite, Work};
pub use settings::{DEFAULT_HUB, DEFAULT_MAX_CACHE_BYTES, Hub, Network, Token};
pub use source::{Availability, DataFile, Location, PARQUET_BRANCH};
