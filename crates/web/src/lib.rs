//! The pages: where results are looked at, compared and shared. A local web server over the results database, the same pages
//! as files, and their plots.
//!
//! Pages are made on this side: HTML with a little script of our own, no build step, no remote file. Addresses are file
//! names, so that the server and the static site have the same pages under the same names.
//!
//! * **Nothing that a model or a data set says is trusted.** Every text is escaped when it is printed, invisible characters
//!   are shown, and the server's policy allows neither inline scripts nor other hosts.
//! * **Nothing is written**, except ratings when the user allows them.
//! * **A page costs what it shows**, not what the database holds: lists are walked in bounded steps, and what must be computed
//!   from all of a run is made in the background while the page says so.
//!
//! This crate knows no plug-in; the caller passes their cards.

mod assets;
mod board;
mod cards;
mod export;
mod guard;
mod kept;
mod markdown;
mod matched;
mod paths;
pub mod plot;
mod server;
mod site;
mod template;
mod text;
mod views;

pub use assets::{ASSETS, Asset};
pub use cards::{Cards, TextCard};
pub use export::{ExportError, export};
pub use server::{ServeError, ServeOptions, serve};
pub use site::{FairnessReports, Mode, PageError, Query, Site};
pub use text::escape;
pub use views::plots::NamedPlot;
