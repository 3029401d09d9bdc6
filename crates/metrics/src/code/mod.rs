//! Generated programs: what is run to judge them, how that is asked for, and how the record of an execution is read.
//!
//! A program is an inquiry to the Python interpreter: its text is a `Task` in JSON, and the answer's text a `Record` in JSON. Both
//! are kept with the results, so that a score is a function of what was recorded, and no program is run twice.

mod apps;
mod human_eval;
mod task;

pub(crate) use apps::{apps_inquiries, apps_results};
pub(crate) use human_eval::{human_eval_inquiries, human_eval_results};
pub(crate) use task::Task;
pub use task::{execute, interpreter_fingerprint};
