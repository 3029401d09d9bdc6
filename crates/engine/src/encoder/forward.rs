//! From tokens to states: all rows of a batch together, attention within each text.
#![expect(
    clippy::inline_always,
    reason = "code gets a processor's vector instructions only where it is inlined into a function that has them"
)]

use std::ops::Range;

use rayon::prelude::*;

use super::config::{Activation, EncoderConfig, EncoderFamily, Relative};
use super::weights::{Head, Layer, Linear, Norm, Weights};
use crate::format::TensorView;
use crate::kernels::gemm::{self, Products};
use crate::kernels::rows::{self, LANES};
use crate::kernels::{AlignedBuffer, Isa};

/// One text's tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) ids: Vec<u32>,
    /// 0 for a pair's first text, 1 for its second.
    pub(crate) types: Vec<u32>,
}

/// The states after `layer` layers (0: the embeddings) of every row, text after text: `hidden` numbers a row.
pub(super) fn states(
    config: &EncoderConfig,
    weights: &Weights,
    table: TensorView<'_>,
    texts: &[&Tokens],
    layer: usize,
) -> Vec<f32> {
    let mut spans = Vec::with_capacity(texts.len());
    let mut end = 0;
    for text in texts {
        spans.push(end..end + text.ids.len());
        end += text.ids.len();
    }
    let mut states = embeddings(config, weights, table, texts);
    let embedded = match &weights.convolution {
        Some(_) => states.clone(),
        None => Vec::new(),
    };
    for index in 0..layer {
        for own in layers(config, weights, index) {
            states = step(config, own, &states, &spans);
        }
        if index == 0 && weights.convolution.is_some() {
            states = convolved(config, weights, &embedded, states, &spans);
        }
    }
    states
}

/// The weights of a layer; ALBERT's layers share them.
fn layers<'a>(config: &EncoderConfig, weights: &'a Weights, index: usize) -> &'a [Layer] {
    if config.family == EncoderFamily::Albert {
        let group = index * config.groups / config.layers;
        return &weights.layers[group * config.group_layers..(group + 1) * config.group_layers];
    }
    &weights.layers[index..=index]
}

fn embeddings(
    config: &EncoderConfig,
    weights: &Weights,
    table: TensorView<'_>,
    texts: &[&Tokens],
) -> Vec<f32> {
    let isa = Isa::detect();
    let width = config.embedding;
    let mut out = Vec::new();
    let mut row = vec![0.0; width];
    for text in texts {
        for (position, (id, kind)) in text.ids.iter().zip(&text.types).enumerate() {
            table.read_row(*id as usize, &mut row);
            let mut add = |table: &Option<Vec<f32>>, at: usize| {
                if let Some(table) = table {
                    rows::add(isa, &table[at * width..(at + 1) * width], &mut row);
                }
            };
            add(&weights.types, (*kind as usize).min(config.types.saturating_sub(1)));
            add(&weights.positions, position + config.first_position);
            out.extend_from_slice(&row);
        }
    }
    // ALBERT norms the narrow embeddings, the others what the layers get.
    let narrow = config.family == EncoderFamily::Albert;
    if narrow {
        norm_rows(&weights.embedding_norm, config.epsilon, &mut out);
    }
    if let Some(projection) = &weights.projection {
        out = product(projection, &out);
    }
    if !narrow {
        norm_rows(&weights.embedding_norm, config.epsilon, &mut out);
    }
    out
}

fn step(config: &EncoderConfig, layer: &Layer, states: &[f32], spans: &[Range<usize>]) -> Vec<f32> {
    let isa = Isa::detect();
    let [queries, keys, values] = [0, 1, 2].map(|part| product(&layer.qkv[part], states));
    let mixed = attention(config, layer, [&queries, &keys, &values], spans);
    let mut attended = product(&layer.out, &mixed);
    rows::add(isa, states, &mut attended);
    norm_rows(&layer.attention_norm, config.epsilon, &mut attended);
    let mut up = product(&layer.up, &attended);
    activate(config.activation, &mut up);
    let mut out = product(&layer.down, &up);
    rows::add(isa, &attended, &mut out);
    norm_rows(&layer.output_norm, config.epsilon, &mut out);
    out
}

/// The product with each row, plus the bias.
pub(super) fn product(linear: &Linear, x: &[f32]) -> Vec<f32> {
    let isa = Isa::detect();
    let (inputs, outputs) = (linear.panels.inputs.max(1), linear.panels.outputs);
    let mut out = vec![0.0; x.len() / inputs * outputs];
    let mut packed = AlignedBuffer::default();
    let weights = std::slice::from_ref(&linear.panels);
    gemm::multiply(isa, Products::Exact, x, weights, &mut packed, &mut out);
    if !linear.bias.is_empty() {
        for row in out.chunks_exact_mut(outputs) {
            rows::add(isa, &linear.bias, row);
        }
    }
    out
}

/// Norms each row.
pub(super) fn norm_rows(norm: &Norm, epsilon: f32, x: &mut [f32]) {
    let isa = Isa::detect();
    let width = norm.weight.len();
    x.par_chunks_exact_mut(width).for_each(|row| {
        let own = row.to_vec();
        rows::layer_norm(isa, &own, &norm.weight, &norm.bias, epsilon, row);
    });
}

fn activate(activation: Activation, x: &mut [f32]) {
    let isa = Isa::detect();
    x.par_chunks_mut(4096).for_each(|part| match activation {
        Activation::Gelu => rows::gelu(isa, part),
        Activation::GeluTanh => rows::gelu_tanh(isa, part),
        Activation::Relu => rows::relu(isa, part),
        Activation::Silu => rows::silu(isa, part),
        Activation::Tanh => part.iter_mut().for_each(|value| *value = value.tanh()),
    });
}

