//! Products of quantised weights with activations rounded to whole numbers.
//!
//! Each group of 16 or 32 activations gets its own scale: its largest becomes 32,767, or 127 where eight bits are asked for, as in
//! llama.cpp. Products and sums within a group are whole numbers and exact; groups are added in f32 in the order of K. So here,
//! too, a row has the same bits in every batch and on every processor. Weights never become floats, which makes
//! this faster than f32 where a processor multiplies whole numbers faster.
#![expect(unsafe_code, reason = "vector intrinsics; tasks write disjoint parts of one output")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod vnni;

use rayon::prelude::*;

use super::gemm::{Plan, Shared, Tiling};
use super::isa::Isa;
#[cfg(target_arch = "x86_64")]
use super::isa::Kind;
use super::micro::PANEL;
use super::panels::QuantisedView;
use super::rows::versions;
use crate::format::GroupShape;

/// Rows of a tile.
const TILE_ROWS: usize = 6;

/// The most tiles whose activations, whole rows of them, a task keeps in its second-level cache.
const TILES_PER_CHUNK: usize = 24;

/// To how many bits activations are rounded, sign included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bits {
    Eight,
    Sixteen,
}

/// Activations as whole numbers with a scale per group.
pub(super) struct Rounded {
    inputs: usize,
    shape: GroupShape,
    codes: Codes,
    scales: Vec<f32>,
    /// The sum of each group's codes, times the smallest code of the weights.
    bases: Vec<i32>,
    /// The sum of each group's codes, times the group's scale.
    totals: Vec<f32>,
}

/// The whole numbers, in the order in which a kernel takes them.
enum Codes {
    /// Four neighbours fill 32 bits.
    Bytes(Vec<i8>),
    /// Of four neighbours the first and third fill 32 bits, then the second and fourth: so lie the weights' codes
    /// when every other one of a word is masked out.
    Words(Vec<i16>),
}

/// The place of each of four neighbours in [`Codes::Words`].
const WORD_ORDER: [usize; 4] = [0, 2, 1, 3];

impl Rounded {
    /// Rounds rows of `inputs` activations in groups like those of the weights they will meet.
    pub(super) fn new(isa: Isa, bits: Bits, x: &[f32], inputs: usize, shape: GroupShape) -> Self {
        let groups = inputs / shape.size;
        let mut words = vec![0_i16; x.len()];
        let mut scales = vec![0.0; x.len() / shape.size];
        let mut totals = vec![0.0; scales.len()];
        let mut bases = vec![0; scales.len()];
        let largest = match bits {
            Bits::Eight => f32::from(i8::MAX),
            Bits::Sixteen => f32::from(i16::MAX),
        };
        let rows = words.par_chunks_mut(inputs).with_min_len(16);
        let rows = rows.zip(scales.par_chunks_mut(groups)).zip(totals.par_chunks_mut(groups));
        let rows = rows.zip(bases.par_chunks_mut(groups)).zip(x.par_chunks(inputs));
        rows.for_each(|((((words, scales), totals), bases), x)| {
            round_row(isa, x, largest, shape.size, words, scales, bases);
            for ((total, base), scale) in totals.iter_mut().zip(bases).zip(scales) {
                *total = *scale * *base as f32;
                *base *= i32::from(shape.lowest);
            }
        });
        let codes = if bits == Bits::Eight && multiplies_bytes(isa) {
            Codes::Bytes(words.iter().map(|word| *word as i8).collect())
        } else {
            reorder(&mut words);
            Codes::Words(words)
        };
        Self { inputs, shape, codes, scales, bases, totals }
    }

    /// Whether these were rounded for weights of this shape.
    pub(super) fn suits(&self, shape: GroupShape) -> bool {
        self.shape == shape
    }

    fn rows(&self) -> usize {
        self.scales.len() * self.shape.size / self.inputs
    }
}

/// Whether there is a kernel for bytes.
fn multiplies_bytes(isa: Isa) -> bool {
    #[cfg(target_arch = "x86_64")]
    return isa.has_vnni();
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = isa;
        false
    }
}

fn reorder(words: &mut [i16]) {
    for four in words.chunks_exact_mut(4) {
        four.swap(1, 2);
    }
}

versions! {
    /// Codes and scales of a row's groups, and the sums of the codes. The code of the largest of a group is `limit`.
    fn round_row(
        x: &[f32],
        limit: f32,
        group: usize,
        codes: &mut [i16],
        scales: &mut [f32],
        sums: &mut [i32],
    ) {
        const ROUND: f32 = 12_582_912.0;
        let groups = x.chunks_exact(group).zip(codes.chunks_exact_mut(group));
        for ((x, codes), (scale, sum)) in groups.zip(scales.iter_mut().zip(sums)) {
            let mut largest = 0.0_f32;
            for value in x {
                let size = value.abs();
                largest = if size > largest { size } else { largest };
            }
            *scale = largest / limit;
            let factor = if largest > 0.0 { limit / largest } else { 0.0 };
            let mut total = 0;
            for (code, value) in codes.iter_mut().zip(x) {
                // Adding 1.5 x 2^23 rounds to a whole number and leaves it in the lowest bits.
                *code = (value * factor + ROUND).to_bits() as u16 as i16;
                total += i32::from(*code);
            }
            *sum = total;
        }
    }
}

