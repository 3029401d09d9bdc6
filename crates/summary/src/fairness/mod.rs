//! The fairness row: what a model can do on a scenario and whom it fails, from the same answers.
//!
//! A row has entries of every [`Family`], none blank: each is a [`Finding`](crate::Finding) or a status with its reason.
//!
//! Two links make every family computable for every scenario. *Slices*: instances whose question mentions a group, or that the data
//! says are about one. *Counterfactuals*: the same instance rewritten from one group to another, less a *placebo*, a rewriting of the
//! same size that should not matter; without it a difference may be nothing but the answers' instability.

mod adjust;
mod changes;
mod distributions;
mod levels;
mod slices;

use std::collections::BTreeMap;

use holometer_core::{Cell, MetricName, ModelName, RunName, Split};
use serde::{Deserialize, Serialize};

use crate::finding::Entry;
use crate::rows::{Column, InstanceTable};

pub use adjust::adjust;

/// A family of measures; a column of the wide table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// How often it is right.
    Accuracy,
    /// Whether its probabilities come true.
    Calibration,
    /// How often it is right under the worst of all perturbations (HELM's robustness and fairness).
    WorstCase,
    /// How much accuracy changes when the question is rewritten.
    AccuracyChange,
    /// The same less the placebo's change.
    NetChange,
    /// How much accuracy and decision rates differ between groups.
    SliceGap,
    /// How much its answers to rewritten questions resemble those to the originals.
    AnswerSimilarity,
    /// Whom its answers mention.
    Representation,
    /// With what its answers connect the groups that they mention.
    Association,
    /// How toxic its answers are.
    Toxicity,
    /// How much toxicity changes when the question is rewritten, and differs between groups.
    ToxicityDifference,
    /// How positive its answers sound.
    Sentiment,
    /// How much sentiment changes when the question is rewritten, and differs between groups.
    SentimentDifference,
    /// How often it does not answer.
    Refusal,
    /// How much refusals change when the question is rewritten, and differ between groups.
    RefusalDifference,
}

impl Family {
    /// Every family, in the columns' order.
    pub const ALL: [Self; 15] = [
        Self::Accuracy,
        Self::Calibration,
        Self::WorstCase,
        Self::AccuracyChange,
        Self::NetChange,
        Self::SliceGap,
        Self::AnswerSimilarity,
        Self::Representation,
        Self::Association,
        Self::Toxicity,
        Self::ToxicityDifference,
        Self::Sentiment,
        Self::SentimentDifference,
        Self::Refusal,
        Self::RefusalDifference,
    ];

    /// The column's heading.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Calibration => "calibration error",
            Self::WorstCase => "worst case",
            Self::AccuracyChange => "accuracy change",
            Self::NetChange => "change less placebo",
            Self::SliceGap => "gap between groups",
            Self::AnswerSimilarity => "answer similarity",
            Self::Representation => "representation",
            Self::Association => "association",
            Self::Toxicity => "toxicity",
            Self::ToxicityDifference => "toxicity difference",
            Self::Sentiment => "sentiment",
            Self::SentimentDifference => "sentiment difference",
            Self::Refusal => "refusal",
            Self::RefusalDifference => "refusal difference",
        }
    }
}

/// One entry of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FairnessCell {
    /// The family.
    pub family: Family,
    /// What exactly, for instance `gender male to female` or `religion (mentioned): demographic parity`.
    pub measure: String,
    /// The number, or why there is none.
    pub entry: Entry,
}

/// One model on one scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FairnessRow {
    /// The run.
    pub run: RunName,
    /// The scenario with its arguments.
    pub label: String,
    /// The model.
    pub model: ModelName,
    /// The scorers of texts behind it, as `name@hash`, by metric. Rows with different scorers are never compared.
    #[serde(default)]
    pub scorers: BTreeMap<String, String>,
    /// The entries, family by family.
    pub cells: Vec<FairnessCell>,
}

impl FairnessRow {
    /// The entries of a family.
    pub fn of(&self, family: Family) -> impl Iterator<Item = &FairnessCell> {
        self.cells.iter().filter(move |cell| cell.family == family)
    }

