//! `serve`: the pages in a browser on this machine.

use std::net::SocketAddr;

use holometer_web::ServeOptions;

use crate::args::ServeArgs;
use crate::failure::{Exit, Failure};
use crate::pipeline::{open_for_pages, page_sources};
use crate::progress::Talk;

/// Serves the pages until Ctrl-C.
pub(crate) fn serve(args: &ServeArgs, talk: &Talk) -> Result<Exit, Failure> {
    let db = &args.pages.database.db;
    drop(open_for_pages(db)?);
    let (cards, fairness) = page_sources(&args.pages)?;
    if !args.address.is_loopback() {
        talk.say("Everyone who can reach this address can read all prompts and answers.");
    }
    let options = ServeOptions {
        database: db.clone(),
        address: SocketAddr::new(args.address, args.port),
        hosts: args.host.clone(),
        ratings: args.allow_ratings,
    };
    let ready = |address: SocketAddr| {
        talk.say(&format!("Results of {} are at http://{address}/ until Ctrl-C.", db.display()));
    };
    holometer_web::serve(&options, cards, fairness, ready).map_err(Failure::usage)?;
    Ok(Exit::Done)
}
