//! Causal attention over paged keys and values, without a score matrix.
//!
//! Keys and values lie in pages of 64 positions, aligned to the position's number. A task takes a few tokens of one sequence
//! and one key head with all query heads that share it, walks over the pages and keeps a running softmax (Milakov and Gimelshein,
//! arXiv:1805.02867; tiled as in FlashAttention, arXiv:2205.14135). Page borders depend on positions alone, so
//! a token's result does not depend on what else is in the batch or on which pages are shared. Tasks of
//! one key head follow one another, so that a prefix shared by many sequences is read from the cache.
#![expect(
    unsafe_code,
    reason = "pages are shared between tasks as raw pointers; outputs are disjoint"
)]

use std::cell::RefCell;

use rayon::prelude::*;

use super::aligned::AlignedBuffer;
use super::gemm::{Shared, Tiling, interleave_tile};
use super::isa::Isa;
use super::micro::{self, PANEL, Rows, Tile};
use super::rows::{self, LANES};

/// Positions per page.
pub(crate) const PAGE: usize = 64;

/// Query rows that a task handles together.
const TASK_ROWS: usize = 56;

/// The shape of attention in one layer.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'a> {
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) scale: f32,
    pub(crate) cap: Option<f32>,
    pub(crate) window: Option<usize>,
    /// One slope per query head; empty without ALiBi.
    pub(crate) slopes: &'a [f32],
}

/// One sequence's new tokens.
pub(crate) struct Sequence<'a> {
    /// The row of its first new token.
    pub(crate) row: usize,
    /// How many new tokens.
    pub(crate) count: usize,
    /// The position of the first.
    pub(crate) position: usize,
    /// This layer's part of each page: for each key head, keys as `[dim][64]`, then values as `[64][dim]`.
    pub(crate) pages: &'a [*const f32],
}

// SAFETY: the pages behind the pointers are only read while sequences are shared between threads.
unsafe impl Sync for Sequence<'_> {}
// SAFETY: as above.
unsafe impl Send for Sequence<'_> {}

struct Task {
    sequence: usize,
    first: usize,
    count: usize,
    kv_head: usize,
}

