//! How alike two texts are, from their tokens' states: BERTScore's greedy matching (Zhang et al. 2020, section 3).

use super::forward::dot;

/// A text's states as unit vectors, with what each token weighs.
#[derive(Clone, Debug)]
pub(super) struct Matched {
    /// `width` numbers a token.
    pub(super) states: Vec<f32>,
    pub(super) width: usize,
    /// 0 for the tokens that begin and end a text, which take part as partners only.
    pub(super) weights: Vec<f64>,
    /// The text has no tokens of its own.
    pub(super) empty: bool,
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

/// Where one text has no tokens of its own all is 0, as in bert-score.
pub(super) fn bert_score(candidate: &Matched, reference: &Matched) -> BertScore {
    if candidate.empty || reference.empty {
        return BertScore { precision: 0.0, recall: 0.0, f1: 0.0 };
    }
    let (precision, recall) = (covered(candidate, reference), covered(reference, candidate));
    let sum = precision + recall;
    let f1 = if sum == 0.0 { 0.0 } else { 2.0 * precision * recall / sum };
    BertScore { precision, recall, f1 }
}

/// The weighted mean of each token's largest cosine with a token of the other text; 0 where no token weighs anything.
fn covered(text: &Matched, other: &Matched) -> f64 {
    let total: f64 = text.weights.iter().sum();
    if total == 0.0 {
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
