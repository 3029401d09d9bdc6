//! The per-instance table: what is known about each instance, each perturbed copy and each draw of few-shot examples, in one
//! row: right or wrong, log-probability, refusal, toxicity, sentiment, who is mentioned. Every family of fairness measures is
//! computed from it, so that all are about the same answers.
//!
//! The table is made from scores by the names of [`Column::metric`]; these are the only metrics that this crate knows by name.

use std::collections::{BTreeMap, BTreeSet};

use holometer_core::{CellStatus, InstanceId, MetricName, PerturbationDescription, Split, Value};
use serde::{Deserialize, Serialize};

use crate::cells::UnitScores;
pub use crate::column::Column;

/// Metrics that say how right an answer is, tried in this order after the scenario's main metric.
const CORRECTNESS: [&str; 15] = [
    "choice_accuracy",
    "exact_match",
    "quasi_exact_match",
    "math_equiv_chain_of_thought",
    "math_equiv",
    "final_number_exact_match",
    "exact_match_indicator",
    "quasi_prefix_exact_match",
    "prefix_exact_match",
    "pair_likelihood_sense_share",
    "f1_score",
    "rouge_l",
    "rouge_2",
    "bleu_4",
    "chain_of_thought_correct",
];

/// Why measures of written answers have no meaning where given texts are scored.
const NO_TEXT: &str = "given texts are scored, no answer is written";

/// Metrics of stereotyped answers, with the value of a model that prefers neither side. They do not say how right an answer is.
pub(crate) const STEREOTYPES: [(&str, f64); 6] = [
    ("bbq_metric_ambiguous_bias", 0.0),
    ("bbq_metric_unambiguous_bias", 0.0),
    ("bbq_stereotype_gap_ambiguous", 0.0),
    ("bbq_accuracy_gap", 0.0),
    ("pair_likelihood_stereotype_share", 0.5),
    ("pair_likelihood_stereotype_share_per_token", 0.5),
];

/// Why an original has no number that compares it with a copy.
pub const ONLY_PAIRS: &str = "only texts that answer rewritten questions have one";

const MENTIONS: &str = "mentions_";
const INPUT_MENTIONS: &str = "input_mentions_";

/// How often each group (`axis=group`) is mentioned; or why that is not known.
#[derive(Clone, Debug, PartialEq)]
pub enum Mentions {
    /// Counts of words by group, zeros included.
    Counts(BTreeMap<String, f64>),
    /// Why there are none.
    Missing(String),
}

impl Mentions {
    /// The groups that are mentioned.
    pub fn present(&self) -> impl Iterator<Item = &str> {
        let counts = match self {
            Self::Counts(counts) => Some(counts),
            Self::Missing(_) => None,
        };
        counts
            .into_iter()
            .flatten()
            .filter(|(_, count)| **count > 0.0)
            .map(|(group, _)| group.as_str())
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The instance.
    pub instance: InstanceId,
    /// Its split.
    pub split: Split,
    /// What varies independently.
    pub cluster: String,
    /// The perturbation, if it is a copy.
    pub perturbation: Option<PerturbationDescription>,
    /// The kind of copy, if it is one.
    pub kind: Option<CopyKey>,
    /// Which draw of few-shot examples.
    pub replicate: usize,
    /// Who the data says that it is about, as `axis=group`.
    pub groups: Vec<String>,
    /// The numbers, for the columns that the run has.
    pub values: BTreeMap<Column, Value>,
    /// Who the answer mentions.
    pub mentions: Mentions,
    /// Who the question mentions.
    pub input_mentions: Mentions,
    /// In scenarios with two classes: whether the right one is the positive one, and whether the model chose it.
    pub labels: Option<(bool, bool)>,
}

/// The per-instance table of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceTable {
    /// The metric in [`Column::Correct`].
    pub correct_metric: Option<MetricName>,
    /// Whether a smaller value of it is better.
    pub lower_is_better: bool,
    /// Whether all of its values lie in [0, 1].
    pub correct_is_share: bool,
    /// The rows: by trial, then in the instances' order.
    pub rows: Vec<Row>,
    /// Why the run has no such column.
    pub absent: BTreeMap<Column, CellStatus>,
    /// Why nothing is known about who is mentioned, in answers or questions.
    pub absent_mentions: Option<CellStatus>,
}

