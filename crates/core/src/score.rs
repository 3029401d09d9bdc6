//! Scores: a number, or the reason why there is none.

use serde::{Deserialize, Serialize};

use crate::ids::MetricName;

/// A metric's value for one unit. Never NaN; [`Value::number`] turns a non-finite number into a reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A finite number.
    Number(f64),
    /// Why there is none.
    Unscored(String),
}

impl Value {
    /// A number, or *unscored* if it is not finite.
    pub fn number(value: f64) -> Self {
        if value.is_finite() {
            Self::Number(value)
        } else {
            Self::Unscored(format!("the computation gave `{value}`"))
        }
    }

    /// A number: 1 or 0.
    pub fn indicator(value: bool) -> Self {
        Self::Number(f64::from(u8::from(value)))
    }

    /// The number, if there is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Unscored(_) => None,
        }
    }
}

/// A metric's value for one unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The metric.
    pub metric: MetricName,
    /// Its value.
    pub value: Value,
}

impl Score {
    /// A score.
    pub fn new(metric: impl Into<String>, value: Value) -> Self {
        Self { metric: MetricName(metric.into()), value }
    }
}

/// The status of a cell of a report: it is a number, or it says why not. No cell is ever blank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum CellStatus {
    /// A number.
    Ok,
    /// Too few instances for the number to mean anything.
    InsufficientSupport {
        /// How many there are.
        n: usize,
        /// How many are needed.
        needed: usize,
    },
    /// The metric has no meaning here.
    NotApplicable {
        /// Why.
        reason: String,
    },
    /// It was not asked for.
    NotRequested {
        /// The flag or setting that asks for it.
        enable_with: String,
    },
    /// It needs a scorer that is not there.
    ScorerUnavailable {
        /// How to get it.
        fix: String,
    },
    /// It was tried and failed.
    Failed {
        /// The error.
        error: String,
    },
}
