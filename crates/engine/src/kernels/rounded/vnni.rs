//! Whole-number products with AVX-512 and its dot products of bytes and 16-bit words.

use std::arch::x86_64::{
    __m512, __m512i, _mm_cvtsi32_si128, _mm512_and_si512, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32,
    _mm512_dpwssd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mul_ps,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_srl_epi32, _mm512_storeu_ps,
};

use super::{PANEL, QuantisedView, Rounded, by_shape};
use crate::kernels::micro::prefetch;

/// How far ahead memory is asked for codes, in words: four kilobytes.
const AHEAD: usize = 1024;

/// Rows whose codes are bytes.
///
/// # Safety
/// The processor has AVX-512 with VNNI; the panel has `inputs` codes and their scales for 32 outputs; the rows from `first` on
/// exist; `bytes` are the codes of `x`.
pub(super) unsafe fn bytes(
    x: &Rounded,
    bytes: &[i8],
    first: usize,
    weights: QuantisedView<'_>,
    sums: &mut [[f32; PANEL]],
) {
    const BYTES: bool = false;
    let codes = bytes.as_ptr().cast();
    // SAFETY: passed on to the caller.
    unsafe { by_shape!(run, [BYTES], sums.len(), weights, (x, codes, first, weights, sums)) }
}

/// Rows whose codes are 16-bit words.
///
/// # Safety
/// As [`bytes`].
pub(super) unsafe fn words(
    x: &Rounded,
    words: &[i16],
    first: usize,
    weights: QuantisedView<'_>,
    sums: &mut [[f32; PANEL]],
) {
    const WORDS: bool = true;
    let codes = words.as_ptr().cast();
    // SAFETY: passed on to the caller.
    unsafe { by_shape!(run, [WORDS], sums.len(), weights, (x, codes, first, weights, sums)) }
}

/// How far words of weights are shifted for the codes that meet one element of activations after the other.
const fn shifts(wide: bool, nibble: bool) -> &'static [i32] {
    match (wide, nibble) {
        (false, false) => &[0],
        (false, true) => &[0, 4],
        (true, false) => &[0, 8],
        (true, true) => &[0, 8, 4, 12],
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn run<const WIDE: bool, const ROWS: usize, const NIBBLE: bool, const OFFSETS: bool>(
    x: &Rounded,
    activations: *const i32,
    first: usize,
    weights: QuantisedView<'_>,
    out: &mut [[f32; PANEL]],
) {
    let size = x.shape.size;
    let groups = x.inputs / size;
    let words = size / if NIBBLE { 8 } else { 4 };
    // Elements of 32 bits that a row's activations fill.
    let row_length = x.inputs / if WIDE { 2 } else { 4 };
    let mask = match (WIDE, NIBBLE) {
        (false, false) => -1,
        (false, true) => 0x0F0F_0F0F,
        (true, false) => 0x00FF_00FF,
        (true, true) => 0x000F_000F,
    };
    let mask = _mm512_set1_epi32(mask);
    let mut sums: [[__m512; 2]; ROWS] = [[_mm512_setzero_ps(); 2]; ROWS];
    let mut codes = weights.codes.as_ptr();
    // SAFETY: the callers promise whole panels and rows, in which all these indices lie.
    unsafe {
        let mut activations = activations.add(first * row_length);
        let (scales, bases, totals) = (x.scales.as_ptr(), x.bases.as_ptr(), x.totals.as_ptr());
        for group in 0..groups {
            let mut whole: [[__m512i; 2]; ROWS] = [[_mm512_set1_epi32(0); 2]; ROWS];
            for (row, whole) in whole.iter_mut().enumerate() {
                *whole = [_mm512_set1_epi32(*bases.add((first + row) * groups + group)); 2];
            }
            for _ in 0..words {
                let left = _mm512_loadu_si512(codes.cast());
                let right = _mm512_loadu_si512(codes.add(16).cast());
                prefetch(codes.wrapping_add(AHEAD).cast());
                prefetch(codes.wrapping_add(AHEAD + 16).cast());
                codes = codes.add(PANEL);
                for shift in shifts(WIDE, NIBBLE) {
                    let part = [left, right].map(|packed| {
                        let count = _mm_cvtsi32_si128(*shift);
                        _mm512_and_si512(_mm512_srl_epi32(packed, count), mask)
                    });
                    for (row, whole) in whole.iter_mut().enumerate() {
                        let own = activations.add(row * row_length).read_unaligned();
                        let own = _mm512_set1_epi32(own);
                        for half in 0..2 {
                            whole[half] = if WIDE {
                                _mm512_dpwssd_epi32(whole[half], part[half], own)
                            } else {
                                _mm512_dpbusd_epi32(whole[half], part[half], own)
                            };
                        }
                    }
                    activations = activations.add(1);
                }
            }
            for half in 0..2 {
                let at = group * PANEL + half * 16;
                let scale = _mm512_loadu_ps(weights.scales.as_ptr().add(at));
                let offset =
                    if OFFSETS { _mm512_loadu_ps(weights.offsets.as_ptr().add(at)) } else { scale };
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