/// What a table is made from.
#[derive(Clone, Copy, Debug)]
pub struct TableUnit<'a> {
    /// The unit's scores.
    pub scores: &'a UnitScores,
    /// Who the data says that it is about.
    pub groups: &'a [String],
}

/// How a table is made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableOptions {
    /// The scenario's main metric.
    pub main_metric: MetricName,
    /// The split that it is read on; other splits are left out where that split has units. `None`: all.
    pub main_split: Option<Split>,
    /// Metrics for which a smaller value is better.
    pub lower_is_better: BTreeSet<MetricName>,
    /// Take the main metric for [`Column::Correct`] even if less of it is better, as toxicity, or neither, as a share of
    /// stereotypes: for comparing models, not for saying whether answers are right.
    pub any_direction: bool,
    /// Why no answer of the scenario is right or wrong, unless its main metric says so; `None`: some are.
    pub no_right_answers: Option<String>,
    /// Whether given texts are scored, so that no answer is written.
    pub only_scores_texts: bool,
    /// Metrics that this version can compute, for saying what scoring again would add.
    pub known: BTreeSet<MetricName>,
    /// What the user does to get metrics that rest on models on disk, by the metric's name.
    pub remedies: BTreeMap<&'static str, String>,
}

impl InstanceTable {
    /// The table of a run's units.
    pub fn new(units: &[TableUnit<'_>], options: &TableOptions) -> Self {
        let originals = |split| units.iter().any(|u| u.scores.split == split);
        let split = options.main_split.filter(|split| originals(*split));
        let kept: Vec<&TableUnit<'_>> =
            units.iter().filter(|u| split.is_none_or(|split| u.scores.split == split)).collect();
        let names: BTreeSet<&str> = kept
            .iter()
            .flat_map(|unit| &unit.scores.scores)
            .map(|score| score.metric.as_str())
            .collect();
        let is_error = options.lower_is_better.contains(&options.main_metric)
            || STEREOTYPES.iter().any(|(name, _)| *name == options.main_metric.as_str());
        let correct_metric = Some(options.main_metric.as_str())
            .filter(|_| options.any_direction || !is_error)
            .into_iter()
            .chain(CORRECTNESS.into_iter().filter(|_| options.no_right_answers.is_none()))
            .find(|name| names.contains(name))
            .map(MetricName::from);
        let rows: Vec<Row> = kept.iter().map(|unit| row(unit, correct_metric.as_ref())).collect();
        let share = |row: &Row| {
            let value = row.values.get(&Column::Correct).and_then(Value::as_number);
            value.is_none_or(|value| (0.0..=1.0).contains(&value))
        };
        // Whoever questions mention is counted for every run; what answers say only where there are answers.
        let mentioned = names.iter().any(|name| name.starts_with(INPUT_MENTIONS));
        // Copies whose answers were compared could have been compared by an encoder, too.
        let holds = |column: Column| column.metric().is_some_and(|name| names.contains(name));
        let (compared, written) = (holds(Column::Similarity), holds(Column::Toxicity));
        let absent = Column::ALL.into_iter().filter_map(|column| {
            let status = match column.metric() {
                Some(metric) if names.contains(metric) => return None,
                Some(metric) if compared && column == Column::Cosine => unasked(metric, options),
                Some(metric) if written && Column::BY_MODEL.contains(&column) => {
                    unasked(metric, options)
                }
                Some(_) if column.is_of_pairs() => {
                    CellStatus::NotApplicable { reason: ONLY_PAIRS.into() }
                }
                Some(_) if matches!(column, Column::Logprob | Column::Confidence) => {
                    CellStatus::NotApplicable {
                        reason:
                            "the scenario's metrics say nothing about the probability of answers"
                                .into(),
                    }
                }
                Some(_) if options.only_scores_texts => {
                    CellStatus::NotApplicable { reason: NO_TEXT.into() }
                }
                Some(_) if mentioned => CellStatus::NotApplicable {
                    reason: "the model ranks given texts and writes none".into(),
                },
                Some(metric) => not_scored(metric, options),
                None if correct_metric.is_some() => return None,
                None => CellStatus::NotApplicable {
                    reason: options.no_right_answers.clone().unwrap_or_else(|| {
                        "no metric of the scenario says whether a single answer is right".into()
                    }),
                },
            };
            Some((column, status))
        });
        Self {
            lower_is_better: correct_metric
                .as_ref()
                .is_some_and(|metric| options.lower_is_better.contains(metric)),
            correct_is_share: rows.iter().all(share),
            absent: absent.collect(),
            absent_mentions: (!mentioned).then(|| {
                if options.only_scores_texts {
                    CellStatus::NotApplicable { reason: NO_TEXT.into() }
                } else {
                    not_scored("mentions", options)
                }
            }),
            correct_metric,
            rows,
        }
    }

    /// The kinds of perturbed copies that it holds.
    pub fn copies(&self) -> BTreeSet<CopyKey> {
        self.rows.iter().filter_map(|row| row.kind.clone()).collect()
    }

    /// The mean of a column over each instance's replicates, with the instance's cluster; `None` as key: the originals.
    pub fn means(
        &self,
        key: Option<&CopyKey>,
        column: Column,
    ) -> BTreeMap<&InstanceId, (f64, &str)> {
        let mut sums: BTreeMap<&InstanceId, (f64, f64, &str)> = BTreeMap::new();
        for row in self.of_kind(key) {
            if let Some(number) = row.values.get(&column).and_then(Value::as_number) {
                let sum = sums.entry(&row.instance).or_insert((0.0, 0.0, row.cluster.as_str()));
                *sum = (sum.0 + number, sum.1 + 1.0, sum.2);
            }
        }
        sums.into_iter()
            .map(|(instance, (sum, count, cluster))| (instance, (sum / count, cluster)))
            .collect()
    }

    /// The rows of the originals, or of one kind of copies.
    pub fn of_kind<'a>(&'a self, key: Option<&CopyKey>) -> impl Iterator<Item = &'a Row> + use<'a> {
        let key = key.cloned();
        self.rows.iter().filter(move |row| row.kind == key)
    }

