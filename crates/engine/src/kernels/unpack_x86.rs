//! Quantised panels to f32 with AVX-512: the same numbers as the portable loop, several times as fast.
#![expect(unsafe_code, reason = "vector intrinsics on raw pointers")]

use std::arch::x86_64::{
    __m512i, _mm512_add_ps, _mm512_and_si512, _mm512_castsi512_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_mul_ps, _mm512_or_si512, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_srlv_epi32, _mm512_storeu_ps, _mm512_sub_ps,
};

use super::micro::PANEL;
use super::panels::shift_of;
use crate::format::GroupShape;

/// Whole groups of one panel.
pub(super) struct Groups<'a> {
    pub(super) codes: &'a [u32],
    pub(super) scales: &'a [f32],
    /// As long as `scales`, or empty.
    pub(super) offsets: &'a [f32],
}

/// Unpacks groups on a processor with AVX-512.
pub(super) fn unpack(shape: GroupShape, groups: &Groups<'_>, out: &mut [f32]) {
    let count = groups.scales.len() / PANEL;
    let words = shape.size / if shape.nibble { 8 } else { 4 };
    assert_eq!(groups.codes.len(), count * words * PANEL, "codes of whole groups");
    assert_eq!(out.len(), count * shape.size * PANEL, "room for whole groups");
    assert!(groups.offsets.is_empty() || groups.offsets.len() == groups.scales.len());
    let lowest = f32::from(shape.lowest);
    // SAFETY: the lengths were checked above; callers have found AVX-512 on this processor.
    unsafe {
        match (shape.nibble, shape.size, groups.offsets.is_empty()) {
            (true, 32, true) => run::<8, 4, false>(groups, lowest, out),
            (true, 32, false) => run::<8, 4, true>(groups, lowest, out),
            (true, _, true) => run::<8, 2, false>(groups, lowest, out),
            (true, _, false) => run::<8, 2, true>(groups, lowest, out),
            (false, 32, true) => run::<4, 8, false>(groups, lowest, out),
            (false, 32, false) => run::<4, 8, true>(groups, lowest, out),
            (false, _, true) => run::<4, 4, false>(groups, lowest, out),
            (false, _, false) => run::<4, 4, true>(groups, lowest, out),
        }
    }
}

/// `WORD` codes in each element, `WORDS` elements of each output in a group.
#[target_feature(enable = "avx512f")]
unsafe fn run<const WORD: usize, const WORDS: usize, const OFFSETS: bool>(
    groups: &Groups<'_>,
    lowest: f32,
    out: &mut [f32],
) {
    // A code in the lowest bits of 2^23 is that number plus the code, exactly.
    let magic = _mm512_set1_epi32(0x4B00_0000);
    let base = _mm512_set1_ps(8_388_608.0 - lowest);
    let mask = _mm512_set1_epi32(if WORD == 8 { 15 } else { 255 });
    let mut target = out.as_mut_ptr();
    let mut codes = groups.codes.as_ptr();
    for group in 0..groups.scales.len() / PANEL {
        for half in 0..2 {
            // SAFETY: `unpack` checked that scales, offsets, codes and output hold whole groups of 32 outputs.
            unsafe {
                let at = group * PANEL + half * 16;
                let scale = _mm512_loadu_ps(groups.scales.as_ptr().add(at));
                let offset =
                    if OFFSETS { _mm512_loadu_ps(groups.offsets.as_ptr().add(at)) } else { scale };
                for word in 0..WORDS {
                    let packed: __m512i =
                        _mm512_loadu_si512(codes.add(word * PANEL + half * 16).cast());
                    for place in 0..WORD {
                        let shift = _mm512_set1_epi32(shift_of(place, WORD == 8) as i32);
                        let code = _mm512_and_si512(_mm512_srlv_epi32(packed, shift), mask);
                        let code = _mm512_castsi512_ps(_mm512_or_si512(code, magic));
                        let mut value = _mm512_mul_ps(_mm512_sub_ps(code, base), scale);
                        if OFFSETS {
                            value = _mm512_add_ps(value, offset);
                        }
                        let line = (word * WORD + place) * PANEL + half * 16;
                        _mm512_storeu_ps(target.add(line), value);
                    }
                }
            }
        }
        codes = codes.wrapping_add(WORDS * PANEL);
        target = target.wrapping_add(WORDS * WORD * PANEL);
    }
}
