//! Metrics: functions of stored outcomes, one file per family under `plugins/`.
//!
//! [`build`] makes a metric from the name and arguments in a run spec; [`cards`] documents all of them. Names are
//! HELM's class names in snake case without `Metric`; the scores they give carry HELM's names, too. Metrics know nothing of
//! models, storage or aggregation, and give the same numbers each time they are computed.

mod args;
pub mod association;
mod binary_label;
mod calibration;
mod chance;
pub mod code;
mod code_scores;
pub mod counterfactual;
mod discrim_contrasts;
mod efficiency_tables;
mod error;
mod faithfulness;
mod group_calibration;
mod groups;
mod ifeval;
mod judged;
mod judges;
pub mod lexicon;
pub mod neural;
mod opinions;
mod pair;
mod plugins;
mod reference_scores;
mod request_statistics;
pub mod scorers;
mod unit;
mod written;

use holometer_core::{Metric, MetricCard, MetricOptions, MetricSpec};
use serde_json::Value;

pub use error::MetricError;
pub use judges::pairwise;

/// Makes a metric from its arguments.
type Build = fn(&Value, MetricOptions) -> Result<Box<dyn Metric>, MetricError>;

/// A family of metrics that run specs can name.
pub(crate) struct Plugin {
    /// Its name in run specs.
    pub(crate) name: &'static str,
    /// Makes it from its arguments.
    pub(crate) build: Build,
    /// Documents every score that it can give.
    pub(crate) cards: fn() -> Vec<MetricCard>,
}

/// Makes a metric.
///
/// # Errors
/// [`MetricError`] when there is no metric of that name, its arguments are wrong, or it can't be computed here; the
/// message is fit for a report.
pub fn build(spec: &MetricSpec, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let plugins = plugins::all();
    let plugin = plugins.iter().find(|plugin| plugin.name == spec.name).ok_or_else(|| {
        MetricError::unknown(&spec.name, plugins.iter().map(|plugin| plugin.name))
    })?;
    (plugin.build)(&spec.args, options)
}

/// The metrics that every run's answers get beside its scenario's own: what the answers sound like, whom they mention, labels.
/// `mentions` holds that plug-in's arguments, which choose the word list.
pub fn linked(mentions: &Value) -> Vec<MetricSpec> {
    let mentions = MetricSpec { name: "mentions".into(), args: mentions.clone() };
    let plain = ["answer_text", "toxicity", "labels"].map(MetricSpec::new);
    plain.into_iter().chain([mentions]).collect()
}

/// The names that [`build`] knows, sorted.
pub fn names() -> Vec<&'static str> {
    plugins::all().iter().map(|plugin| plugin.name).collect()
}

/// The cards of every score that any metric can give, sorted by name, each name once.
pub fn cards() -> Vec<MetricCard> {
    let mut cards: Vec<MetricCard> =
        plugins::all().iter().flat_map(|plugin| (plugin.cards)()).collect();
    cards.extend(counterfactual::cards());
    cards.extend(group_calibration::cards());
    cards.sort_by_key(|card| card.name);
    cards.dedup_by_key(|card| card.name);
    cards
}

/// The card of a score. `exact_match@5` has the card of `exact_match`.
pub fn card(name: &str) -> Option<MetricCard> {
    let cards = cards();
    let exact = cards.iter().find(|card| card.name == name);
    let base = name.split_once('@').map_or(name, |(base, _)| base);
    exact.or_else(|| cards.iter().find(|card| card.name == base)).copied()
}
