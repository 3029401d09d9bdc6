//! One step over a ragged batch.

use std::sync::Arc;

use rayon::prelude::*;

use super::embed::{Rotations, slopes};
use super::experts::ExpertBuffers;
use super::kv::{KvCache, PageId};
use super::load::{Keep, Loader};
use super::names::Role;
use super::weights::{Dense, Layer, Linear, Mlp, NormWeights, Weights};
use crate::config::{Activation, Block, ModelConfig, NormKind, Positions, QkNorm};
use crate::error::EngineError;
use crate::format::Checkpoint;
use crate::kernels::attention::{self, PAGE, Sequence, Shape};
use crate::kernels::gemm::{self, Products};
use crate::kernels::{AlignedBuffer, Isa, rows};

/// A model that computes hidden states and logits.
#[derive(Debug)]
pub(crate) struct Decoder {
    pub(crate) config: ModelConfig,
    pub(crate) isa: Isa,
    products: Products,
    pub(super) checkpoint: Arc<Checkpoint>,
    pub(super) weights: Weights,
    /// The name of the token table.
    pub(super) tokens: String,
    /// The name of the table of places.
    pub(super) places: Option<String>,
    slopes: Vec<f32>,
}

/// The new tokens of one sequence.
#[derive(Clone, Debug)]
pub(crate) struct Run<'a> {
    pub(crate) tokens: &'a [u32],
    /// The position of the first.
    pub(crate) position: usize,
    /// All pages of the sequence, from position 0 to the last new token.
    pub(crate) pages: &'a [PageId],
    /// Which of the new tokens' final states are wanted, ascending.
    pub(crate) wanted: &'a [usize],
}

/// Buffers that are kept from step to step.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    x: AlignedBuffer,
    normed: AlignedBuffer,
    qkv: AlignedBuffer,
    attended: AlignedBuffer,
    pub(super) product: AlignedBuffer,
    pub(super) wide: AlignedBuffer,
    pub(super) narrow: AlignedBuffer,
    pub(super) packed: AlignedBuffer,
    hidden: AlignedBuffer,
    logits: AlignedBuffer,
    rotations: Vec<Rotations>,
    pub(super) experts: ExpertBuffers,
}

impl Decoder {
    /// Loads and packs the weights.
    pub(crate) fn load(
        config: ModelConfig,
        checkpoint: Arc<Checkpoint>,
        gguf: bool,
        keep: Keep,
        products: Products,
    ) -> Result<Self, EngineError> {
        let loader = Loader { config: &config, checkpoint: &checkpoint, gguf, keep };
        let weights = loader.load()?;
        let tokens = loader.table(Role::Tokens)?;
        let places = match config.positions {
            Positions::Learned { .. } => Some(loader.table(Role::Places)?),
            Positions::Rope | Positions::Alibi { .. } => None,
        };
        let slopes = slopes(&config);
        Ok(Self {
            isa: Isa::detect(),
            products,
            weights,
            tokens,
            places,
            slopes,
            checkpoint,
            config,
        })
    }

    /// Bytes of packed weights.
    pub(crate) fn weight_bytes(&self) -> usize {
        self.weights.bytes()
    }

    /// Floating-point operations of reading a prompt of `count` tokens: all products of the layers, attention included,
    /// the head left out.
    pub(crate) fn flops(&self, count: usize) -> f64 {
        let config = &self.config;
        let linear: usize = self.weights.layers.iter().map(Layer::multiplications).sum();
        let attention = 2 * config.query_width() * config.layers.len();
        2.0 * count as f64 * (linear as f64 + attention as f64 * (count as f64 + 1.0) / 2.0)
    }

    /// Floats of buffers per row of a step.
    pub(crate) fn floats_per_row(&self) -> usize {
        let config = &self.config;
        let wide = self.weights.layers.iter().map(|layer| match &layer.mlp {
            Mlp::Dense(dense) => dense.up.outputs(),
            Mlp::Mixture(mixture) => {
                let widths = mixture.experts.iter().map(|expert| expert.up.outputs());
                widths.max().unwrap_or(0) + 2 * config.hidden
            }
        });
        let wide = wide.max().unwrap_or(0);
        6 * config.hidden + 2 * config.query_width() + 2 * config.kv_width() + 2 * wide
    }

