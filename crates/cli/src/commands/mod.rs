//! One file per command.

mod associations;
mod bench;
mod cache;
mod check;
mod chosen;
mod compare;
mod doctor;
mod embed;
mod export;
mod export_helm;
mod export_site;
mod export_table;
mod import;
mod import_ratings;
mod init;
mod judge;
mod list;
mod merge;
mod perspective;
mod perturb;
mod plan;
mod plot;
mod power;
mod pull;
mod quickstart;
mod report;
mod rescore;
mod rewritten;
mod run;
mod score;
mod scorer;
mod serve;
mod show;

pub(crate) use associations::associations;
pub(crate) use bench::bench;
pub(crate) use cache::cache;
pub(crate) use check::check;
pub(crate) use compare::compare;
pub(crate) use doctor::doctor;
pub(crate) use embed::embed;
pub(crate) use export::export;
pub(crate) use import::import;
pub(crate) use init::init;
pub(crate) use judge::judge;
pub(crate) use list::list;
pub(crate) use merge::merge;
pub(crate) use perturb::perturb;
pub(crate) use plan::plan;
pub(crate) use plot::plot;
pub(crate) use power::power;
pub(crate) use pull::pull;
pub(crate) use quickstart::quickstart;
pub(crate) use report::report;
pub(crate) use rescore::rescore;
pub(crate) use run::run;
pub(crate) use score::score;
pub(crate) use scorer::scorer;
pub(crate) use serve::serve;
pub(crate) use show::show;

use crate::failure::Exit;

/// Prints a completion script.
pub(crate) fn completions(shell: clap_complete::Shell) -> Exit {
    let mut command = <crate::args::Cli as clap::CommandFactory>::command();
    clap_complete::generate(shell, &mut command, "holometer", &mut std::io::stdout());
    Exit::Done
}
