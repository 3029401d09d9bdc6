//! The binary `holometer`: arguments, progress, exit codes, and the wiring of all stages.
//!
//! Data goes to standard output, everything else to standard error. No other crate prints.

mod args;
mod commands;
mod failure;
mod log;
mod output;
mod pipeline;
mod progress;
mod size;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::failure::{Exit, Failure};
use crate::progress::Talk;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let talk = Talk::new(cli.talk.quiet);
    match dispatch(&cli, &talk) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            tracing::error!("{failure}");
            eprintln!("error: {failure}");
            failure.exit.into()
        }
    }
}

fn dispatch(cli: &Cli, talk: &Talk) -> Result<Exit, Failure> {
    let verbose = cli.talk.verbose;
    match &cli.command {
        Command::Run(args) => commands::run(args, verbose, talk),
        Command::Plan(args) => commands::plan(args, talk),
        Command::Report(args) => commands::report(args),
        Command::Compare(args) => commands::compare(args),
        Command::Judge(args) => commands::judge(args, verbose, talk),
        Command::Power(args) => commands::power(args),
        Command::Serve(args) => commands::serve(args, talk),
        Command::Plot(args) => commands::plot(args, talk),
        Command::Rescore(args) => commands::rescore(args, verbose, talk),
        Command::Score(args) => commands::score(args, talk),
        Command::List(args) => commands::list(args),
        Command::Show(args) => commands::show(args, talk),
        Command::Export(args) => commands::export(args, talk),
        Command::Scorer(args) => commands::scorer(args, talk),
        Command::Associations(args) => commands::associations(args),
        Command::Import(args) => commands::import(args, verbose, talk),
        Command::Merge(args) => commands::merge(args, talk),
        Command::Perturb(args) => commands::perturb(args, talk),
        Command::Pull(args) => commands::pull(args, talk),
        Command::Cache(args) => commands::cache(args),
        Command::Init(args) => commands::init(args),
        Command::Check(args) => commands::check(args),
        Command::Doctor(args) => commands::doctor(args),
        Command::Embed(args) => commands::embed(args, talk),
        Command::Bench(args) => commands::bench(args, talk),
        Command::Quickstart(args) => commands::quickstart(args, verbose, talk),
        Command::Completions { shell } => Ok(commands::completions(*shell)),
    }
}
