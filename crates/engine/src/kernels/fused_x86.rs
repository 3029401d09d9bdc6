//! A few rows times quantised weights with AVX-512: weights become numbers in registers and are used at once.
//!
//! The same chain of fused multiply-adds along K as in the blocked product, so the same bits; it spares the way
//! through memory that only many rows repay. Two panels are computed together, since a chain alone would wait for its own sums.
#![expect(unsafe_code, reason = "vector intrinsics on raw pointers")]

use std::arch::x86_64::{
    __m512, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mask_storeu_ps,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512,
};

use super::decode_x86::Codes;
use super::micro::{PANEL, prefetch};
use super::micro_x86::masks;
use super::panels::QuantisedView;

/// The most rows of one call.
pub(super) const ROWS: usize = 8;

/// How far ahead memory is asked for codes, in words: two kilobytes.
const AHEAD: usize = 512;

/// Where the results of one panel go.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) first: *mut f32,
    /// Floats from one row to the next.
    pub(super) stride: usize,
    /// Columns of the panel, 1 to [`PANEL`].
    pub(super) columns: usize,
}

/// Rows times one or two panels. `x` holds the interleaved rows, `[input][row]`.
///
/// # Safety
/// The processor has AVX-512; every panel has the same shape, with codes and scales for all inputs that `x` has; each target reaches over
/// all rows and is not aliased; there are 1 to [`ROWS`] rows.
pub(super) unsafe fn multiply(
    rows: usize,
    x: &[f32],
    panels: &[QuantisedView<'_>],
    targets: &[Target],
) {
    macro_rules! by_rows {
        ($count:literal, $panels:expr, $targets:expr; $($rows:literal)*) => {
            match rows {
                // SAFETY: passed on to the caller.
                $($rows => unsafe { by_kind::<$rows, $count>(x, $panels, $targets) },)*
                _ => unreachable!("at most eight rows at once"),
            }
        };
    }
    if panels.len() == 2 && rows <= 3 {
        by_rows!(2, panels, targets; 1 2 3);
    } else {
        for (panel, target) in panels.iter().zip(targets) {
            let (panel, target) = (std::slice::from_ref(panel), std::slice::from_ref(target));
            by_rows!(1, panel, target; 1 2 3 4 5 6 7 8);
        }
    }
}

/// # Safety
/// As [`multiply`]; as many panels and targets as `PANELS`.
unsafe fn by_kind<const ROWS: usize, const PANELS: usize>(
    x: &[f32],
    panels: &[QuantisedView<'_>],
    targets: &[Target],
) {
    let shape = panels[0].shape;
    // SAFETY: passed on to the caller.
    unsafe {
        match (shape.nibble, panels[0].offsets.is_empty()) {
            (true, true) => run::<ROWS, PANELS, true, false>(x, panels, targets),
            (true, false) => run::<ROWS, PANELS, true, true>(x, panels, targets),
            (false, true) => run::<ROWS, PANELS, false, false>(x, panels, targets),
            (false, false) => run::<ROWS, PANELS, false, true>(x, panels, targets),
        }
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn run<const ROWS: usize, const PANELS: usize, const NIBBLE: bool, const OFFSETS: bool>(
    x: &[f32],
    panels: &[QuantisedView<'_>],
    targets: &[Target],
) {
    // Loops over arrays of known length keep the sums in registers.
    let panels: &[QuantisedView<'_>; PANELS] =
        panels.try_into().expect("as many as the caller says");
    let targets: &[Target; PANELS] = targets.try_into().expect("as many as panels");
    let shape = panels[0].shape;
    let word_codes = if NIBBLE { 8 } else { 4 };
    let words = shape.size / word_codes;
    let groups = x.len() / ROWS / shape.size;
    let constants = Codes::new(shape.lowest);
    let mut sums: [[[__m512; 2]; PANELS]; ROWS] = [[[_mm512_setzero_ps(); 2]; PANELS]; ROWS];
    let mut activations = x.as_ptr();
    // SAFETY: the caller promises codes, scales and rows for all inputs; groups and words count within them.
    unsafe {
        for group in 0..groups {
            let zero = constants.group(_mm512_setzero_ps(), None);
            let mut own = [[zero; 2]; PANELS];
            for (panel, own) in panels.iter().zip(&mut own) {
                for (half, own) in own.iter_mut().enumerate() {
                    let at = group * PANEL + half * 16;
                    let scale = _mm512_loadu_ps(panel.scales.as_ptr().add(at));
                    *own = if OFFSETS {
                        let offset = _mm512_loadu_ps(panel.offsets.as_ptr().add(at));
                        constants.group(scale, Some(offset))
                    } else {
                        constants.group(scale, None)
                    };
                }
            }
            for word in 0..words {
                let at = (group * words + word) * PANEL;
                let mut packed = [[_mm512_setzero_si512(); 2]; PANELS];
                for (panel, packed) in panels.iter().zip(&mut packed) {
                    let codes = panel.codes.as_ptr().add(at);
                    prefetch(codes.wrapping_add(AHEAD).cast());
                    prefetch(codes.wrapping_add(AHEAD + 16).cast());
                    *packed = [
                        _mm512_loadu_si512(codes.cast()),
                        _mm512_loadu_si512(codes.add(16).cast()),
                    ];
                }
                for place in 0..word_codes {
                    for panel in 0..PANELS {
                        for half in 0..2 {
                            let weights = constants.weights::<NIBBLE, OFFSETS>(
                                packed[panel][half],
                                place,
                                own[panel][half],
                            );
                            for (row, sum) in sums.iter_mut().enumerate() {
                                let value = _mm512_set1_ps(*activations.add(row));
                                sum[panel][half] =
                                    _mm512_fmadd_ps(value, weights, sum[panel][half]);
                            }
                        }
                    }
                    activations = activations.add(ROWS);
                }
            }
        }
        for (row, sum) in sums.iter().enumerate() {
            for panel in 0..PANELS {
                let (sum, target) = (sum[panel], targets[panel]);
                let mask = masks(target.columns);
                let line = target.first.add(row * target.stride);
                _mm512_mask_storeu_ps(line, mask[0], sum[0]);
                _mm512_mask_storeu_ps(line.wrapping_add(16), mask[1], sum[1]);
            }
        }
    }
}
