//! One file per kind of page: from the database to what its template shows.

mod cards;
pub(crate) mod common;
mod compare;
mod coverage;
mod fairness;
mod instances;
mod leaderboard;
pub(crate) mod live;
mod models;
pub(crate) mod plots;
mod run;
mod unit;

use crate::site::{PageError, Request};

/// The page at the request's address.
pub(crate) fn page(request: &Request<'_>) -> Result<String, PageError> {
    let parts: Vec<&str> = request.path.split('/').collect();
    match parts.as_slice() {
        ["index.html"] => leaderboard::page(request, None),
        ["live.html"] if !request.site.mode.is_files() => live::page(request),
        ["suite", suite, page] => {
            let suite = request.suite(suite)?;
            match *page {
                "leaderboard.html" => leaderboard::page(request, Some(&suite)),
                "fairness.html" => fairness::page(request, &suite),
                "compare.html" => compare::page(request, &suite),
                "plots.html" => plots::page(request, &suite),
                "coverage.html" => coverage::page(request, &suite),
                _ => Err(request.not_found()),
            }
        }
        ["suite", suite, "compare", pair] => {
            let suite = request.suite(suite)?;
            compare::pair(request, &suite, pair)
        }
        ["run", run, "index.html"] => run::page(request, &request.run(run)?),
        ["run", run, "i", unit] => unit::page(request, &request.run(run)?, unit),
        ["run", run, list] if list.starts_with("instances") => {
            instances::page(request, &request.run(run)?, list)
        }
        ["models.html"] => models::list(request),
        ["models", model] => models::page(request, model),
        [list] => cards::list(request, list),
        [kind, card] => cards::page(request, kind, card),
        _ => Err(request.not_found()),
    }
}