#[derive(Default)]
struct Scratch {
    queries: AlignedBuffer,
    gathered: AlignedBuffer,
    scores: AlignedBuffer,
    out: AlignedBuffer,
    sums: Vec<[f32; LANES]>,
    maxima: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Attention for all sequences. `queries` has `stride` floats a row, of which the first are the query heads; `out` has
/// `heads x head_dim` floats a row.
pub(crate) fn attend(
    isa: Isa,
    shape: Shape<'_>,
    sequences: &[Sequence<'_>],
    queries: &[f32],
    stride: usize,
    out: &mut [f32],
) {
    let group = shape.heads / shape.kv_heads;
    let tokens_per_task = (TASK_ROWS / group).max(1);
    let mut tasks = Vec::new();
    for kv_head in 0..shape.kv_heads {
        for (index, sequence) in sequences.iter().enumerate() {
            for first in (0..sequence.count).step_by(tokens_per_task) {
                let count = tokens_per_task.min(sequence.count - first);
                tasks.push(Task { sequence: index, first, count, kv_head });
            }
        }
    }
    let last = sequences.iter().map(|sequence| sequence.row + sequence.count).max().unwrap_or(0);
    assert!(queries.len() >= last * stride, "every token has its queries");
    assert!(out.len() >= last * shape.heads * shape.head_dim, "every token has its output");
    let shared = Shared::new(out);
    tasks.par_iter().for_each(|task| {
        let sequence = &sequences[task.sequence];
        SCRATCH.with_borrow_mut(|scratch| {
            run_task(isa, shape, sequence, task, queries, stride, shared, scratch);
        });
    });
}

#[expect(clippy::too_many_arguments, reason = "a task's whole context, used once")]
fn run_task(
    isa: Isa,
    shape: Shape<'_>,
    sequence: &Sequence<'_>,
    task: &Task,
    queries: &[f32],
    stride: usize,
    out: Shared,
    scratch: &mut Scratch,
) {
    let dim = shape.head_dim;
    let group = shape.heads / shape.kv_heads;
    let rows = task.count * group;
    let tiling = Tiling::new(rows, isa.tile_rows());
    let first_row = sequence.row + task.first;
    let gathered = scratch.gathered.at_least(rows * dim);
    for (index, row) in gathered.chunks_exact_mut(dim).enumerate() {
        let (token, head) = (index / group, task.kv_head * group + index % group);
        let start = (first_row + token) * stride + head * dim;
        row.copy_from_slice(&queries[start..start + dim]);
        rows::scale(isa, shape.scale, row);
    }
    let packed = scratch.queries.at_least(rows * dim);
    for tile in 0..tiling.tiles {
        let (row, count) = tiling.tile(tile);
        let range = row * dim..(row + count) * dim;
        interleave_tile(isa, &gathered[range.clone()], dim, count, &mut packed[range]);
    }
    let results = scratch.out.at_least(rows * dim);
    results.fill(0.0);
    scratch.sums.clear();
    scratch.sums.resize(rows, [0.0; LANES]);
    scratch.maxima.clear();
    scratch.maxima.resize(rows, f32::NEG_INFINITY);
    let scores = scratch.scores.at_least(rows * PAGE);
    let first_position = sequence.position + task.first;
    let last_position = first_position + task.count - 1;
    let lowest = shape.window.map_or(0, |window| (first_position + 1).saturating_sub(window));
    for page in lowest / PAGE..=last_position / PAGE {
        let start = page * PAGE;
        let visible = (last_position - start + 1).min(PAGE);
        let keys = sequence.pages[page].wrapping_add(task.kv_head * 2 * PAGE * dim);
        let product = PageProduct { isa, tiling, dim, visible };
        product.scores(packed, keys, scores);
        for (index, line) in scores.chunks_exact_mut(PAGE).enumerate() {
            let line: &mut [f32; PAGE] = line.try_into().expect("chunks of one page");
            let position = first_position + index / group;
            let head = task.kv_head * group + index % group;
            adjust(isa, shape, head, position, start, line);
            let (best, factor) =
                rows::softmax_step(isa, line, scratch.maxima[index], &mut scratch.sums[index]);
            scratch.maxima[index] = best;
            if factor != 1.0 {
                rows::scale(isa, factor, &mut results[index * dim..(index + 1) * dim]);
            }
        }
        product.values(scores, keys.wrapping_add(PAGE * dim), results);
    }
    for (index, result) in results.chunks_exact(dim).enumerate() {
        let (token, head) = (index / group, task.kv_head * group + index % group);
        let factor = 1.0 / rows::join(scratch.sums[index]);
        let start = ((first_row + token) * shape.heads + head) * dim;
        // SAFETY: `attend` asserted that the output has this token's row; no other task has this token and head.
        let target = unsafe { std::slice::from_raw_parts_mut(out.get().add(start), dim) };
        for (target, value) in target.iter_mut().zip(result) {
            *target = value * factor;
        }
    }
}

/// Caps and biases the scores of one row and hides what the row may not see.
fn adjust(
    isa: Isa,
    shape: Shape<'_>,
    head: usize,
    position: usize,
    start: usize,
    line: &mut [f32; PAGE],
) {
    if let Some(cap) = shape.cap {
        rows::soft_cap(isa, cap, line);
    }
    if let Some(slope) = shape.slopes.get(head) {
        for (slot, score) in line.iter_mut().enumerate() {
            *score += slope * ((start + slot) as f32 - position as f32);
        }
    }
    let end = (position + 1).saturating_sub(start).min(PAGE);
    line[end..].fill(f32::NEG_INFINITY);
    if let Some(window) = shape.window {
        let begin = (position + 1).saturating_sub(window).saturating_sub(start).min(PAGE);
        line[..begin].fill(f32::NEG_INFINITY);
    }
}

/// The two products with one page.
struct PageProduct {
    isa: Isa,
    tiling: Tiling,
    dim: usize,
    /// Positions of the page that the last token sees.
    visible: usize,
}

impl PageProduct {
    /// `scores[row][slot] = query . key`; slots after the visible ones hold anything.
    fn scores(&self, queries: &[f32], keys: *const f32, scores: &mut [f32]) {
        for start in (0..self.visible).step_by(PANEL) {
            for tile in 0..self.tiling.tiles {
                let (row, rows) = self.tiling.tile(tile);
                // SAFETY: the interleaved queries of this tile begin at `row x dim`; keys are `[dim][64]`; scores
                // have 64 floats a row.
                unsafe {
                    let tile = Tile {
                        depth: self.dim,
                        a: queries.as_ptr().add(row * self.dim),
                        a_stride: 0,
                        b: keys.add(start),
                        b_stride: PAGE,
                        c: scores.as_mut_ptr().add(row * PAGE + start),
                        c_stride: PAGE,
                        columns: PANEL,
                        accumulate: false,
                        ahead: keys,
                        ahead_step: 0,
                    };
                    micro::run(self.isa, rows, Rows::Packed, &tile);
                }
            }
        }
    }

    /// `results[row] += weights[row] . values`.
    fn values(&self, weights: &[f32], values: *const f32, results: &mut [f32]) {
        for start in (0..self.dim).step_by(PANEL) {
            for tile in 0..self.tiling.tiles {
                let (row, rows) = self.tiling.tile(tile);
                // SAFETY: weights have 64 floats a row; values are `[64][dim]`, of which the first `visible` are read;
                // results have `dim` floats a row.
                unsafe {
                    let tile = Tile {
                        depth: self.visible,
                        a: weights.as_ptr().add(row * PAGE),
                        a_stride: 0,
                        b: values.add(start),
                        b_stride: self.dim,
                        c: results.as_mut_ptr().add(row * self.dim + start),
                        c_stride: self.dim,
                        columns: PANEL.min(self.dim - start),
                        accumulate: true,
                        ahead: values,
                        ahead_step: 0,
                    };
                    micro::run(self.isa, rows, Rows::Stride64, &tile);
                }
            }
        }
    }
}
