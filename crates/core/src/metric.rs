//! The plug-in traits of metrics. Metrics are functions of stored outcomes: computing them again needs no model.

use crate::card::MetricCard;
use crate::inquiry::{Findings, Inquiry, Respondent};
use crate::instance::Instance;
use crate::model::Tokenizer;
use crate::outcome::{Outcome, Response};
use crate::request::RequestState;
use crate::run_spec::RunSpec;
use crate::score::Score;

/// One request with what came back.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The request.
    pub state: &'a RequestState,
    /// What came back.
    pub outcome: &'a Outcome,
    /// Seconds that it took; `None` for imported results without times.
    pub seconds: Option<f64>,
}

/// What a metric scores: one instance (original or one perturbed copy) under one draw of few-shot examples, with all
/// its requests in order.
#[derive(Clone)]
pub struct Unit<'a> {
    /// The run.
    pub spec: &'a RunSpec,
    /// The instance.
    pub instance: &'a Instance,
    /// Which draw of few-shot examples.
    pub train_trial_index: usize,
    /// Its requests, in the order in which they were made. Never empty.
    pub answers: Vec<Answer<'a>>,
    /// The model's tokenizer, if known.
    pub tokenizer: Option<&'a dyn Tokenizer>,
}

impl<'a> Unit<'a> {
    /// All responses in order.
    ///
    /// # Errors
    /// The reason why the unit can't be scored, when any request was refused or failed.
    pub fn responses(&self) -> Result<Vec<&'a Response>, String> {
        self.answers
            .iter()
            .map(|answer| match answer.outcome {
                Outcome::Answered(response) => Ok(response),
                Outcome::Refused { reason } => Err(format!("the provider refused: {reason}")),
                Outcome::Failed { message, .. } => Err(format!("the request failed: {message}")),
            })
            .collect()
    }
}

/// How metrics are to behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetricOptions {
    /// Give HELM's numbers, faults included.
    pub helm_compat: bool,
}

/// A metric, or a family of metrics computed together. One value per unit and name.
pub trait Metric: Send + Sync {
    /// A card for every name in [`Metric::score`]'s result.
    fn cards(&self) -> Vec<MetricCard>;

    /// Scores one unit. Every name of the cards that belongs to the unit's adaptation method appears, with a number or a
    /// reason; a metric of written answers gives nothing for units whose references are scored one by one, and the reverse.
    /// With several outputs, `name@k` stands beside `name` and shares its card.
    fn score(&self, unit: &Unit<'_>) -> Vec<Score>;

    /// What must be asked about a unit's answers before it can be scored; always the same for the same unit.
    fn inquiries(&self, _unit: &Unit<'_>) -> Vec<Inquiry> {
        Vec::new()
    }

    /// The scores that rest on inquiries, with who is asked.
    fn asking(&self) -> Vec<(&'static str, Respondent)> {
        Vec::new()
    }

    /// As [`Metric::score`], with what came of [`Metric::inquiries`].
    fn score_with(&self, unit: &Unit<'_>, _findings: &dyn Findings) -> Vec<Score> {
        self.score(unit)
    }

    /// Statistics of a whole set of units that are not means of per-unit values.
    fn totals(&self) -> Vec<Box<dyn TotalsMetric>> {
        Vec::new()
    }
}

/// A statistic that is a function of sums over units: a ratio, an F1 score, a bias score. Because it only needs the sums,
/// its interval comes from resampling clusters of units.
pub trait TotalsMetric: Send + Sync {
    /// A card for every name in [`TotalsMetric::combine`]'s result.
    fn cards(&self) -> Vec<MetricCard>;

    /// What a unit adds to the sums, always of the same length; or why it is left out.
    ///
    /// # Errors
    /// The reason why the unit is left out.
    fn components(&self, unit: &Unit<'_>) -> Result<Vec<f64>, String>;

    /// The statistics, from the sums over a set of units. `unscored` where a denominator is zero.
    fn combine(&self, sums: &[f64]) -> Vec<Score>;

    /// The statistics, from what each unit of the set has, for the few that do not follow from sums (a calibration error needs
    /// the units in order of confidence). `None`, as for most: [`TotalsMetric::combine`] tells all.
    fn combine_all(&self, _components: &[&[f64]]) -> Option<Vec<Score>> {
        None
    }
}

/// The sums of a [`TotalsMetric`] per unit, as kept for summaries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// One vector per unit, in the units' order; `Err` holds why the unit is left out.
    pub components: Vec<Result<Vec<f64>, String>>,
}
