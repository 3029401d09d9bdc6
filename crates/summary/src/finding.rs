//! A number with everything that says how far to trust it.

use holometer_core::{CellStatus, Interval};
use serde::{Deserialize, Serialize};

/// What the data says about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It differs from 0.
    Disparity,
    /// It is smaller than the margin.
    Equivalent,
    /// The data can't tell.
    Inconclusive,
}

impl Verdict {
    /// The word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disparity => "disparity",
            Self::Equivalent => "equivalent",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// A number and what is known about it. A *level* (an accuracy) has no p value and no verdict: nothing is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The number.
    pub value: f64,
    /// Its interval, where there are enough clusters for one.
    pub interval: Option<Interval>,
    /// How many instances.
    pub n: usize,
    /// How many clusters.
    pub clusters: usize,
    /// The two-sided p value that it is 0.
    pub p_value: Option<f64>,
    /// The same, adjusted for how many questions were asked.
    pub adjusted_p: Option<f64>,
    /// The p value that it is at least the margin away from 0; small means equivalent.
    pub equivalence_p: Option<f64>,
    /// The smallest true value that would be found with the wanted power.
    pub minimum_detectable_effect: Option<f64>,
    /// Of a gap: the groups that differ, the higher one first, at the significance level over all pairs of groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differing: Vec<[String; 2]>,
    /// What follows.
    pub verdict: Option<Verdict>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

impl Finding {
    /// A level.
    pub fn level(value: f64, interval: Option<Interval>, n: usize, clusters: usize) -> Self {
        Self {
            value,
            interval,
            n,
            clusters,
            p_value: None,
            adjusted_p: None,
            equivalence_p: None,
            minimum_detectable_effect: None,
            differing: Vec::new(),
            verdict: None,
            notes: Vec::new(),
        }
    }

    /// Sets the verdict from the adjusted p value (the plain one if there is none).
    pub fn settle(&mut self, alpha: f64) {
        let Some(p) = self.adjusted_p.or(self.p_value) else { return };
        let equivalent = self.equivalence_p.is_some_and(|p| p < alpha);
        self.verdict = Some(if equivalent {
            Verdict::Equivalent
        } else if p < alpha {
            Verdict::Disparity
        } else {
            Verdict::Inconclusive
        });
    }
}

impl From<holometer_stats::difference::Difference> for Finding {
    fn from(difference: holometer_stats::difference::Difference) -> Self {
        let mut finding = Self::level(
            difference.value,
            difference.interval.map(crate::estimate::into_core),
            difference.n,
            difference.clusters,
        );
        finding.p_value = Some(difference.p_value);
        finding.equivalence_p = difference.equivalence_p;
        finding.minimum_detectable_effect = difference.minimum_detectable_effect;
        if (2..10).contains(&difference.clusters) {
            finding.notes.push(format!("only {} clusters", difference.clusters));
        }
        finding
    }
}

/// A finding, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A number.
    Found(Finding),
    /// Why there is no number.
    Missing(CellStatus),
}

impl Entry {
    /// The finding, if there is one.
    pub fn finding(&self) -> Option<&Finding> {
        match self {
            Self::Found(finding) => Some(finding),
            Self::Missing(_) => None,
        }
    }

    /// The name of its status.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Found(_) => "ok",
            Self::Missing(status) => status_name(status),
        }
    }
}

/// A status's name in tables and files.
pub fn status_name(status: &CellStatus) -> &'static str {
    match status {
        CellStatus::Ok => "ok",
        CellStatus::InsufficientSupport { .. } => "insufficient_support",
        CellStatus::NotApplicable { .. } => "not_applicable",
        CellStatus::NotRequested { .. } => "not_requested",
        CellStatus::ScorerUnavailable { .. } => "scorer_unavailable",
        CellStatus::Failed { .. } => "failed",
    }
}

/// Why, in words that do not name the status: for beside its name.
pub fn status_detail(status: &CellStatus) -> String {
    match status {
        CellStatus::NotApplicable { reason } => reason.clone(),
        CellStatus::NotRequested { enable_with } => format!("{enable_with} enables it"),
        CellStatus::ScorerUnavailable { fix } => fix.clone(),
        CellStatus::Failed { error } => error.clone(),
        CellStatus::Ok | CellStatus::InsufficientSupport { .. } => status_reason(status),
    }
}

/// Why, in words that name the status: for alone.
pub fn status_reason(status: &CellStatus) -> String {
    match status {
        CellStatus::Ok => String::new(),
        CellStatus::InsufficientSupport { n, needed } => {
            format!("too few instances: {n} of {needed}")
        }
        CellStatus::NotApplicable { reason } => format!("not applicable: {reason}"),
        CellStatus::NotRequested { enable_with } => {
            format!("not requested; {enable_with} enables it")
        }
        CellStatus::ScorerUnavailable { fix } => format!("scorer unavailable: {fix}"),
        CellStatus::Failed { error } => format!("failed: {error}"),
    }
}
