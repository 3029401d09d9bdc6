//! Why a metric can't be made.

use thiserror::Error;

/// Why a metric can't be made.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum MetricError {
    /// There is no metric of that name.
    #[error("there is no metric `{name}`; hint: {hint}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The nearest names.
        hint: String,
    },
    /// An argument is missing, unknown or of the wrong kind.
    #[error("the arguments of the metric `{metric}` are wrong: {problem}; hint: {hint}")]
    Arguments {
        /// The metric.
        metric: &'static str,
        /// What is wrong.
        problem: String,
        /// What would be right.
        hint: String,
    },
    /// It needs a scorer that is not there.
    #[error("{problem}; hint: {fix}")]
    ScorerUnavailable {
        /// What is missing.
        problem: String,
        /// How to get it.
        fix: String,
    },
}

impl MetricError {
    /// An unknown name, with the nearest known ones.
    pub(crate) fn unknown(name: &str, known: impl Iterator<Item = &'static str>) -> Self {
        let hint = nearest(name, known);
        Self::Unknown { name: name.to_owned(), hint }
    }

    /// A wrong argument.
    pub(crate) fn arguments(
        metric: &'static str,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Arguments { metric, problem: problem.into(), hint: hint.into() }
    }
}

/// A hint that names what is nearest to `name`, or everything when nothing is near.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let mut ranked: Vec<(f64, &str)> = known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), *candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let quoted = |names: Vec<&str>| {
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    if ranked.is_empty() {
        format!("one of {}", quoted(known))
    } else {
        format!("did you mean {}?", quoted(ranked.into_iter().take(3).map(|(_, n)| n).collect()))
    }
}
