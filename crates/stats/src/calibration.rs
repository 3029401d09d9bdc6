//! Whether stated probabilities come true.
//!
//! The definitions are those of the Python package `uncertainty-calibration` 0.1.4 (Kumar, Liang and Ma 2019), which
//! HELM uses; `confidence` is the probability that the model gives its answer, `correct` whether it was right.

/// One prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// In [0, 1].
    pub confidence: f64,
    /// Whether it came true.
    pub correct: bool,
}

impl Prediction {
    fn outcome(&self) -> f64 {
        f64::from(u8::from(self.correct))
    }
}

/// The expected calibration error over `bins` bins that hold equally many predictions (`get_ece_em`). `None` without
/// predictions. Unreliable below some 300 predictions.
pub fn ece_equal_mass(predictions: &[Prediction], bins: usize) -> Option<f64> {
    let mut sorted: Vec<f64> = predictions.iter().map(|p| p.confidence).collect();
    sorted.sort_by(f64::total_cmp);
    let bins = bins.min(sorted.len()).max(1);
    let mut edges = Vec::with_capacity(bins);
    let (size, larger) = (sorted.len() / bins, sorted.len() % bins);
    let mut end = 0;
    for bin in 0..bins - 1 {
        end += size + usize::from(bin < larger);
        edges.push(f64::midpoint(sorted[end - 1], sorted[end]));
    }
    edges.push(1.0);
    edges.dedup();
    ece(predictions, &edges)
}

/// The expected calibration error over `bins` bins of equal width (Guo and others 2017; `get_ece`). `None` without
/// predictions.
pub fn ece_equal_width(predictions: &[Prediction], bins: usize) -> Option<f64> {
    let edges: Vec<f64> = (1..=bins).map(|edge| edge as f64 / bins as f64).collect();
    ece(predictions, &edges)
}

/// `edges` are the bins' upper ends; a prediction on an edge belongs to the bin below it.
fn ece(predictions: &[Prediction], edges: &[f64]) -> Option<f64> {
    if predictions.is_empty() {
        return None;
    }
    let mut bins = vec![(0.0, 0.0); edges.len()];
    for prediction in predictions {
        let bin = edges.partition_point(|edge| *edge < prediction.confidence).min(edges.len() - 1);
        bins[bin].0 += prediction.confidence;
        bins[bin].1 += prediction.outcome();
    }
    let n = predictions.len() as f64;
    Some(bins.iter().map(|(confidence, correct)| (confidence - correct).abs() / n).sum())
}

/// The mean squared distance of confidence from outcome (Brier 1950). `None` without predictions.
pub fn brier(predictions: &[Prediction]) -> Option<f64> {
    let sum: f64 = predictions.iter().map(|p| (p.confidence - p.outcome()).powi(2)).sum();
    (!predictions.is_empty()).then(|| sum / predictions.len() as f64)
}

/// Accuracy when the model may decline to answer what it is least sure of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Selective {
    /// The mean over all coverages of the accuracy at that coverage.
    pub coverage_accuracy_area: f64,
    /// The accuracy on the tenth of predictions that the model is surest of (HELM's `selective_acc@10`).
    pub accuracy_at_10: f64,
}

/// Selective accuracy. Predictions of equal confidence stay in the given order. `None` without predictions.
pub fn selective(predictions: &[Prediction]) -> Option<Selective> {
    if predictions.is_empty() {
        return None;
    }
    let mut sorted = predictions.to_vec();
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let mut right = 0.0;
    let accuracies: Vec<f64> = sorted
        .iter()
        .enumerate()
        .map(|(index, prediction)| {
            right += prediction.outcome();
            right / (index + 1) as f64
        })
        .collect();
    let n = accuracies.len();
    Some(Selective {
        coverage_accuracy_area: accuracies.iter().sum::<f64>() / n as f64,
        accuracy_at_10: accuracies[(0.1 * n as f64) as usize],
    })
}

/// A logistic map from stated to actual probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Platt {
    /// Multiplies the log-odds; 1 for a calibrated model.
    pub coefficient: f64,
    /// Added to the log-odds; 0 for a calibrated model.
    pub intercept: f64,
}

/// Confidences are kept this far from 0 and 1 so that their log-odds are finite.
const CLIP: f64 = 1e-12;

impl Platt {
    /// The map that makes the outcomes likeliest (Platt 1999), with the weak penalty of the original, half the squared
    /// coefficient over 1e10, by Newton's method. `None` when all outcomes are equal: there is no finite maximum then.
    pub fn fit(predictions: &[Prediction]) -> Option<Self> {
        const PENALTY: f64 = 1e-10;
        let right = predictions.iter().filter(|p| p.correct).count();
        if right == 0 || right == predictions.len() {
            return None;
        }
        let base = right as f64 / predictions.len() as f64;
        let mut fit = Self { coefficient: 0.0, intercept: (base / (1.0 - base)).ln() };
        let mut loss = fit.loss(predictions, PENALTY);
        for _ in 0..200 {
            let (slope, shift) = fit.newton_step(predictions, PENALTY)?;
            let mut scale = 1.0;
            let next = loop {
                let candidate = Self {
                    coefficient: fit.coefficient - scale * slope,
                    intercept: fit.intercept - scale * shift,
                };
                let candidate_loss = candidate.loss(predictions, PENALTY);
                if candidate_loss <= loss || scale < 1e-10 {
                    break (candidate, candidate_loss);
                }
                scale /= 2.0;
            };
            let moved = (next.0.coefficient - fit.coefficient).abs()
                + (next.0.intercept - fit.intercept).abs();
            (fit, loss) = next;
            if moved <= 1e-13 * (1.0 + fit.coefficient.abs() + fit.intercept.abs()) {
                break;
            }
        }
        Some(fit)
    }

    /// The actual probability for a stated one.
    pub fn apply(&self, confidence: f64) -> f64 {
        sigmoid(self.coefficient * log_odds(confidence) + self.intercept)
    }

    fn loss(&self, predictions: &[Prediction], penalty: f64) -> f64 {
        let likelihood: f64 = predictions
            .iter()
            .map(|p| {
                let score = self.coefficient * log_odds(p.confidence) + self.intercept;
                let margin = if p.correct { score } else { -score };
                if margin > 0.0 { (-margin).exp().ln_1p() } else { margin.exp().ln_1p() - margin }
            })
            .sum();
        likelihood + 0.5 * penalty * self.coefficient * self.coefficient
    }

    fn newton_step(&self, predictions: &[Prediction], penalty: f64) -> Option<(f64, f64)> {
        let (mut gradient, mut hessian) = ((penalty * self.coefficient, 0.0), (penalty, 0.0, 0.0));
        for prediction in predictions {
            let x = log_odds(prediction.confidence);
            let p = sigmoid(self.coefficient * x + self.intercept);
            let residual = p - prediction.outcome();
            let weight = p * (1.0 - p);
            gradient = (gradient.0 + residual * x, gradient.1 + residual);
            hessian = (hessian.0 + weight * x * x, hessian.1 + weight * x, hessian.2 + weight);
        }
        let determinant = hessian.0 * hessian.2 - hessian.1 * hessian.1;
        (determinant > 0.0).then(|| {
            (
                (hessian.2 * gradient.0 - hessian.1 * gradient.1) / determinant,
                (hessian.0 * gradient.1 - hessian.1 * gradient.0) / determinant,
            )
        })
    }
}

fn log_odds(confidence: f64) -> f64 {
    let clipped = confidence.clamp(CLIP, 1.0 - CLIP);
    (clipped / (1.0 - clipped)).ln()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
