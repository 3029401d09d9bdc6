//! Products of quantised weights with activations rounded to eight bits.
//!
//! Each group of 16 or 32 activations gets its own scale, `largest / 127`, as in llama.cpp; products and sums within a group are
//! whole numbers and exact, groups are added in f32 in the order of K. So here, too, a row has the same bits in
//! every batch and on every processor. With VNNI instructions this is two to three times as fast as f32.
#![expect(unsafe_code, reason = "vector intrinsics; tasks write disjoint parts of one output")]

use rayon::prelude::*;

use super::gemm::{Plan, Shared, Tiling};
use super::isa::Isa;
use super::micro::PANEL;
use super::panels::QuantisedView;
use super::rows::versions;
use crate::format::GroupShape;

/// Rows of a tile.
const TILE_ROWS: usize = 6;

/// Activations as whole numbers from -127 to 127 with a scale per group.
pub(super) struct Rounded {
    inputs: usize,
    group: usize,
    codes: Vec<i8>,
    scales: Vec<f32>,
    /// The sum of each group's codes, times the smallest code of the weights.
    bases: Vec<i32>,
    /// The sum of each group's codes, times the group's scale.
    totals: Vec<f32>,
}

impl Rounded {
    /// Rounds rows of `inputs` activations in groups like those of the weights they will meet.
    pub(super) fn new(isa: Isa, x: &[f32], inputs: usize, shape: GroupShape) -> Self {
        let group = shape.size;
        let groups = inputs / group;
        let mut codes = vec![0; x.len()];
        let mut scales = vec![0.0; x.len() / group];
        let mut totals = vec![0.0; scales.len()];
        let mut bases = vec![0; scales.len()];
        let rows = codes.par_chunks_mut(inputs).with_min_len(16);
        let rows = rows.zip(scales.par_chunks_mut(groups)).zip(totals.par_chunks_mut(groups));
        let rows = rows.zip(bases.par_chunks_mut(groups)).zip(x.par_chunks(inputs));
        rows.for_each(|((((codes, scales), totals), bases), x)| {
            round_row(isa, x, group, codes, scales, bases);
            for ((total, base), scale) in totals.iter_mut().zip(bases).zip(scales) {
                *total = *scale * *base as f32;
                *base *= i32::from(shape.lowest);
            }
        });
        Self { inputs, group, codes, scales, bases, totals }
    }
}

