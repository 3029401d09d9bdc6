//! Cards: what a plug-in says about itself. `show`, the web pages and the documentation print them.

use serde::{Deserialize, Serialize};

use crate::ids::{MetricName, ScenarioName};
use crate::instance::Split;

/// What kind of value a parameter takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// One of the listed values.
    #[default]
    Choice,
    /// Any text.
    Text,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `true` or `false` (also Python's `True` and `False`).
    Bool,
}

/// One parameter of a scenario, with every value it takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Parameter {
    /// Its name in a run entry.
    pub name: String,
    /// What it means.
    pub description: String,
    /// The kind of its values.
    pub kind: ValueKind,
    /// Every value of a choice, in the documented order, each as it is written in a run entry.
    pub values: Vec<String>,
    /// Other spellings that are accepted, as (spelling, value): HELM's own configuration files write some values
    /// in another case than the data needs.
    pub aliases: Vec<(String, String)>,
    /// The value when none is given; `None`: it must be given.
    pub default: Option<String>,
}

/// A licence and what it asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Licence {
    /// SPDX identifier where there is one, else the licence's name.
    pub id: String,
    /// Conditions worth knowing, for instance *non-commercial research only*.
    pub note: Option<String>,
}

/// A paper.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Citation {
    /// The title.
    pub title: String,
    /// Where to read it.
    pub url: String,
}

/// Where a scenario's data comes from, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceCard {
    /// A repository, hub dataset or page.
    pub location: String,
    /// The pinned revision, where there is one.
    pub revision: Option<String>,
    /// Bytes to download.
    pub bytes: Option<u64>,
    /// How to obtain it when it can't simply be downloaded.
    pub how_to_obtain: Option<String>,
}

/// The number a scenario is known for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MainMetric {
    /// The metric.
    pub metric: MetricName,
    /// The split it is read on; `None`: valid and test pooled.
    pub split: Option<Split>,
}

/// What a scenario says about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScenarioCard {
    /// Its name in run entries.
    pub name: ScenarioName,
    /// One line for lists.
    pub summary: String,
    /// What it measures and how, in paragraphs.
    pub description: String,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Where its data comes from; empty when it makes its own.
    pub sources: Vec<SourceCard>,
    /// The data's licence.
    pub licence: Licence,
    /// The papers behind it.
    pub citations: Vec<Citation>,
    /// ISO 639-1 codes.
    pub languages: Vec<String>,
    /// Rows as published, in words (`58,492 questions in 11 categories`).
    pub size: String,
    /// Who the data is about, where it is about people.
    pub about: Option<String>,
    /// Known faults and traps.
    pub caveats: Vec<String>,
    /// The number it is known for.
    pub main_metric: MainMetric,
    /// Other numbers that a reader of its results should see at once, after the main one.
    pub headline_metrics: Vec<MetricName>,
    /// Tags for lists: `bias`, `reasoning`, ...
    pub tags: Vec<String>,
}

/// What a metric says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MetricCard {
    /// Its name.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// The whole card as Markdown: *What it measures / Formula / Source and licence / Example / Caveats*.
    pub docs: &'static str,
    /// Whether larger values are better; `None` when neither direction is good.
    pub higher_is_better: Option<bool>,
    /// The least and greatest possible value.
    pub range: (f64, f64),
}
