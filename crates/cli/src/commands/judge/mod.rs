//! `judge`: how far judges agree, and what they say of two models' answers side by side.

mod agreement;
mod pairs;

use crate::args::{JudgeAction, JudgeArgs};
use crate::failure::{Exit, Failure};
use crate::progress::Talk;

/// Does what is asked.
pub(crate) fn judge(args: &JudgeArgs, verbose: u8, talk: &Talk) -> Result<Exit, Failure> {
    match &args.action {
        JudgeAction::Agreement { suite, format, database } => {
            agreement::agreement(suite.as_deref(), *format, &database.db)
        }
        JudgeAction::Pairs { database, .. } => {
            let folder = database.db.parent().unwrap_or(std::path::Path::new("."));
            crate::log::start(folder, verbose);
            pairs::pairs(&args.action, talk)
        }
    }
}
