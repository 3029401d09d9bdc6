//! The innermost matrix product: a few rows times one panel of 32 columns.
#![expect(unsafe_code, reason = "kernels run on raw pointers into buffers that their callers own")]

use std::time::Instant;

use super::aligned::AlignedBuffer;
use super::isa::{Isa, Kind};

/// Columns of a panel.
pub(crate) const PANEL: usize = 32;

/// One small product: `c[i][j] (+)= sum over k of a[i][k] b[k][j]`, for up to [`PANEL`] columns.
#[derive(Clone, Copy)]
pub(crate) struct Tile {
    /// Terms of the sum.
    pub(crate) depth: usize,
    pub(crate) a: *const f32,
    /// Floats from one row to the next in `a`, where its rows lie apart.
    pub(crate) a_stride: usize,
    pub(crate) b: *const f32,
    /// Floats from one `k` to the next in `b`.
    pub(crate) b_stride: usize,
    pub(crate) c: *mut f32,
    /// Floats from one row to the next in `c`.
    pub(crate) c_stride: usize,
    /// Columns of `b` and `c`, 1 to [`PANEL`].
    pub(crate) columns: usize,
    /// Adds to what `c` holds instead of overwriting it.
    pub(crate) accumulate: bool,
    /// Memory that will be read next, wherever it lies: it is asked for at each `k`.
    pub(crate) ahead: *const f32,
    /// Floats from one `k` to the next in `ahead`.
    pub(crate) ahead_step: usize,
}

/// How the rows of `a` lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    /// `a[k x rows + i]`.
    Packed,
    /// `a[i x 64 + k]`.
    Stride64,
    /// `a[i x a_stride + k]`.
    Apart,
}

/// Runs a tile of `rows` rows.
///
/// # Safety
/// The pointers of `tile` reach over all elements named in [`Tile`] and [`Rows`]; `c` is not aliased; `rows` is
/// 1 to `isa.tile_rows()`.
pub(crate) unsafe fn run(isa: Isa, rows: usize, layout: Rows, tile: &Tile) {
    match isa.kind() {
        // SAFETY: passed on to the caller.
        Kind::Portable => unsafe { portable(rows, layout, tile) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: passed on to the caller; an `Isa` of this kind exists only where the processor has it.
        Kind::Avx2 => unsafe { super::micro_x86::avx2(rows, layout, tile) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Kind::Avx512 => unsafe { super::micro_x86::avx512(rows, layout, tile) },
    }
}

/// Asks for a cache line that will be needed next, where the processor can be asked.
#[inline]
pub(crate) fn prefetch(line: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint reads nothing, whatever the address; every x86-64 processor has it.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(line.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}

/// Asks for a cache line that will be needed after some thousand others: it waits in the second-level cache.
#[inline]
pub(crate) fn prefetch_later(line: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: as in `prefetch`.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(line.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}

/// # Safety
/// As [`run`].
unsafe fn portable(rows: usize, layout: Rows, tile: &Tile) {
    for row in 0..rows {
        let (start, step) = match layout {
            Rows::Packed => (row, rows),
            Rows::Stride64 => (row * 64, 1),
            Rows::Apart => (row * tile.a_stride, 1),
        };
        // SAFETY: the caller promises that `c` has this row with `columns` elements.
        let out = unsafe {
            std::slice::from_raw_parts_mut(tile.c.add(row * tile.c_stride), tile.columns)
        };
        let mut sums = [0.0_f32; PANEL];
        if tile.accumulate {
            sums[..out.len()].copy_from_slice(out);
        }
        for k in 0..tile.depth {
            // SAFETY: the caller promises that `a` has `depth` elements per row and `b` as many rows.
            let (value, line) = unsafe {
                let line = tile.b.add(k * tile.b_stride);
                (*tile.a.add(start + k * step), std::slice::from_raw_parts(line, out.len()))
            };
            for (sum, weight) in sums.iter_mut().zip(line) {
                *sum = value.mul_add(*weight, *sum);
            }
        }
        out.copy_from_slice(&sums[..out.len()]);
    }
}

/// Floating-point operations per second of this kernel on data in the first-level cache, on the calling thread.
pub(crate) fn fma_peak(isa: Isa) -> f64 {
    const DEPTH: usize = 128;
    const REPEATS: usize = 40_000;
    let rows = isa.tile_rows();
    let a = AlignedBuffer::zeros(DEPTH * rows);
    let b = AlignedBuffer::zeros(DEPTH * PANEL);
    let mut c = AlignedBuffer::zeros(rows * PANEL);
    let tile = Tile {
        depth: DEPTH,
        a: a.as_slice().as_ptr(),
        a_stride: 0,
        b: b.as_slice().as_ptr(),
        b_stride: PANEL,
        c: c.as_mut_slice().as_mut_ptr(),
        c_stride: PANEL,
        columns: PANEL,
        accumulate: true,
        ahead: b.as_slice().as_ptr(),
        ahead_step: 0,
    };
    let start = Instant::now();
    for _ in 0..REPEATS {
        // SAFETY: the three buffers have the sizes that the tile names, and nothing else uses them.
        unsafe { run(isa, rows, Rows::Packed, &tile) };
    }
    (2 * rows * PANEL * DEPTH * REPEATS) as f64 / start.elapsed().as_secs_f64()
}