versions! {
    /// QuantisedView and scales of a row's groups, and the sums of the codes.
    fn round_row(x: &[f32], group: usize, codes: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
        const ROUND: f32 = 12_582_912.0;
        let groups = x.chunks_exact(group).zip(codes.chunks_exact_mut(group));
        for ((x, codes), (scale, sum)) in groups.zip(scales.iter_mut().zip(sums)) {
            let mut largest = 0.0_f32;
            for value in x {
                let size = value.abs();
                largest = if size > largest { size } else { largest };
            }
            *scale = largest / 127.0;
            let factor = if largest > 0.0 { 127.0 / largest } else { 0.0 };
            let mut total = 0;
            for (code, value) in codes.iter_mut().zip(x) {
                // Adding 1.5 x 2^23 rounds to a whole number and leaves it in the lowest bits.
                *code = (value * factor + ROUND).to_bits() as u8 as i8;
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
    let rows = x.codes.len() / x.inputs;
    let tiling = Tiling::new(rows, TILE_ROWS);
    let plan = Plan::new(weights.outputs.div_ceil(PANEL), tiling.tiles);
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
    #[cfg(target_arch = "x86_64")]
    if isa.has_vnni() {
        assert!(
            weights.codes.len() * weights.per_word() == x.inputs * PANEL
                && weights.scales.len() * x.group == x.inputs * PANEL
                && (weights.offsets.is_empty() || weights.offsets.len() == weights.scales.len()),
            "a panel's codes and scales"
        );
        // SAFETY: the processor has the instructions, and the panel has the lengths just checked.
        return unsafe { vnni::tile(x, first, weights, sums) };
    }
    let _ = isa;
    portable(x, first, weights, sums);
}

fn portable(x: &Rounded, first: usize, weights: QuantisedView<'_>, sums: &mut [[f32; PANEL]]) {
    let groups = x.inputs / x.group;
    let words = x.group / weights.per_word();
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
                    let activations = &x.codes[index..index + 4];
                    for (sum, packed) in whole.iter_mut().zip(packed) {
                        let shifted = packed >> (part * 4);
                        let mask = if per_word == 2 { 15 } else { 255 };
                        for (byte, activation) in activations.iter().enumerate() {
                            let code = (shifted >> (byte * 8) & mask).cast_signed();
                            *sum += code * i32::from(*activation);
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

#[cfg(target_arch = "x86_64")]
mod vnni {
    use std::arch::x86_64::{
        __m512, __m512i, _mm512_and_si512, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32,
        _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mul_ps, _mm512_set1_epi32,
        _mm512_set1_ps, _mm512_setzero_ps, _mm512_srli_epi32, _mm512_storeu_ps,
    };

    use super::{PANEL, QuantisedView, Rounded};

    /// # Safety
    /// The processor has AVX-512 with VNNI; the panel has `inputs` codes and their scales for 32 outputs; the rows from `first` on
    /// exist.
    pub(super) unsafe fn tile(
        x: &Rounded,
        first: usize,
        weights: QuantisedView<'_>,
        sums: &mut [[f32; PANEL]],
    ) {
        // SAFETY: passed on to the caller.
        unsafe {
            match (sums.len(), weights.shape.nibble, !weights.offsets.is_empty()) {
                (1, true, true) => run::<1, true, true>(x, first, weights, sums),
                (1, true, false) => run::<1, true, false>(x, first, weights, sums),
                (1, false, true) => run::<1, false, true>(x, first, weights, sums),
                (1, false, false) => run::<1, false, false>(x, first, weights, sums),
                (2, true, true) => run::<2, true, true>(x, first, weights, sums),
                (2, true, false) => run::<2, true, false>(x, first, weights, sums),
                (2, false, true) => run::<2, false, true>(x, first, weights, sums),
                (2, false, false) => run::<2, false, false>(x, first, weights, sums),
                (3, true, true) => run::<3, true, true>(x, first, weights, sums),
                (3, true, false) => run::<3, true, false>(x, first, weights, sums),
                (3, false, true) => run::<3, false, true>(x, first, weights, sums),
                (3, false, false) => run::<3, false, false>(x, first, weights, sums),
                (4, true, true) => run::<4, true, true>(x, first, weights, sums),
                (4, true, false) => run::<4, true, false>(x, first, weights, sums),
                (4, false, true) => run::<4, false, true>(x, first, weights, sums),
                (4, false, false) => run::<4, false, false>(x, first, weights, sums),
                (5, true, true) => run::<5, true, true>(x, first, weights, sums),
                (5, true, false) => run::<5, true, false>(x, first, weights, sums),
                (5, false, true) => run::<5, false, true>(x, first, weights, sums),
                (5, false, false) => run::<5, false, false>(x, first, weights, sums),
                (6, true, true) => run::<6, true, true>(x, first, weights, sums),
                (6, true, false) => run::<6, true, false>(x, first, weights, sums),
                (6, false, true) => run::<6, false, true>(x, first, weights, sums),
                (6, false, false) => run::<6, false, false>(x, first, weights, sums),
                _ => unreachable!("tiles have one to six rows"),
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    unsafe fn run<const ROWS: usize, const NIBBLE: bool, const OFFSETS: bool>(
        x: &Rounded,
        first: usize,
        weights: QuantisedView<'_>,
        out: &mut [[f32; PANEL]],
    ) {
        let groups = x.inputs / x.group;
        let words = x.group / if NIBBLE { 8 } else { 4 };
        let low_bits = _mm512_set1_epi32(0x0F0F_0F0F);
        let mut sums: [[__m512; 2]; ROWS] = [[_mm512_setzero_ps(); 2]; ROWS];
        let mut codes = weights.codes.as_ptr();
        // SAFETY: `tile`'s caller promises whole panels and rows, in which all these indices lie.
        unsafe {
            let activations = x.codes.as_ptr().add(first * x.inputs);
            let (scales, bases, totals) = (x.scales.as_ptr(), x.bases.as_ptr(), x.totals.as_ptr());
            let mut place = 0;
            for group in 0..groups {
                let mut whole: [[__m512i; 2]; ROWS] = [[_mm512_set1_epi32(0); 2]; ROWS];
                for (row, whole) in whole.iter_mut().enumerate() {
                    *whole = [_mm512_set1_epi32(*bases.add((first + row) * groups + group)); 2];
                }
                for _ in 0..words {
                    let left = _mm512_loadu_si512(codes.cast());
                    let right = _mm512_loadu_si512(codes.add(16).cast());
                    codes = codes.add(PANEL);
                    let parts: [[__m512i; 2]; 2] = if NIBBLE {
                        [
                            [_mm512_and_si512(left, low_bits), _mm512_and_si512(right, low_bits)],
                            [
                                _mm512_and_si512(_mm512_srli_epi32::<4>(left), low_bits),
                                _mm512_and_si512(_mm512_srli_epi32::<4>(right), low_bits),
                            ],
                        ]
                    } else {
                        [[left, right], [left, right]]
                    };
                    for part in parts.iter().take(if NIBBLE { 2 } else { 1 }) {
                        for (row, whole) in whole.iter_mut().enumerate() {
                            let four = activations.add(row * x.inputs + place * 4);
                            let four = i32::from_le_bytes(four.cast::<[u8; 4]>().read());
                            let four = _mm512_set1_epi32(four);
                            whole[0] = _mm512_dpbusd_epi32(whole[0], part[0], four);
                            whole[1] = _mm512_dpbusd_epi32(whole[1], part[1], four);
                        }
                        place += 1;
                    }
                }
                for half in 0..2 {
                    let at = group * PANEL + half * 16;
                    let scale = _mm512_loadu_ps(weights.scales.as_ptr().add(at));
                    let offset = if OFFSETS {
                        _mm512_loadu_ps(weights.offsets.as_ptr().add(at))
                    } else {
                        scale
                    };
                    for row in 0..ROWS {
                        let at = (first + row) * groups + group;
                        let own = _mm512_set1_ps(*scales.add(at));
                        let product = _mm512_mul_ps(_mm512_cvtepi32_ps(whole[row][half]), scale);
                        sums[row][half] = _mm512_fmadd_ps(product, own, sums[row][half]);
                        if OFFSETS {
                            let total = _mm512_set1_ps(*totals.add(at));
                            sums[row][half] = _mm512_fmadd_ps(offset, total, sums[row][half]);
                        }
                    }
                }
            }
            for (line, sum) in out.iter_mut().zip(&sums) {
                _mm512_storeu_ps(line.as_mut_ptr(), sum[0]);
                _mm512_storeu_ps(line.as_mut_ptr().add(16), sum[1]);
            }
        }
    }
}
