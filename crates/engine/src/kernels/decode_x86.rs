//! Codes of quantised weights to numbers, sixteen at a time, with AVX-512.
//!
//! A weight is `(code + lowest) x scale (+ offset)`. The product is exact in f32 for every storage type: scales have at most 19 significant
//! bits and codes as many as make 24 together. So one fused operation gives the same bits as a product and a sum.

use std::arch::x86_64::{
    __m512, __m512i, _mm512_and_si512, _mm512_cvtepi32_ps, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_mul_ps, _mm512_permutexvar_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_srlv_epi32,
};

use super::panels::shift_of;

/// What all weights of a matrix share.
#[derive(Clone, Copy)]
pub(super) struct Codes {
    /// The number that each nibble stands for.
    table: __m512,
    byte: __m512i,
    lowest: __m512,
}

/// Scales and addends of sixteen outputs in one group.
#[derive(Clone, Copy)]
pub(super) struct Group {
    scale: __m512,
    addend: __m512,
}

impl Codes {
    #[target_feature(enable = "avx512f")]
    pub(super) fn new(lowest: i8) -> Self {
        let mut numbers = [0.0_f32; 16];
        for (code, number) in numbers.iter_mut().enumerate() {
            *number = code as f32 + f32::from(lowest);
        }
        #[expect(unsafe_code, reason = "a vector load")]
        // SAFETY: the array has sixteen floats.
        let table = unsafe { _mm512_loadu_ps(numbers.as_ptr()) };
        Self { table, byte: _mm512_set1_epi32(255), lowest: _mm512_set1_ps(f32::from(lowest)) }
    }

    /// A group's scales and, if there are any, offsets.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(super) fn group(self, scale: __m512, offset: Option<__m512>) -> Group {
        let addend = match offset {
            Some(offset) => offset,
            None => _mm512_mul_ps(self.lowest, scale),
        };
        Group { scale, addend }
    }

    /// The weights at one place of sixteen words.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(super) fn weights<const NIBBLE: bool, const OFFSETS: bool>(
        self,
        words: __m512i,
        place: usize,
        group: Group,
    ) -> __m512 {
        let shift = _mm512_set1_epi32(shift_of(place, NIBBLE) as i32);
        let shifted = _mm512_srlv_epi32(words, shift);
        if NIBBLE {
            // Only the lowest four bits of each index count.
            let number = _mm512_permutexvar_ps(shifted, self.table);
            if OFFSETS {
                _mm512_fmadd_ps(number, group.scale, group.addend)
            } else {
                _mm512_mul_ps(number, group.scale)
            }
        } else {
            let number = _mm512_cvtepi32_ps(_mm512_and_si512(shifted, self.byte));
            _mm512_fmadd_ps(number, group.scale, group.addend)
        }
    }
}
