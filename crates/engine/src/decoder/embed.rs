//! What enters the first layer: token and place embeddings; and the rotations of each place.

use super::forward::{Decoder, Run, Workspace, positions};
use crate::config::{ModelConfig, Positions, Rope};
use crate::kernels::rows;

impl Decoder {
    /// The embeddings of all tokens, `hidden` floats a row.
    pub(super) fn embed(&self, runs: &[Run<'_>], x: &mut [f32], work: &mut Workspace) {
        let config = &self.config;
        let hidden = config.hidden;
        self.embed_tokens(runs, x, work);
        let places = self
            .places
            .as_ref()
            .map(|name| self.checkpoint.find(name).expect("the table was found at loading"));
        let mut line = vec![0.0; hidden];
        if let (Some(places), Positions::Learned { offset }) = (places, config.positions) {
            for (row, position) in x.chunks_exact_mut(hidden).zip(positions(runs)) {
                places.read_row(position + offset, &mut line);
                rows::add(self.isa, &line, row);
            }
        }
        if let Some(norm) = &self.weights.embedding_norm {
            for row in x.chunks_exact_mut(hidden) {
                line.copy_from_slice(row);
                rows::layer_norm(
                    self.isa,
                    &line,
                    &norm.weight,
                    &norm.bias,
                    config.norm.epsilon,
                    row,
                );
            }
        }
    }
}

impl Decoder {
    /// The rows of the token table, scaled, and brought to the width of the layers.
    fn embed_tokens(&self, runs: &[Run<'_>], x: &mut [f32], work: &mut Workspace) {
        let (width, scale) = (self.config.embedding_width, self.config.embedding_scale);
        let tokens = self.checkpoint.find(&self.tokens).expect("the table was found at loading");
        let all = runs.iter().flat_map(|run| run.tokens);
        let read = |rows: &mut [f32]| {
            for (row, token) in rows.chunks_exact_mut(width).zip(all) {
                tokens.read_row(*token as usize, row);
                if scale != 1.0 {
                    rows::scale(self.isa, scale, row);
                }
            }
        };
        let Some(project) = &self.weights.project_in else { return read(x) };
        let narrow = work.narrow.at_least(x.len() / self.config.hidden * width);
        read(narrow);
        self.apply(project, narrow, &mut work.packed, x);
    }
}

/// Cosines and sines for every row of a batch.
#[derive(Debug, Default)]
pub(super) struct Rotations {
    pub(super) pairs: usize,
    pub(super) cos: Vec<f32>,
    pub(super) sin: Vec<f32>,
}

impl Rotations {
    /// For the given positions, one row each.
    pub(super) fn fill(&mut self, rope: &Rope, positions: impl Iterator<Item = usize>) {
        self.pairs = rope.frequencies.len();
        self.cos.clear();
        self.sin.clear();
        for position in positions {
            for frequency in &rope.frequencies {
                // The angle is rounded to f32 first, as in the reference implementation.
                let angle = f64::from(position as f32 * frequency);
                self.cos.push(angle.cos() as f32 * rope.magnitude);
                self.sin.push(angle.sin() as f32 * rope.magnitude);
            }
        }
    }
}

/// ALiBi's slope of each head (arXiv:2108.12409, section 3).
pub(super) fn slopes(config: &ModelConfig) -> Vec<f32> {
    let Positions::Alibi { scaled } = config.positions else { return Vec::new() };
    let whole = if config.heads.is_power_of_two() {
        config.heads
    } else {
        config.heads.next_power_of_two() / 2
    };
    let ratio = |count: usize| 2.0_f64.powf(-8.0 / count as f64);
    let first = (1..=whole).map(|head| ratio(whole).powi(head as i32));
    let rest = (0..config.heads - whole).map(|head| ratio(2 * whole).powi(2 * head as i32 + 1));
    let scale = if scaled { f64::from(config.attention_scale) } else { 1.0 };
    first.chain(rest).map(|slope| (slope * scale) as f32).collect()
}
