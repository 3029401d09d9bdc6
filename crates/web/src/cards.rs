//! What the program knows about scenarios, metrics and perturbations; the caller fills it from the plug-ins.

use holometer_core::{MetricCard, MetricName, Price, RunSpec, ScenarioCard};

/// The cards of everything that can be evaluated.
#[derive(Clone, Debug, Default)]
pub struct Cards {
    /// Scenarios, sorted by name.
    pub scenarios: Vec<ScenarioCard>,
    /// Metrics, sorted by name.
    pub metrics: Vec<MetricCard>,
    /// Perturbations, sorted by name.
    pub perturbations: Vec<TextCard>,
}

/// A card that is a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextCard {
    /// The name.
    pub name: String,
    /// One line for lists.
    pub summary: String,
    /// The whole card as Markdown.
    pub docs: String,
}

impl Cards {
    /// A scenario's card.
    pub(crate) fn scenario(&self, name: &str) -> Option<&ScenarioCard> {
        self.scenarios.iter().find(|card| card.name.as_str() == name)
    }

    /// A metric's card; `exact_match@5` has that of `exact_match`.
    pub(crate) fn metric(&self, name: &str) -> Option<&MetricCard> {
        let plain = name.split(['@', ':']).next().unwrap_or(name);
        let named = |wanted: &str| self.metrics.iter().find(|card| card.name == wanted);
        named(name).or_else(|| named(plain))
    }

    /// The metrics that may stand for a run, the best first: the scenario's own, then what most scenarios have.
    pub(crate) fn main_metrics(&self, spec: &RunSpec) -> Vec<MetricName> {
        const COMMON: [&str; 10] = [
            "exact_match",
            "quasi_exact_match",
            "choice_accuracy",
            "prefix_exact_match",
            "quasi_prefix_exact_match",
            "f1_score",
            "rouge_l",
            "final_number_exact_match",
            "math_equiv",
            "bits_per_byte",
        ];
        let card = self.scenario(spec.scenario.name.as_str());
        let own = card.map(|card| card.main_metric.metric.clone());
        let headline = card.map(|card| card.headline_metrics.clone()).unwrap_or_default();
        let common = COMMON.iter().map(|name| MetricName((*name).to_owned()));
        let mut names: Vec<MetricName> = own
            .into_iter()
            .filter(|name| !name.0.is_empty())
            .chain(headline)
            .chain(common)
            .collect();
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }
}

/// The price that a run's circumstances hold.
pub(crate) fn price(host: &serde_json::Value) -> Option<Price> {
    serde_json::from_value(host.get("price")?.clone()).ok()
}
