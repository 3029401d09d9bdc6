//! How alike two texts are, from their tokens' states: BERTScore's greedy matching (Zhang et al. 2020, section 3).

use super::forward::dot;

/// A text's states as unit vectors, with what each token weighs.
#[derive(Clone, Debug)]
pub(super) struct Matched {
    /// `width` numbers a token.
    pub(super) states: Vec<f32>,
    pub(super) width: usize,
    /// 0 for special tokens, which take part as partners only.
    pub(super) weights: Vec<f64>,
}

/// BERTScore of a candidate: precision, recall and F1, each usually in [0, 1], as the formula gives them, not rescaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BertScore {
    /// How well the reference's tokens cover the candidate's.
    pub precision: f64,
    /// How well the candidate's tokens cover the reference's.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
}

impl BertScore {
    /// Stretched so that the mean of unrelated pairs is near 0: `(x - b) / (1 - b)` for each part.
    #[must_use]
    pub fn rescaled(self, baseline: [f64; 3]) -> Self {
        let stretch = |value: f64, low: f64| (value - low) / (1.0 - low);
        Self {
            precision: stretch(self.precision, baseline[0]),
            recall: stretch(self.recall, baseline[1]),
            f1: stretch(self.f1, baseline[2]),
        }
    }
}

/// Scales each state to length 1.
pub(super) fn normalise(states: &mut [f32], width: usize) {
    for state in states.chunks_exact_mut(width) {
        let length = dot(state, state).sqrt();
        if length > 0.0 {
            for value in state {
                *value /= length;
            }
        }
    }
}

/// A text without tokens of its own has 0 everywhere, as in the authors' program.
pub(super) fn bert_score(candidate: &Matched, reference: &Matched) -> BertScore {
    let (precision, recall) = (covered(candidate, reference), covered(reference, candidate));
    let sum = precision + recall;
    let f1 = if sum == 0.0 { 0.0 } else { 2.0 * precision * recall / sum };
    BertScore { precision, recall, f1 }
}

/// The weighted mean of each token's largest cosine with a token of the other text.
fn covered(text: &Matched, other: &Matched) -> f64 {
    let total: f64 = text.weights.iter().sum();
    let whole = |text: &Matched| text.weights.iter().any(|weight| *weight > 0.0);
    if total == 0.0 || !whole(other) {
        return 0.0;
    }
    let best = |state: &[f32]| {
        let cosines = other.states.chunks_exact(other.width).map(|partner| dot(state, partner));
        f64::from(cosines.fold(f32::NEG_INFINITY, f32::max))
    };
    let states = text.states.chunks_exact(text.width);
    let weighted = states.zip(&text.weights).filter(|(_, weight)| **weight > 0.0);
    weighted.map(|(state, weight)| weight * best(state)).sum::<f64>() / total
}
