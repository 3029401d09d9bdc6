//! Mixtures of experts: every row goes through a few feed-forward parts.

use super::forward::{Decoder, Workspace};
use super::weights::Mixture;
use crate::kernels::{AlignedBuffer, rows};

/// Buffers of the mixture.
#[derive(Debug, Default)]
pub(super) struct ExpertBuffers {
    scores: AlignedBuffer,
    gathered: AlignedBuffer,
    total: AlignedBuffer,
}

impl Decoder {
    /// Sends every row to its experts and adds their outputs by weight, in the order of the experts' numbers. The
    /// result is in `work.product`.
    pub(super) fn mixture(&self, mixture: &Mixture, input: &[f32], work: &mut Workspace) {
        let hidden = self.config.hidden;
        let mut buffers = std::mem::take(&mut work.experts);
        let chosen = self.route(mixture, input, &mut buffers, work);
        let total = buffers.total.at_least(input.len());
        total.fill(0.0);
        for (number, expert) in mixture.experts.iter().enumerate() {
            let members: Vec<(usize, f32)> = chosen
                .iter()
                .enumerate()
                .filter_map(|(row, picks)| {
                    picks.iter().find(|(own, _)| *own == number).map(|(_, weight)| (row, *weight))
                })
                .collect();
            if members.is_empty() {
                continue;
            }
            let gathered = buffers.gathered.at_least(members.len() * hidden);
            for (line, (row, _)) in gathered.chunks_exact_mut(hidden).zip(&members) {
                line.copy_from_slice(&input[row * hidden..(row + 1) * hidden]);
            }
            self.dense(expert, gathered, work);
            let product = work.product.as_slice().chunks_exact(hidden);
            for (line, (row, weight)) in product.zip(&members) {
                let target = &mut total[row * hidden..(row + 1) * hidden];
                rows::add_scaled(self.isa, line, *weight, target);
            }
        }
        if let Some((expert, gate)) = &mixture.shared {
            self.dense(expert, input, work);
            let scores = buffers.scores.at_least(input.len() / hidden);
            self.apply(gate, input, &mut work.packed, scores);
            let product = work.product.as_slice().chunks_exact(hidden);
            let lines = total.chunks_exact_mut(hidden).zip(product);
            for ((target, line), score) in lines.zip(scores) {
                let weight = 1.0 / (1.0 + (-*score).exp());
                rows::add_scaled(self.isa, line, weight, target);
            }
        }
        work.product.at_least(input.len()).copy_from_slice(total);
        work.experts = buffers;
    }

    /// Each row's experts with their weights: the softmax over all experts, of which the largest are kept.
    fn route(
        &self,
        mixture: &Mixture,
        input: &[f32],
        buffers: &mut ExpertBuffers,
        work: &mut Workspace,
    ) -> Vec<Vec<(usize, f32)>> {
        let experts = self.config.experts.expect("a mixture has its configuration");
        let rows = input.len() / self.config.hidden;
        let scores = buffers.scores.at_least(rows * experts.count);
        self.apply(&mixture.router, input, &mut work.packed, scores);
        let pick = |line: &[f32]| {
            let best = rows::maximum(self.isa, line);
            let sum: f32 = line.iter().map(|score| rows::exp(score - best)).sum();
            let mut picks: Vec<(usize, f32)> = line
                .iter()
                .enumerate()
                .map(|(number, score)| (number, rows::exp(score - best) / sum))
                .collect();
            picks.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            picks.truncate(experts.used);
            if experts.normalise {
                let kept: f32 = picks.iter().map(|(_, weight)| weight).sum();
                for (_, weight) in &mut picks {
                    *weight /= kept;
                }
            }
            picks
        };
        scores.chunks_exact(experts.count).map(pick).collect()
    }
}
