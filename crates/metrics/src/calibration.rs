//! Whether a model's confidence in its answers comes true, over a population: HELM's calibration statistics and a few more.
//!
//! What counts as confidence and as right is the caller's business; the arithmetic is in `holometer_stats::calibration`.

use holometer_core::{MetricCard, MetricOptions, Score, TotalsMetric, Unit, Value};
use holometer_stats::calibration::{
    Platt, Prediction, brier, ece_equal_mass, ece_equal_width, selective,
};

const DOCS: &str = include_str!("docs/calibration.md");

/// One answer: how sure the model was, whether it was right, and the log-probability of what it wrote.
#[expect(clippy::struct_field_names, reason = "the literature's word for the field, too")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Confidence {
    pub(crate) confidence: f64,
    pub(crate) correct: bool,
    pub(crate) logprob: f64,
}

/// Reads a unit's answer, or says why there is nothing to be sure of.
pub(crate) type Read = Box<dyn Fn(&Unit<'_>) -> Result<Confidence, String> + Send + Sync>;

/// The calibration of a population of answers.
pub(crate) struct Calibration {
    pub(crate) read: Read,
    pub(crate) options: MetricOptions,
}

/// Documents the statistics.
pub(crate) fn cards() -> Vec<MetricCard> {
    let card = |name, summary, higher_is_better, range| MetricCard {
        name,
        summary,
        docs: DOCS,
        higher_is_better,
        range,
    };
    let unit = (0.0, 1.0);
    let all = (f64::NEG_INFINITY, f64::INFINITY);
    vec![
        card(
            "ece_10_bin",
            "Expected calibration error, 10 bins of equally many answers",
            Some(false),
            unit,
        ),
        card("ece_1_bin", "Distance of mean confidence from accuracy", Some(false), unit),
        card(
            "ece_10_bin_equal_width",
            "Expected calibration error, 10 bins of equal width",
            Some(false),
            unit,
        ),
        card("brier", "Mean squared distance of confidence from outcome", Some(false), unit),
        card(
            "selective_cov_acc_area",
            "Accuracy, averaged over all shares of surest answers",
            Some(true),
            unit,
        ),
        card(
            "selective_acc",
            "Accuracy on the given percentage of surest answers",
            Some(true),
            unit,
        ),
        card("platt_coef", "Slope of the logistic recalibration; 1 if calibrated", None, all),
        card("platt_intercept", "Shift of the logistic recalibration; 0 if calibrated", None, all),
        card("platt_ece_10_bin", "As `ece_10_bin`, after recalibration", Some(false), unit),
        card("platt_ece_1_bin", "As `ece_1_bin`, after recalibration", Some(false), unit),
    ]
}

impl TotalsMetric for Calibration {
    fn cards(&self) -> Vec<MetricCard> {
        let ours = ["ece_10_bin_equal_width", "brier"];
        let mut cards = cards();
        cards.retain(|card| !(self.options.helm_compat && ours.contains(&card.name)));
        cards
    }

    fn components(&self, unit: &Unit<'_>) -> Result<Vec<f64>, String> {
        let Confidence { confidence, correct, logprob } = (self.read)(unit)?;
        Ok(vec![confidence, f64::from(u8::from(correct)), logprob])
    }

    /// Unused: a calibration error does not follow from sums.
    fn combine(&self, _: &[f64]) -> Vec<Score> {
        Vec::new()
    }

    fn combine_all(&self, components: &[&[f64]]) -> Option<Vec<Score>> {
        // Models that report nothing but zeros report no probabilities.
        if !components.iter().any(|unit| unit[2] < 0.0) {
            let reason = "the model reports no log-probabilities";
            let names = self.cards().into_iter().map(|card| card.name);
            return Some(
                names.map(|name| Score::new(name, Value::Unscored(reason.into()))).collect(),
            );
        }
        let predictions: Vec<Prediction> = components
            .iter()
            .map(|unit| Prediction { confidence: unit[0], correct: unit[1] == 1.0 })
            .collect();
        let mut scores = self.as_stated(&predictions);
        scores.extend(self.recalibrated(&predictions));
        Some(scores)
    }
}

impl Calibration {
    fn as_stated(&self, predictions: &[Prediction]) -> Vec<Score> {
        let mut scores = vec![
            score("ece_10_bin", ece_equal_mass(predictions, 10)),
            score("ece_1_bin", ece_equal_width(predictions, 1)),
        ];
        let selective = selective(predictions);
        let area = selective.map(|selective| selective.coverage_accuracy_area);
        scores.push(score("selective_cov_acc_area", area));
        let tenth = selective.map(|selective| selective.accuracy_at_10);
        scores.push(score("selective_acc@10", tenth));
        if !self.options.helm_compat {
            scores.push(score("ece_10_bin_equal_width", ece_equal_width(predictions, 10)));
            scores.push(score("brier", brier(predictions)));
            scores.extend(curve(predictions));
        }
        scores
    }

    fn recalibrated(&self, predictions: &[Prediction]) -> Vec<Score> {
        let Some(platt) = Platt::fit(predictions) else {
            let value = if self.options.helm_compat {
                Value::Number(0.0)
            } else {
                Value::Unscored("all answers are right, or all are wrong".into())
            };
            let names = ["platt_ece_10_bin", "platt_ece_1_bin"];
            return names.into_iter().map(|name| Score::new(name, value.clone())).collect();
        };
        let scaled: Vec<Prediction> = predictions
            .iter()
            .map(|stated| Prediction { confidence: platt.apply(stated.confidence), ..*stated })
            .collect();
        vec![
            score("platt_coef", Some(platt.coefficient)),
            score("platt_intercept", Some(platt.intercept)),
            score("platt_ece_10_bin", ece_equal_mass(&scaled, 10)),
            score("platt_ece_1_bin", ece_equal_width(&scaled, 1)),
        ]
    }
}

/// Points of the selective accuracy curve: the surest 20, 30, ..., 90 per cent.
fn curve(predictions: &[Prediction]) -> Vec<Score> {
    let mut sorted = predictions.to_vec();
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    (2..10)
        .map(|tenths| {
            // As at 10 per cent: one more than the share, rounded down.
            let answers = sorted.len() * tenths / 10 + 1;
            let surest = &sorted[..answers.min(sorted.len())];
            let right = surest.iter().filter(|prediction| prediction.correct).count();
            let accuracy = right as f64 / surest.len() as f64;
            Score::new(format!("selective_acc@{tenths}0"), Value::number(accuracy))
        })
        .collect()
}

fn score(name: &str, value: Option<f64>) -> Score {
    let none = || Value::Unscored("there are no answers".into());
    Score::new(name, value.map_or_else(none, Value::number))
}
