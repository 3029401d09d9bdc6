//! The whole evaluation, wired: selection, models, data, requests, execution, scores, report.

mod credentials;
mod environment;
mod journal;
mod models;
mod prepare;
mod resources;
mod results;
mod score;
mod select;
mod spending;

pub(crate) use environment::Environment;
pub(crate) use models::{LoadedModel, Models, Purpose};
pub(crate) use prepare::{Prepared, Prompting, instances_of, prepare};
pub(crate) use resources::perturbation_resources;
pub(crate) use results::{PRICE_FIELD, now, open_for_reading, open_for_writing, report};
pub(crate) use score::{ScoreOptions, score_run};
pub(crate) use select::{Selected, select};
pub(crate) use spending::{Spending, dollars};