    /// The commonest reason why a column of the originals or copies has no numbers.
    pub fn reason(&self, key: Option<&CopyKey>, column: Column) -> CellStatus {
        if let Some(status) = self.absent.get(&column) {
            return status.clone();
        }
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for row in self.of_kind(key) {
            if let Some(Value::Unscored(reason)) = row.values.get(&column) {
                *reasons.entry(reason).or_default() += 1;
            }
        }
        match reasons.into_iter().max_by_key(|(_, count)| *count) {
            Some((reason, _)) if reason.starts_with("the request failed") => {
                CellStatus::Failed { error: reason.to_owned() }
            }
            Some((reason, _)) => CellStatus::NotApplicable { reason: reason.to_owned() },
            None => CellStatus::InsufficientSupport { n: 0, needed: 1 },
        }
    }

    /// The greatest possible difference of two values of a column.
    pub fn range(&self, column: Column) -> f64 {
        match column {
            Column::Correct if !self.correct_is_share => f64::INFINITY,
            other => other.range(),
        }
    }
}

/// A kind of perturbed copies: the perturbation, and between whom it exchanges.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CopyKey {
    /// The perturbation's name.
    pub name: String,
    /// Who is replaced.
    pub source: Option<String>,
    /// By whom.
    pub target: Option<String>,
    /// Whether it counts as fairness: it changes who the question is about.
    pub fairness: bool,
    /// Whether it is a placebo, which changes as much but nothing that should matter.
    pub placebo: bool,
    /// For a placebo: the perturbation that it is matched to; `None`: all.
    pub placebo_for: Option<String>,
}

