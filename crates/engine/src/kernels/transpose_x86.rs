//! Rows side by side, with AVX-512.
#![expect(unsafe_code, reason = "vector intrinsics on raw pointers")]

use std::arch::x86_64::{
    __m512, _mm512_castpd_ps, _mm512_castps_pd, _mm512_loadu_ps, _mm512_mask_storeu_ps,
    _mm512_setzero_ps, _mm512_shuffle_f32x4, _mm512_unpackhi_pd, _mm512_unpackhi_ps,
    _mm512_unpacklo_pd, _mm512_unpacklo_ps,
};

/// `out[k x rows + i] = x[i x inputs + k]` for the first `inputs / 16 x 16` inputs of up to sixteen rows.
///
/// # Safety
/// The processor has AVX-512.
#[target_feature(enable = "avx512f")]
pub(super) fn interleave(x: &[f32], inputs: usize, rows: usize, out: &mut [f32]) {
    assert!(rows <= 16 && x.len() >= rows * inputs && out.len() >= rows * inputs);
    let mask = ((1_u32 << rows) - 1) as u16;
    for start in (0..inputs / 16 * 16).step_by(16) {
        let mut lines = [_mm512_setzero_ps(); 16];
        for (row, line) in lines.iter_mut().enumerate().take(rows) {
            // SAFETY: sixteen inputs from `start` on lie within each row.
            *line = unsafe { _mm512_loadu_ps(x.as_ptr().add(row * inputs + start)) };
        }
        for (k, line) in turn(&lines).into_iter().enumerate() {
            // SAFETY: the mask keeps the store within the `rows` floats of input `start + k`.
            unsafe {
                _mm512_mask_storeu_ps(out.as_mut_ptr().add((start + k) * rows), mask, line);
            }
        }
    }
}

/// Transposes sixteen rows of sixteen.
#[target_feature(enable = "avx512f")]
#[inline]
fn turn(rows: &[__m512; 16]) -> [__m512; 16] {
    let mut pairs = [_mm512_setzero_ps(); 16];
    for i in 0..8 {
        pairs[2 * i] = _mm512_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
        pairs[2 * i + 1] = _mm512_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
    }
    // `fours[4 i + j]`: column j of each quarter, of rows 4 i to 4 i + 3.
    let mut fours = [_mm512_setzero_ps(); 16];
    for i in 0..4 {
        let part = |index: usize| _mm512_castps_pd(pairs[4 * i + index]);
        fours[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(part(0), part(2)));
        fours[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(part(0), part(2)));
        fours[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(part(1), part(3)));
        fours[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(part(1), part(3)));
    }
    let mut out = [_mm512_setzero_ps(); 16];
    for j in 0..4 {
        let low = _mm512_shuffle_f32x4::<0x88>(fours[j], fours[4 + j]);
        let high = _mm512_shuffle_f32x4::<0xdd>(fours[j], fours[4 + j]);
        let low_rest = _mm512_shuffle_f32x4::<0x88>(fours[8 + j], fours[12 + j]);
        let high_rest = _mm512_shuffle_f32x4::<0xdd>(fours[8 + j], fours[12 + j]);
        out[j] = _mm512_shuffle_f32x4::<0x88>(low, low_rest);
        out[8 + j] = _mm512_shuffle_f32x4::<0xdd>(low, low_rest);
        out[4 + j] = _mm512_shuffle_f32x4::<0x88>(high, high_rest);
        out[12 + j] = _mm512_shuffle_f32x4::<0xdd>(high, high_rest);
    }
    out
}
