//! Quantised panels to f32 with AVX-512: the same numbers as the portable loop, several times as fast.
#![expect(unsafe_code, reason = "vector intrinsics on raw pointers")]

use std::arch::x86_64::{_mm512_loadu_ps, _mm512_loadu_si512, _mm512_storeu_ps};

use super::decode_x86::Codes;
use super::micro::PANEL;
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
    // SAFETY: the lengths were checked above; callers have found AVX-512 on this processor.
    unsafe {
        match (shape.nibble, groups.offsets.is_empty()) {
            (true, true) => run::<8, true, false>(groups, words, shape.lowest, out),
            (true, false) => run::<8, true, true>(groups, words, shape.lowest, out),
            (false, true) => run::<4, false, false>(groups, words, shape.lowest, out),
            (false, false) => run::<4, false, true>(groups, words, shape.lowest, out),
        }
    }
}

/// `WORD` codes in each element, `words` elements of each output in a group.
#[target_feature(enable = "avx512f")]
unsafe fn run<const WORD: usize, const NIBBLE: bool, const OFFSETS: bool>(
    groups: &Groups<'_>,
    words: usize,
    lowest: i8,
    out: &mut [f32],
) {
    let constants = Codes::new(lowest);
    let mut target = out.as_mut_ptr();
    let mut codes = groups.codes.as_ptr();
    for group in 0..groups.scales.len() / PANEL {
        for half in 0..2 {
            // SAFETY: `unpack` checked that scales, offsets, codes and output hold whole groups of 32 outputs.
            unsafe {
                let at = group * PANEL + half * 16;
                let scale = _mm512_loadu_ps(groups.scales.as_ptr().add(at));
                let own = if OFFSETS {
                    let offset = _mm512_loadu_ps(groups.offsets.as_ptr().add(at));
                    constants.group(scale, Some(offset))
                } else {
                    constants.group(scale, None)
                };
                for word in 0..words {
                    let packed = _mm512_loadu_si512(codes.add(word * PANEL + half * 16).cast());
                    for place in 0..WORD {
                        let value = constants.weights::<NIBBLE, OFFSETS>(packed, place, own);
                        let line = (word * WORD + place) * PANEL + half * 16;
                        _mm512_storeu_ps(target.add(line), value);
                    }
                }
            }
        }
        codes = codes.wrapping_add(words * PANEL);
        target = target.wrapping_add(words * WORD * PANEL);
    }
}