    /// Runs all layers over the new tokens, stores their keys and values, and returns the wanted final states,
    /// normalised, `embedding_width` floats each, in the order of the runs. `None` if `stop` says so between two layers.
    pub(crate) fn forward<'w>(
        &self,
        runs: &[Run<'_>],
        kv: &mut KvCache,
        work: &'w mut Workspace,
        stop: &dyn Fn() -> bool,
    ) -> Option<&'w [f32]> {
        let config = &self.config;
        let hidden = config.hidden;
        let count: usize = runs.iter().map(|run| run.tokens.len()).sum();
        work.rotations.resize_with(config.ropes.len(), Rotations::default);
        for (rotations, rope) in work.rotations.iter_mut().zip(&config.ropes) {
            rotations.fill(rope, positions(runs));
        }
        let mut x = std::mem::take(&mut work.x);
        self.embed(runs, x.at_least(count * hidden), work);
        for (index, layer) in self.weights.layers.iter().enumerate() {
            if stop() {
                work.x = x;
                return None;
            }
            self.layer(index, layer, runs, kv, &mut x.as_mut_slice()[..count * hidden], work);
        }
        let wanted: usize = runs.iter().map(|run| run.wanted.len()).sum();
        let mut out = std::mem::take(&mut work.hidden);
        let mut rows = out.at_least(wanted * hidden).chunks_exact_mut(hidden);
        let mut first = 0;
        for run in runs {
            for index in run.wanted {
                let source = &x.as_slice()[(first + index) * hidden..][..hidden];
                let target = rows.next().expect("as many rows as wanted");
                match &self.weights.output_norm {
                    Some(norm) => self.norm(norm, source, target),
                    None => target.copy_from_slice(source),
                }
            }
            first += run.tokens.len();
        }
        work.x = x;
        if let Some(project) = &self.weights.project_out {
            let narrow = work.narrow.at_least(wanted * config.embedding_width);
            self.apply(project, &out.as_slice()[..wanted * hidden], &mut work.packed, narrow);
            out.at_least(narrow.len()).copy_from_slice(narrow);
        }
        work.hidden = out;
        Some(&work.hidden.as_slice()[..wanted * config.embedding_width])
    }

    /// Logits of final states, `vocabulary` floats a row.
    pub(crate) fn logits<'w>(&self, states: &[f32], work: &'w mut Workspace) -> &'w mut [f32] {
        let rows = states.len() / self.config.embedding_width;
        let head = &self.weights.head;
        let width = head.outputs();
        let logits = work.logits.at_least(rows * width);
        self.apply(head, states, &mut work.packed, logits);
        let (scale, cap) = (self.config.logit_scale, self.config.logit_cap);
        if scale != 1.0 || cap.is_some() {
            each_row(logits, width, |_, row| {
                if scale != 1.0 {
                    rows::scale(self.isa, scale, row);
                }
                if let Some(cap) = cap {
                    rows::soft_cap(self.isa, cap, row);
                }
            });
        }
        logits
    }

    fn layer(
        &self,
        index: usize,
        layer: &Layer,
        runs: &[Run<'_>],
        kv: &mut KvCache,
        x: &mut [f32],
        work: &mut Workspace,
    ) {
        let hidden = self.config.hidden;
        let normed = work.normed.at_least(x.len());
        let after = self.config.block == Block::NormAfter;
        self.norm_rows(layer.attention_norm.as_ref().filter(|_| !after), x, normed);
        let rows = x.len() / hidden;
        let qkv_width = layer.qkv.outputs();
        let qkv = work.qkv.at_least(rows * qkv_width);
        self.apply(&layer.qkv, normed, &mut work.packed, qkv);
        self.prepare_heads(index, layer, &work.rotations, qkv);
        self.store(index, runs, kv, qkv);
        let attended = work.attended.at_least(rows * self.config.query_width());
        self.attend(index, runs, kv, qkv, attended);
        let product = work.product.at_least(x.len());
        self.apply(&layer.attention_out, attended, &mut work.packed, product);
        let mut normed = std::mem::take(&mut work.normed);
        let input = normed.at_least(x.len());
        match self.config.block {
            Block::Sequential => {
                self.add_rows(layer.attention_post_norm.as_ref(), product, x);
                self.norm_rows(layer.mlp_norm.as_ref(), x, input);
            }
            Block::Parallel => {
                if layer.mlp_norm.is_some() {
                    self.norm_rows(layer.mlp_norm.as_ref(), x, input);
                }
                self.add_rows(layer.attention_post_norm.as_ref(), product, x);
            }
            Block::NormAfter => {
                self.add_rows(None, product, x);
                self.norm_in_place(layer.attention_norm.as_ref(), x);
                input.copy_from_slice(x);
            }
        }
        match &layer.mlp {
            Mlp::Dense(dense) => self.dense(dense, input, work),
            Mlp::Mixture(mixture) => self.mixture(mixture, input, work),
        }
        work.normed = normed;
        let product = &work.product.as_slice()[..x.len()];
        self.add_rows(layer.mlp_post_norm.as_ref(), product, x);
        if after {
            self.norm_in_place(layer.mlp_norm.as_ref(), x);
        }
    }

    /// A feed-forward part; the result is in `work.product`.
    pub(super) fn dense(&self, dense: &Dense, input: &[f32], work: &mut Workspace) {
        let rows = input.len() / self.config.hidden;
        let width = dense.up.outputs();
        let wide = work.wide.at_least(rows * width);
        self.apply(&dense.up, input, &mut work.packed, wide);
        let product = work.product.at_least(input.len());
        if self.config.gated {
            let half = width / 2;
            let narrow = work.narrow.at_least(rows * half);
            let wide = &*wide;
            each_row(narrow, half, |row, out| {
                let line = &wide[row * width..(row + 1) * width];
                out.copy_from_slice(&line[..half]);
                self.activate(out);
                rows::multiply(self.isa, &line[half..], out);
            });
            self.apply(&dense.down, narrow, &mut work.packed, product);
        } else {
            each_row(wide, width, |_, row| self.activate(row));
            self.apply(&dense.down, wide, &mut work.packed, product);
        }
    }

    fn activate(&self, row: &mut [f32]) {
        match self.config.activation {
            Activation::Silu => rows::silu(self.isa, row),
            Activation::Gelu => rows::gelu(self.isa, row),
            Activation::GeluTanh => rows::gelu_tanh(self.isa, row),
            Activation::Relu => rows::relu(self.isa, row),
        }
    }

    /// `out = x W^T + bias`.
    pub(super) fn apply(
        &self,
        linear: &Linear,
        x: &[f32],
        packed: &mut AlignedBuffer,
        out: &mut [f32],
    ) {
        gemm::multiply(self.isa, self.products, x, &linear.parts, packed, out);
        if !linear.bias.is_empty() {
            each_row(out, linear.bias.len(), |_, row| rows::add(self.isa, &linear.bias, row));
        }
    }

    fn norm(&self, weights: &NormWeights, x: &[f32], out: &mut [f32]) {
        self.norm_by(&weights.weight, &weights.bias, x, out);
    }

    fn norm_by(&self, weight: &[f32], bias: &[f32], x: &[f32], out: &mut [f32]) {
        let norm = self.config.norm;
        match norm.kind {
            NormKind::Rms | NormKind::RmsPlusOne => {
                rows::rms_norm(self.isa, x, weight, norm.epsilon, out);
            }
            NormKind::Layer => rows::layer_norm(self.isa, x, weight, bias, norm.epsilon, out),
        }
    }

    /// Normalises rows where they lie.
    fn norm_in_place(&self, weights: Option<&NormWeights>, x: &mut [f32]) {
        let Some(weights) = weights else { return };
        each_row(x, self.config.hidden, |_, row| {
            let copy = row.to_vec();
            self.norm(weights, &copy, row);
        });
    }

    /// Normalises rows; copies them where there is no norm.
    fn norm_rows(&self, weights: Option<&NormWeights>, x: &[f32], out: &mut [f32]) {
        let hidden = self.config.hidden;
        each_row(out, hidden, |row, out| {
            let x = &x[row * hidden..(row + 1) * hidden];
            match weights {
                Some(weights) => self.norm(weights, x, out),
                None => out.copy_from_slice(x),
            }
        });
    }

    /// Adds a part's output to the residual stream.
    fn add_rows(&self, post_norm: Option<&NormWeights>, product: &[f32], x: &mut [f32]) {
        let hidden = self.config.hidden;
        let scale = self.config.residual_scale;
        each_row(x, hidden, |row, x| {
            let product = &product[row * hidden..(row + 1) * hidden];
            match post_norm {
                Some(weights) => {
                    let mut normed = vec![0.0; hidden];
                    self.norm(weights, product, &mut normed);
                    rows::add(self.isa, &normed, x);
                }
                None if scale == 1.0 => rows::add(self.isa, product, x),
                None => rows::add_scaled(self.isa, product, scale, x),
            }
        });
    }

    /// Clips, normalises and rotates queries and keys.
    fn prepare_heads(&self, index: usize, layer: &Layer, rotations: &[Rotations], qkv: &mut [f32]) {
        let config = &self.config;
        let (query, kv) = (config.query_width(), config.kv_width());
        let rotations = rotations.get(config.layers[index].rope);
        let interleaved = config.ropes.first().is_some_and(|rope| rope.interleaved);
        each_row(qkv, query + 2 * kv, |row, line| {
            if let Some(clip) = config.clip_qkv {
                for value in line.iter_mut() {
                    *value = value.clamp(-clip, clip);
                }
            }
            let (queries, rest) = line.split_at_mut(query);
            let keys = &mut rest[..kv];
            self.norm_heads(layer.query_norm.as_ref(), queries);
            self.norm_heads(layer.key_norm.as_ref(), keys);
            let Some(rotations) = rotations else { return };
            let range = row * rotations.pairs..(row + 1) * rotations.pairs;
            let (cos, sin) = (&rotations.cos[range.clone()], &rotations.sin[range]);
            let heads = queries.chunks_exact_mut(config.head_dim);
            for head in heads.chain(keys.chunks_exact_mut(config.head_dim)) {
                if interleaved {
                    rows::rotate_neighbours(cos, sin, head);
                } else {
                    rows::rotate_halves(self.isa, cos, sin, &mut head[..2 * cos.len()]);
                }
            }
        });
    }

    fn norm_heads(&self, weights: Option<&NormWeights>, heads: &mut [f32]) {
        let Some(weights) = weights else { return };
        let width = match self.config.qk_norm {
            QkNorm::Whole => heads.len(),
            QkNorm::PerHead | QkNorm::EachHead | QkNorm::None => self.config.head_dim,
        };
        let mut copy = vec![0.0; width];
        // Weights of one head serve all heads.
        let (weight, bias) = (weights.weight.chunks_exact(width), weights.bias.chunks_exact(width));
        let own = weight.zip(bias).cycle();
        for (part, (weight, bias)) in heads.chunks_exact_mut(width).zip(own) {
            copy.copy_from_slice(part);
            self.norm_by(weight, bias, &copy, part);
        }
    }

    fn store(&self, index: usize, runs: &[Run<'_>], kv: &mut KvCache, qkv: &[f32]) {
        let (query, width) = (self.config.query_width(), self.config.kv_width());
        let mut lines = qkv.chunks_exact(query + 2 * width);
        for run in runs {
            for token in 0..run.tokens.len() {
                let line = lines.next().expect("a row per token");
                let position = run.position + token;
                let (keys, values) = line[query..].split_at(width);
                kv.store(run.pages[position / PAGE], index, position % PAGE, keys, values);
            }
        }
    }

    fn attend(&self, index: usize, runs: &[Run<'_>], kv: &KvCache, qkv: &[f32], out: &mut [f32]) {
        let config = &self.config;
        let pages: Vec<Vec<*const f32>> = runs
            .iter()
            .map(|run| run.pages.iter().map(|page| kv.layer(*page, index)).collect())
            .collect();
        let mut row = 0;
        let mut sequences = Vec::with_capacity(runs.len());
        for (run, pages) in runs.iter().zip(&pages) {
            let count = run.tokens.len();
            sequences.push(Sequence { row, count, position: run.position, pages });
            row += count;
        }
        let mut scale = config.attention_scale;
        if config.scale_by_layer {
            scale /= (index + 1) as f32;
        }
        let shape = Shape {
            heads: config.heads,
            kv_heads: config.kv_heads,
            head_dim: config.head_dim,
            scale,
            cap: config.attention_cap,
            window: config.layers[index].window,
            slopes: &self.slopes,
        };
        let stride = config.query_width() + 2 * config.kv_width();
        attention::attend(self.isa, shape, &sequences, qkv, stride, out);
    }
}

pub(super) fn positions<'a>(runs: &'a [Run<'_>]) -> impl Iterator<Item = usize> + 'a {
    runs.iter().flat_map(|run| run.position..run.position + run.tokens.len())
}

/// Rows below which starting threads costs more than it saves.
const FEW_ROWS: usize = 8;

/// Calls `each` with every row's number and values, in parallel if there are many.
pub(super) fn each_row(
    values: &mut [f32],
    width: usize,
    each: impl Fn(usize, &mut [f32]) + Send + Sync,
) {
    if values.len() < FEW_ROWS * width {
        for (row, line) in values.chunks_exact_mut(width).enumerate() {
            each(row, line);
        }
    } else {
        let lines = values.par_chunks_exact_mut(width).with_min_len(FEW_ROWS);
        lines.enumerate().for_each(|(row, line)| each(row, line));
    }
}
