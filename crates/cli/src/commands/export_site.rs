//! `export site`: the pages as files that any web host or a plain file browser shows.

use holometer_web::{Mode, Site, export};

use crate::args::ExportSiteArgs;
use crate::failure::Failure;
use crate::pipeline::{open_for_pages, page_sources};
use crate::progress::Talk;

/// Pages between two words about progress.
const STEP: usize = 500;

/// Writes the site.
pub(crate) fn export_site(args: &ExportSiteArgs, talk: &Talk) -> Result<(), Failure> {
    let store = open_for_pages(&args.pages.database.db)?;
    let (cards, fairness) = page_sources(&args.pages)?;
    let mode = Mode::Files { instances: args.instances };
    let site = Site::new(cards, fairness, mode).map_err(Failure::internal)?;
    let mut progress = |pages: usize, path: &str| {
        if pages.is_multiple_of(STEP) {
            talk.say(&format!("{pages} pages, now {path}"));
        }
    };
    let pages = export(&site, &store, &args.dir, &mut progress).map_err(Failure::usage)?;
    talk.say(&format!("{pages} pages: open {}", args.dir.join("index.html").display()));
    Ok(())
}