/// `out[row] = x[row] W^T` into columns `column..` of an output with `stride` floats a row, for all panels of one part of
/// the weights. The output holds every row up to its last column.
pub(super) fn multiply(
    isa: Isa,
    x: &Rounded,
    weights: QuantisedView<'_>,
    out: Shared,
    stride: usize,
    column: usize,
) {
    let tiling = Tiling::new(x.rows(), TILE_ROWS);
    let plan = Plan::new(weights.outputs.div_ceil(PANEL), tiling.tiles, TILES_PER_CHUNK);
    (0..plan.tasks()).into_par_iter().for_each(|task| {
        let (panels, tiles) = plan.task(task);
        for panel in panels {
            let weights = weights.panel(panel, x.inputs);
            let columns = (weights.outputs - panel * PANEL).min(PANEL);
            for tile in tiles.clone() {
                let (first, count) = tiling.tile(tile);
                let mut sums = [[0.0_f32; PANEL]; TILE_ROWS];
                run_tile(isa, x, first, weights, &mut sums[..count]);
                for (row, line) in sums[..count].iter().enumerate() {
                    let start = (first + row) * stride + column + panel * PANEL;
                    // SAFETY: the caller promises that the output holds these columns of every row; no other task has
                    // this panel and tile.
                    let target =
                        unsafe { std::slice::from_raw_parts_mut(out.get().add(start), columns) };
                    target.copy_from_slice(&line[..columns]);
                }
            }
        }
    });
}

/// The products of some rows with one panel.
fn run_tile(
    isa: Isa,
    x: &Rounded,
    first: usize,
    weights: QuantisedView<'_>,
    sums: &mut [[f32; PANEL]],
) {
    let groups = x.inputs / x.shape.size;
    assert!(
        weights.codes.len() * weights.per_word() == x.inputs * PANEL
            && weights.scales.len() == groups * PANEL
            && (weights.offsets.is_empty() || weights.offsets.len() == weights.scales.len())
            && first + sums.len() <= x.rows(),
        "a panel's codes and scales, and the rows of a tile"
    );
    #[cfg(target_arch = "x86_64")]
    match &x.codes {
        // SAFETY: the processor has the instructions; the panel and the rows have the lengths just checked.
        Codes::Bytes(bytes) => return unsafe { vnni::bytes(x, bytes, first, weights, sums) },
        Codes::Words(words) if isa.has_vnni() => {
            // SAFETY: as above.
            return unsafe { vnni::words(x, words, first, weights, sums) };
        }
        Codes::Words(words) if isa.kind() != Kind::Portable => {
            // SAFETY: as above.
            return unsafe { avx2::words(x, words, first, weights, sums) };
        }
        Codes::Words(_) => {}
    }
    let _ = isa;
    portable(x, first, weights, sums);
}

fn portable(x: &Rounded, first: usize, weights: QuantisedView<'_>, sums: &mut [[f32; PANEL]]) {
    let Codes::Words(codes) = &x.codes else { unreachable!("bytes are for processors with VNNI") };
    let groups = x.inputs / x.shape.size;
    let words = x.shape.size / weights.per_word();
    let per_word = weights.per_word() / 4;
    for (row, line) in sums.iter_mut().enumerate() {
        let row = first + row;
        for group in 0..groups {
            let at = row * groups + group;
            let mut whole = [x.bases[at]; PANEL];
            for word in 0..words {
                let packed = &weights.codes[(group * words + word) * PANEL..][..PANEL];
                for part in 0..per_word {
                    let index = row * x.inputs + ((group * words + word) * per_word + part) * 4;
                    let four = WORD_ORDER.map(|place| i32::from(codes[index + place]));
                    for (sum, packed) in whole.iter_mut().zip(packed) {
                        let shifted = packed >> (part * 4);
                        let mask = if per_word == 2 { 15 } else { 255 };
                        for (byte, activation) in four.iter().enumerate() {
                            *sum += (shifted >> (byte * 8) & mask).cast_signed() * activation;
                        }
                    }
                }
            }
            let (scale, total) = (x.scales[at], x.totals[at]);
            for lane in 0..PANEL {
                let place = group * PANEL + lane;
                let product = whole[lane] as f32 * weights.scales[place];
                line[lane] = product.mul_add(scale, line[lane]);
                if let Some(offset) = weights.offsets.get(place) {
                    line[lane] = offset.mul_add(total, line[lane]);
                }
            }
        }
    }
}

/// Calls `$run` with the constants that a tile's rows and the weights' kind make, after those in brackets.
#[cfg(target_arch = "x86_64")]
macro_rules! by_shape {
    ($run:ident, $constants:tt, $rows:expr, $weights:expr, $arguments:tt) => {
        by_shape!(@rows $run, $constants, $rows, $weights, $arguments, 1 2 3 4 5 6)
    };
    (@rows $run:ident, $constants:tt, $rows:expr, $weights:expr, $arguments:tt, $($count:literal)*) => {
        match ($rows, $weights.shape.nibble, !$weights.offsets.is_empty()) {
            $(
                ($count, true, true) => by_shape!(@call $run, $constants, $count, true, true, $arguments),
                ($count, true, false) => by_shape!(@call $run, $constants, $count, true, false, $arguments),
                ($count, false, true) => by_shape!(@call $run, $constants, $count, false, true, $arguments),
                ($count, false, false) => by_shape!(@call $run, $constants, $count, false, false, $arguments),
            )*
            _ => unreachable!("tiles have one to six rows"),
        }
    };
    (@call $run:ident, [$($constant:ident)?], $rows:literal, $nibble:literal, $offsets:literal, $arguments:tt) => {
        $run::<$($constant,)? $rows, $nibble, $offsets> $arguments
    };
}
#[cfg(target_arch = "x86_64")]
use by_shape;