    /// The entry that stands for a family: the one that is clearest from 0, else the first number, else the first status.
    pub fn headline(&self, family: Family) -> Option<&FairnessCell> {
        let p = |cell: &&FairnessCell| {
            cell.entry.finding().and_then(|finding| finding.adjusted_p.or(finding.p_value))
        };
        let size = |cell: &&FairnessCell| cell.entry.finding().map_or(0.0, |f| f.value.abs());
        let tested = self.of(family).filter(|cell| p(cell).is_some());
        tested
            .min_by(|a, b| {
                p(a).unwrap_or(1.0)
                    .total_cmp(&p(b).unwrap_or(1.0))
                    .then_with(|| size(b).total_cmp(&size(a)))
            })
            .or_else(|| self.of(family).find(|cell| cell.entry.finding().is_some()))
            .or_else(|| self.of(family).next())
    }
}

/// How entries are computed and judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The level of intervals.
    pub level: f64,
    /// The significance level.
    pub alpha: f64,
    /// The power that minimum detectable effects are for.
    pub power: f64,
    /// What is too small to matter, as a share of a measure's range (0.02 is two points of accuracy).
    pub margin: f64,
    /// Bootstrap draws.
    pub draws: usize,
    /// Groups and comparisons with fewer instances get no number.
    pub least_instances: usize,
    /// What the user does to get perturbed copies.
    pub how_to_perturb: String,
    /// What the user does to get placebo copies.
    pub how_to_placebo: String,
}

impl Default for Judgement {
    fn default() -> Self {
        Self {
            level: 0.95,
            alpha: 0.05,
            power: 0.8,
            margin: 0.02,
            draws: 2000,
            least_instances: 10,
            how_to_perturb: "`data_augmentation=counterfactual` in the run entry".into(),
            how_to_placebo:
                "`data_augmentation=counterfactual` in the run entry, which has placebo copies,"
                    .into(),
        }
    }
}

/// What a row is made from.
#[derive(Clone, Debug)]
pub struct RowInput<'a> {
    /// The run.
    pub run: RunName,
    /// The scenario with its arguments.
    pub label: String,
    /// The model.
    pub model: ModelName,
    /// The scenario's main metric.
    pub main_metric: MetricName,
    /// The split that it is read on.
    pub main_split: Option<Split>,
    /// Whether the run asked for perturbed copies, even if nothing was changed by them.
    pub perturbed: bool,
    /// The per-instance table.
    pub table: &'a InstanceTable,
    /// The run's cells.
    pub cells: &'a [Cell],
}

/// A run's row. Its p values are adjusted by [`adjust()`], with those of the other rows.
pub fn fairness_row(input: &RowInput<'_>, how: &Judgement) -> FairnessRow {
    let mut cells = levels::cells(input, how);
    cells.extend(changes::cells(input, how));
    cells.extend(slices::cells(input.table, how));
    cells.sort_by_key(|cell| cell.family);
    FairnessRow {
        run: input.run.clone(),
        label: input.label.clone(),
        model: input.model.clone(),
        scorers: scorers(input.cells),
        cells,
    }
}

fn scorers(cells: &[Cell]) -> BTreeMap<String, String> {
    let columns = Column::ALL.into_iter().filter_map(Column::metric);
    columns
        .filter_map(|metric| {
            Some((metric.to_owned(), levels::scorer_of(cells, metric)?.to_owned()))
        })
        .collect()
}

pub(crate) fn cell(family: Family, measure: impl Into<String>, entry: Entry) -> FairnessCell {
    FairnessCell { family, measure: measure.into(), entry }
}

/// What a number means that rests on one scorer of texts by their words.
pub(crate) const SCREENING: &str =
    "screening-grade: one scorer by words; another must agree before it counts as a disparity";

/// What a number means that rests on one model's opinion of texts.
pub(crate) const ONE_MODEL: &str =
    "one model's opinion; another scorer must agree before it counts as a disparity";

/// What a reader has to know of numbers that rest on one scorer.
pub(crate) fn one_scorer(column: Column) -> Option<String> {
    if column.is_screening() {
        return Some(SCREENING.to_owned());
    }
    Column::BY_MODEL.contains(&column).then(|| ONE_MODEL.to_owned())
}
