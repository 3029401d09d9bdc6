//! Whole-number products with AVX2: pairs of 16-bit words, half a panel at a time.

use std::arch::x86_64::{
    __m256i, _mm_cvtsi32_si128, _mm256_add_epi32, _mm256_and_si256, _mm256_cvtepi32_ps,
    _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_mul_ps,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_srl_epi32, _mm256_storeu_ps,
};

use super::{PANEL, QuantisedView, Rounded, by_shape};

/// Adds the products of some rows to `sums`.
///
/// # Safety
/// The processor has AVX2 and FMA; the panel has `inputs` codes and their scales for 32 outputs; the rows from `first` on exist; `words`
/// are the codes of `x`.
pub(super) unsafe fn words(
    x: &Rounded,
    words: &[i16],
    first: usize,
    weights: QuantisedView<'_>,
    sums: &mut [[f32; PANEL]],
) {
    for half in 0..2 {
        let activations = words.as_ptr().cast();
        // SAFETY: passed on to the caller.
        unsafe {
            by_shape!(run, [], sums.len(), weights, (x, activations, first, weights, half, sums));
        }
    }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn run<const ROWS: usize, const NIBBLE: bool, const OFFSETS: bool>(
    x: &Rounded,
    activations: *const i32,
    first: usize,
    weights: QuantisedView<'_>,
    half: usize,
    sums: &mut [[f32; PANEL]],
) {
    let size = x.shape.size;
    let groups = x.inputs / size;
    let words = size / if NIBBLE { 8 } else { 4 };
    let row_length = x.inputs / 2;
    let shifts: &[i32] = if NIBBLE { &[0, 8, 4, 12] } else { &[0, 8] };
    let mask = _mm256_set1_epi32(if NIBBLE { 0x000F_000F } else { 0x00FF_00FF });
    let start = half * PANEL / 2;
    let mut codes = weights.codes.as_ptr().wrapping_add(start);
    // SAFETY: the caller promises whole panels and rows, in which all these indices lie.
    unsafe {
        let mut activations = activations.add(first * row_length);
        for group in 0..groups {
            let mut whole: [[__m256i; 2]; ROWS] = [[_mm256_set1_epi32(0); 2]; ROWS];
            for (row, whole) in whole.iter_mut().enumerate() {
                let base = *x.bases.as_ptr().add((first + row) * groups + group);
                *whole = [_mm256_set1_epi32(base); 2];
            }
            for _ in 0..words {
                let packed = [
                    _mm256_loadu_si256(codes.cast()),
                    _mm256_loadu_si256(codes.wrapping_add(8).cast()),
                ];
                codes = codes.wrapping_add(PANEL);
                for shift in shifts {
                    let part = packed.map(|packed| {
                        let count = _mm_cvtsi32_si128(*shift);
                        _mm256_and_si256(_mm256_srl_epi32(packed, count), mask)
                    });
                    for (row, whole) in whole.iter_mut().enumerate() {
                        let own = activations.add(row * row_length).read_unaligned();
                        let own = _mm256_set1_epi32(own);
                        for quarter in 0..2 {
                            let product = _mm256_madd_epi16(part[quarter], own);
                            whole[quarter] = _mm256_add_epi32(whole[quarter], product);
                        }
                    }
                    activations = activations.add(1);
                }
            }
            for quarter in 0..2 {
                let column = start + quarter * 8;
                let at = group * PANEL + column;
                let scale = _mm256_loadu_ps(weights.scales.as_ptr().add(at));
                for (row, whole) in whole.iter().enumerate() {
                    let of_row = (first + row) * groups + group;
                    let own = _mm256_set1_ps(*x.scales.as_ptr().add(of_row));
                    let target = sums[row].as_mut_ptr().add(column);
                    let product = _mm256_mul_ps(_mm256_cvtepi32_ps(whole[quarter]), scale);
                    let mut sum = _mm256_fmadd_ps(product, own, _mm256_loadu_ps(target));
                    if OFFSETS {
                        let offset = _mm256_loadu_ps(weights.offsets.as_ptr().add(at));
                        let total = _mm256_set1_ps(*x.totals.as_ptr().add(of_row));
                        sum = _mm256_fmadd_ps(offset, total, sum);
                    }
                    _mm256_storeu_ps(target, sum);
                }
            }
        }
    }
}