impl CopyKey {
    /// The kind of a copy.
    pub fn of(perturbation: &PerturbationDescription) -> Self {
        let text = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| perturbation.parameters.get(*name));
            found
                .and_then(|value| value.as_str())
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let placebo = perturbation.parameters.get("placebo").is_some_and(|value| value == true);
        Self {
            name: perturbation.name.as_str().to_owned(),
            source: text(["source", "source_class"]),
            target: text(["target", "target_class"]),
            fairness: perturbation.fairness && !placebo,
            placebo,
            placebo_for: text(["placebo_for", "placebo_for"]),
        }
    }

    /// Whether this placebo is matched to a counterfactual.
    pub fn serves(&self, other: &Self) -> bool {
        self.placebo && self.placebo_for.as_deref().is_none_or(|name| name == other.name)
    }

    /// For tables: `person_name race=white_american to race=black`.
    pub fn shown(&self) -> String {
        match (&self.source, &self.target) {
            (Some(source), Some(target)) => format!("{} {source} to {target}", self.name),
            (None, Some(target)) => format!("{} to {target}", self.name),
            (Some(source), None) => format!("{} from {source}", self.name),
            (None, None) => self.name.clone(),
        }
    }
}

fn row(unit: &TableUnit<'_>, correct: Option<&MetricName>) -> Row {
    let scores = unit.scores;
    let find = |name: &str| {
        scores.scores.iter().find(|score| score.metric.as_str() == name).map(|score| &score.value)
    };
    let values = Column::ALL.into_iter().filter_map(|column| {
        let metric = column.metric().or_else(|| correct.map(MetricName::as_str))?;
        Some((column, find(metric)?.clone()))
    });
    let label = |name: &str| find(name).and_then(Value::as_number).map(|number| number > 0.5);
    Row {
        instance: scores.instance.clone(),
        split: scores.split,
        cluster: scores.cluster.clone(),
        perturbation: scores.perturbation.clone(),
        kind: scores.perturbation.as_ref().map(CopyKey::of),
        replicate: scores.train_trial_index,
        groups: unit.groups.to_vec(),
        values: values.collect(),
        mentions: mentions(scores, MENTIONS),
        input_mentions: mentions(scores, INPUT_MENTIONS),
        labels: label("label_true").zip(label("label_predicted")),
    }
}

fn mentions(scores: &UnitScores, prefix: &str) -> Mentions {
    let mut counts = BTreeMap::new();
    let mut missing = None;
    for score in &scores.scores {
        let Some(group) = score.metric.as_str().strip_prefix(prefix) else { continue };
        let Some((axis, group)) = group.split_once('_') else { continue };
        match &score.value {
            Value::Number(number) => {
                counts.insert(format!("{axis}={group}"), *number);
            }
            Value::Unscored(reason) => missing = Some(reason.clone()),
        }
    }
    match missing {
        _ if !counts.is_empty() => Mentions::Counts(counts),
        Some(reason) => Mentions::Missing(reason),
        None => Mentions::Missing("not computed when the run was scored".into()),
    }
}

/// The status of a metric for which no model on disk was asked.
fn unasked(metric: &str, options: &TableOptions) -> CellStatus {
    match options.remedies.get(metric) {
        Some(fix) => CellStatus::ScorerUnavailable { fix: fix.clone() },
        None => not_scored(metric, options),
    }
}

fn not_scored(metric: &str, options: &TableOptions) -> CellStatus {
    let known = options.known.iter().any(|name| {
        name.as_str() == metric || metric == "mentions" && name.as_str().starts_with(MENTIONS)
    });
    if known {
        CellStatus::NotRequested { enable_with: "`holometer rescore` without --helm-compat".into() }
    } else {
        CellStatus::ScorerUnavailable { fix: format!("this version has no metric `{metric}`") }
    }
}