/// Queries, keys and values of a text's one head; rows lie `stride` numbers apart.
pub(crate) struct HeadView<'a> {
    queries: &'a [f32],
    keys: &'a [f32],
    values: &'a [f32],
    position_keys: &'a [f32],
    position_queries: &'a [f32],
    relative: Option<Relative>,
    stride: usize,
    first: usize,
    size: usize,
    scale: f32,
}

fn attention(
    config: &EncoderConfig,
    layer: &Layer,
    [queries, keys, values]: [&[f32]; 3],
    spans: &[Range<usize>],
) -> Vec<f32> {
    let isa = Isa::detect();
    let (stride, size) = (config.hidden, config.hidden / config.heads);
    let kinds = config.relative.map_or(1, |relative| {
        1 + usize::from(relative.content_to_position) + usize::from(relative.position_to_content)
    });
    let scale = 1.0 / ((size * kinds) as f32).sqrt();
    let tasks: Vec<(&Range<usize>, usize)> =
        spans.iter().flat_map(|span| (0..config.heads).map(move |head| (span, head))).collect();
    let done: Vec<Vec<f32>> = tasks
        .par_iter()
        .map(|(span, head)| {
            let own = span.start * stride..span.end * stride;
            let view = HeadView {
                queries: &queries[own.clone()],
                keys: &keys[own.clone()],
                values: &values[own],
                position_keys: &layer.position_keys,
                position_queries: &layer.position_queries,
                relative: config.relative,
                stride,
                first: head * size,
                size,
                scale,
            };
            let mut out = vec![0.0; span.len() * size];
            attend(isa, &view, &mut out);
            out
        })
        .collect();
    let mut out = vec![0.0; queries.len()];
    for ((span, head), part) in tasks.iter().zip(&done) {
        for (row, values) in part.chunks_exact(size).enumerate() {
            let at = (span.start + row) * stride + head * size;
            out[at..at + size].copy_from_slice(values);
        }
    }
    out
}

impl HeadView<'_> {
    #[inline(always)]
    fn row<'b>(&self, x: &'b [f32], row: usize) -> &'b [f32] {
        &x[row * self.stride + self.first..][..self.size]
    }
}

rows::versions! {
    /// Every query sees every key of its text.
    fn attend(view: &HeadView<'_>, out: &mut [f32]) {
        let length = view.queries.len() / view.stride;
        let mut scores = vec![0.0_f32; length];
        for (query, mixed) in out.chunks_exact_mut(view.size).enumerate() {
            let own = view.row(view.queries, query);
            for (key, score) in scores.iter_mut().enumerate() {
                let other = view.row(view.keys, key);
                let mut sum = dot(own, other);
                if let Some(relative) = &view.relative {
                    let row = relative.row(query, key);
                    if !view.position_keys.is_empty() {
                        sum += dot(own, view.row(view.position_keys, row));
                    }
                    if !view.position_queries.is_empty() {
                        sum += dot(other, view.row(view.position_queries, row));
                    }
                }
                *score = sum * view.scale;
            }
            let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut total = 0.0;
            for score in &mut scores {
                *score = rows::exp(*score - most);
                total += *score;
            }
            for (key, score) in scores.iter().enumerate() {
                let share = score / total;
                for (value, add) in mixed.iter_mut().zip(view.row(view.values, key)) {
                    *value += share * add;
                }
            }
        }
    }
}

/// A sum of products in sixteen lanes, joined in a fixed order.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (whole_a, whole_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = whole_a.remainder().iter().zip(whole_b.remainder());
    for (a, b) in whole_a.zip(whole_b) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    for (lane, (a, b)) in lanes.iter_mut().zip(rest) {
        *lane += a * b;
    }
    rows::join(lanes)
}

/// DeBERTa-v2's first layer has a convolution over the embeddings beside it.
fn convolved(
    config: &EncoderConfig,
    weights: &Weights,
    embedded: &[f32],
    mut states: Vec<f32>,
    spans: &[Range<usize>],
) -> Vec<f32> {
    let (Some(convolution), Some((size, _, activation))) =
        (&weights.convolution, config.convolution)
    else {
        return states;
    };
    let (isa, hidden) = (Isa::detect(), config.hidden);
    let mut out: Vec<f32> = convolution.bias.repeat(embedded.len() / hidden);
    for (tap, matrix) in convolution.taps.iter().enumerate() {
        let seen = product(matrix, embedded);
        for span in spans {
            for row in span.clone() {
                let from = (row + tap).checked_sub((size - 1) / 2);
                if let Some(from) = from.filter(|from| span.contains(from)) {
                    let add = &seen[from * hidden..(from + 1) * hidden];
                    rows::add(isa, add, &mut out[row * hidden..(row + 1) * hidden]);
                }
            }
        }
    }
    activate(activation, &mut out);
    rows::add(isa, &out, &mut states);
    norm_rows(&convolution.norm, config.epsilon, &mut states);
    states
}

/// One logit for each class, from the state of a text's first token.
pub(super) fn logits(config: &EncoderConfig, head: &Head, state: &[f32]) -> Vec<f32> {
    let Some(first) = &head.first else { return product(&head.last, state) };
    let mut inner = product(first, state);
    let activation = match config.family {
        EncoderFamily::DistilBert => Activation::Relu,
        EncoderFamily::Deberta | EncoderFamily::DebertaV2 => config.pooler_activation,
        _ => Activation::Tanh,
    };
    activate(activation, &mut inner);
    product(&head.last, &inner)
}
