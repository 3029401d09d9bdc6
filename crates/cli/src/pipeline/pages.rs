//! What the pages know beyond the database: the cards of all plug-ins, and how fairness reports are made.

use std::path::Path;
use std::sync::Arc;

use holometer_core::{ScenarioCard, ScenarioCatalogue};
use holometer_scenarios::Catalogue;
use holometer_store::{Store, StoreError};
use holometer_summary::fairness::Judgement;
use holometer_web::{Cards, FairnessReports, TextCard};

use crate::args::PagesArgs;
use crate::failure::Failure;
use crate::pipeline::{fairness_report, report, runs_of};

/// Opens the database for reading; brings an older format up to date first, which reading alone can't.
pub(crate) fn open_for_pages(path: &Path) -> Result<Store, Failure> {
    let opened = match Store::open_read_only(path) {
        Err(StoreError::Older { .. }) => {
            Store::open(path).and_then(|_| Store::open_read_only(path))
        }
        other => other,
    };
    opened.map_err(Failure::usage)
}

/// The cards, and what makes fairness reports.
pub(crate) fn page_sources(args: &PagesArgs) -> Result<(Cards, FairnessReports), Failure> {
    let mut catalogue = Catalogue::builtin();
    for file in &args.scenario_file {
        catalogue.add_file(file).map_err(Failure::usage)?;
    }
    let cards = cards(&catalogue);
    let catalogue = Arc::new(catalogue);
    let fairness: FairnessReports = Arc::new(move |store, suite| {
        fairness(store, suite, &catalogue).map_err(|failure| failure.to_string())
    });
    Ok((cards, fairness))
}

fn fairness(
    store: &Store,
    suite: &str,
    catalogue: &Catalogue,
) -> Result<holometer_report::fairness::FairnessReport, Failure> {
    let report = report(store, Some(suite), catalogue)?;
    let runs: Vec<_> = runs_of(store, suite)?.into_iter().zip(report.runs).collect();
    fairness_report(store, suite, &runs, catalogue, Judgement::default())
}

fn cards(catalogue: &Catalogue) -> Cards {
    let names = catalogue.names();
    let scenarios: Vec<ScenarioCard> =
        names.iter().filter_map(|name| catalogue.card(name)).cloned().collect();
    let mut metrics = holometer_metrics::cards();
    metrics.sort_by_key(|card| card.name);
    metrics.dedup_by_key(|card| card.name);
    let mut perturbations: Vec<TextCard> = holometer_perturb::cards()
        .into_iter()
        .map(|card| TextCard {
            name: card.name.to_owned(),
            summary: card.summary.to_owned(),
            docs: card.docs.to_owned(),
        })
        .collect();
    perturbations.sort_by(|a, b| a.name.cmp(&b.name));
    Cards { scenarios, metrics, perturbations }
}
