//! Choosing the next token, and what is reported about it.

use std::collections::HashMap;

use holometer_core::{Decoding, TokenId};

use crate::kernels::{Isa, rows};

/// A next-token distribution: logits with what turns them into log-probabilities.
pub(crate) struct Distribution<'a> {
    logits: &'a [f32],
    maximum: f64,
    log_sum: f64,
}

impl<'a> Distribution<'a> {
    pub(crate) fn new(isa: Isa, logits: &'a [f32]) -> Self {
        let maximum = rows::maximum(isa, logits);
        let log_sum = rows::sum_exp(isa, logits, maximum).ln();
        Self { logits, maximum: f64::from(maximum), log_sum }
    }

    /// A token's natural-log probability.
    pub(crate) fn logprob(&self, token: TokenId) -> f64 {
        (f64::from(self.logits[token as usize]) - self.maximum) - self.log_sum
    }

    /// The likeliest tokens, likeliest first; of equals the one with the lower number.
    pub(crate) fn top(&self, count: usize) -> Vec<(TokenId, f64)> {
        let mut best: Vec<(TokenId, f32)> = Vec::with_capacity(count + 1);
        for (token, logit) in self.logits.iter().enumerate() {
            if best.len() == count && *logit <= best[count - 1].1 {
                continue;
            }
            let place = best.partition_point(|(_, own)| own >= logit);
            best.insert(place, (token as TokenId, *logit));
            best.truncate(count);
        }
        best.into_iter().map(|(token, _)| (token, self.logprob(token))).collect()
    }

    /// How many tokens there are.
    pub(crate) fn vocabulary(&self) -> usize {
        self.logits.len()
    }

    /// The likeliest token; of equals the one with the lowest number.
    fn likeliest(&self) -> TokenId {
        // Whole chunks without a way out in the middle, so that the compiler compares many at once.
        const CHUNK: usize = 256;
        let largest = self.maximum as f32;
        let occurs = |chunk: &[f32]| chunk.iter().filter(|logit| **logit == largest).count() > 0;
        let mut chunks = self.logits.chunks(CHUNK).enumerate();
        let found = chunks.find(|(_, chunk)| occurs(chunk)).and_then(|(index, chunk)| {
            let place = chunk.iter().position(|logit| *logit == largest)?;
            Some(index * CHUNK + place)
        });
        found.unwrap_or(0) as TokenId
    }

    /// Whether all is finite; a damaged checkpoint gives other numbers.
    pub(crate) fn is_sound(&self) -> bool {
        self.maximum.is_finite() && self.log_sum.is_finite()
    }
}

/// The token with the largest value; of equals the one with the lowest number.
fn likeliest(values: &[f64]) -> TokenId {
    let mut best = (0, f64::NEG_INFINITY);
    for (token, value) in values.iter().enumerate() {
        if *value > best.1 {
            best = (token, *value);
        }
    }
    best.0 as TokenId
}

/// Draws the tokens of one completion.
#[derive(Debug)]
pub(crate) struct Sampler {
    temperature: f64,
    top_p: f64,
    top_k: usize,
    presence: f64,
    frequency: f64,
    counts: HashMap<TokenId, u32>,
    state: u64,
}

impl Sampler {
    pub(crate) fn new(decoding: &Decoding, seed: u64, completion: usize) -> Self {
        let mut sampler = Self {
            temperature: decoding.temperature,
            top_p: decoding.top_p,
            top_k: decoding.top_k.map_or(usize::MAX, |most| most.max(1)),
            presence: decoding.presence_penalty,
            frequency: decoding.frequency_penalty,
            counts: HashMap::new(),
            state: seed ^ (completion as u64).wrapping_mul(0xd134_2543_de82_ef95),
        };
        sampler.uniform();
        sampler
    }

    /// The next token.
    pub(crate) fn next(&mut self, distribution: &Distribution<'_>) -> TokenId {
        let logits = distribution.logits;
        let penalises = self.presence != 0.0 || self.frequency != 0.0;
        let token = if self.temperature > 0.0 {
            self.draw(self.penalised(logits))
        } else if penalises {
            likeliest(&self.penalised(logits))
        } else {
            distribution.likeliest()
        };
        if penalises {
            *self.counts.entry(token).or_default() += 1;
        }
        token
    }

    /// Logits less what is taken off for tokens that were written before.
    fn penalised(&self, logits: &[f32]) -> Vec<f64> {
        let mut values: Vec<f64> = logits.iter().copied().map(f64::from).collect();
        for (token, count) in &self.counts {
            values[*token as usize] -= self.presence + self.frequency * f64::from(*count);
        }
        values
    }

    fn draw(&mut self, mut scaled: Vec<f64>) -> TokenId {
        for value in &mut scaled {
            *value /= self.temperature;
        }
        let best = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut weights: Vec<(usize, f64)> =
            scaled.iter().map(|value| (value - best).exp()).enumerate().collect();
        weights.retain(|(_, weight)| *weight > 0.0);
        let cut = self.top_k < weights.len();
        if cut || self.top_p < 1.0 {
            weights.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            weights.truncate(self.top_k);
        }
        let mut total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        if self.top_p < 1.0 {
            let mut mass = 0.0;
            let needed = self.top_p * total;
            let kept = weights.iter().position(|(_, weight)| {
                mass += weight;
                mass >= needed
            });
            weights.truncate(kept.map_or(weights.len(), |last| last + 1));
            total = weights.iter().map(|(_, weight)| weight).sum();
        }
        let mut left = self.uniform() * total;
        for (token, weight) in &weights {
            left -= weight;
            if left < 0.0 {
                return *token as TokenId;
            }
        }
        weights.last().map_or(0, |(token, _)| *token as TokenId)
    }

    /// A number in [0, 1): SplitMix64 (Steele, Lea and Flood, 2014).
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }
}
