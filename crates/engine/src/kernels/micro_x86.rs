//! The innermost matrix product with AVX-512 and AVX2.
#![expect(unsafe_code, reason = "vector intrinsics on raw pointers")]

use std::arch::x86_64::{
    __m256, __m512, __mmask16, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps,
    _mm256_storeu_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_mask_storeu_ps,
    _mm512_maskz_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
};

use super::micro::{PANEL, Rows, Tile, prefetch_later};

/// Calls a kernel with the constants that a tile's rows and their layout make: a step from row to row of 0 stands for the
/// tile's own.
macro_rules! by_rows {
    ($kernel:ident, $rows:expr, $layout:expr, $tile:expr, $($count:literal)*) => {
        match ($rows, $layout) {
            $(
                ($count, Rows::Packed) => $kernel::<$count, 1, $count>($tile),
                ($count, Rows::Stride64) => $kernel::<$count, 64, 1>($tile),
                ($count, Rows::Apart) => $kernel::<$count, 0, 1>($tile),
            )*
            _ => unreachable!("tiles have at most as many rows as the instruction set allows"),
        }
    };
}

/// # Safety
/// As `micro::run`; the processor has AVX-512F.
pub(super) unsafe fn avx512(rows: usize, layout: Rows, tile: &Tile) {
    // SAFETY: passed on to the caller.
    unsafe {
        if tile.columns == PANEL {
            by_rows!(avx512_full, rows, layout, tile, 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
        } else {
            by_rows!(avx512_part, rows, layout, tile, 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
        }
    }
}

/// # Safety
/// As `micro::run`; the processor has AVX2 and FMA.
pub(super) unsafe fn avx2(rows: usize, layout: Rows, tile: &Tile) {
    // SAFETY: passed on to the caller; half panels lie 16 columns apart.
    unsafe {
        let mut start = 0;
        while start < tile.columns {
            let columns = (tile.columns - start).min(16);
            let half = Tile { b: tile.b.add(start), c: tile.c.add(start), columns, ..*tile };
            if columns == 16 {
                by_rows!(avx2_full, rows, layout, &half, 1 2 3 4 5 6);
            } else {
                avx2_part(rows, layout, &half);
            }
            start += 16;
        }
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn avx512_full<const ROWS: usize, const ROW_STEP: usize, const K_STEP: usize>(tile: &Tile) {
    // SAFETY: `a` holds ROWS x depth values at these steps, every line of `b` and row of `c` 32 floats.
    unsafe {
        let mut sums = [[_mm512_setzero_ps(); 2]; ROWS];
        if tile.accumulate {
            for (row, sum) in sums.iter_mut().enumerate() {
                let c = tile.c.add(row * tile.c_stride);
                *sum = [_mm512_loadu_ps(c), _mm512_loadu_ps(c.add(16))];
            }
        }
        let row_step = if ROW_STEP == 0 { tile.a_stride } else { ROW_STEP };
        let (mut a, mut b, mut ahead) = (tile.a, tile.b, tile.ahead);
        for _ in 0..tile.depth {
            prefetch_later(ahead);
            // Not every processor fetches lines in pairs.
            prefetch_later(ahead.wrapping_add(tile.ahead_step / 2));
            ahead = ahead.wrapping_add(tile.ahead_step);
            let left = _mm512_loadu_ps(b);
            let right = _mm512_loadu_ps(b.add(16));
            for (row, sum) in sums.iter_mut().enumerate() {
                let value = _mm512_set1_ps(*a.add(row * row_step));
                sum[0] = _mm512_fmadd_ps(value, left, sum[0]);
                sum[1] = _mm512_fmadd_ps(value, right, sum[1]);
            }
            a = a.add(K_STEP);
            b = b.add(tile.b_stride);
        }
        for (row, sum) in sums.iter().enumerate() {
            let c = tile.c.add(row * tile.c_stride);
            _mm512_storeu_ps(c, sum[0]);
            _mm512_storeu_ps(c.add(16), sum[1]);
        }
    }
}

/// Which lanes of the two halves of a panel lie within the first `columns`.
pub(super) fn masks(columns: usize) -> [__mmask16; 2] {
    let all = ((1_u64 << columns) - 1) as u32;
    [all as u16, (all >> 16) as u16]
}

#[target_feature(enable = "avx512f")]
unsafe fn avx512_part<const ROWS: usize, const ROW_STEP: usize, const K_STEP: usize>(tile: &Tile) {
    let mask = masks(tile.columns);
    // SAFETY: as above; the masks keep loads and stores within the first `columns` floats of each line.
    unsafe {
        let mut sums: [[__m512; 2]; ROWS] = [[_mm512_setzero_ps(); 2]; ROWS];
        if tile.accumulate {
            for (row, sum) in sums.iter_mut().enumerate() {
                let c = tile.c.add(row * tile.c_stride);
                *sum = [
                    _mm512_maskz_loadu_ps(mask[0], c),
                    _mm512_maskz_loadu_ps(mask[1], c.wrapping_add(16)),
                ];
            }
        }
        let row_step = if ROW_STEP == 0 { tile.a_stride } else { ROW_STEP };
        let (mut a, mut b) = (tile.a, tile.b);
        for _ in 0..tile.depth {
            let left = _mm512_maskz_loadu_ps(mask[0], b);
            let right = _mm512_maskz_loadu_ps(mask[1], b.wrapping_add(16));
            for (row, sum) in sums.iter_mut().enumerate() {
                let value = _mm512_set1_ps(*a.add(row * row_step));
                sum[0] = _mm512_fmadd_ps(value, left, sum[0]);
                sum[1] = _mm512_fmadd_ps(value, right, sum[1]);
            }
            a = a.wrapping_add(K_STEP);
            b = b.wrapping_add(tile.b_stride);
        }
        for (row, sum) in sums.iter().enumerate() {
            let c = tile.c.add(row * tile.c_stride);
            _mm512_mask_storeu_ps(c, mask[0], sum[0]);
            _mm512_mask_storeu_ps(c.wrapping_add(16), mask[1], sum[1]);
        }
    }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn avx2_full<const ROWS: usize, const ROW_STEP: usize, const K_STEP: usize>(tile: &Tile) {
    // SAFETY: as `avx512_full`, with 16 floats a line.
    unsafe {
        let mut sums: [[__m256; 2]; ROWS] = [[_mm256_setzero_ps(); 2]; ROWS];
        if tile.accumulate {
            for (row, sum) in sums.iter_mut().enumerate() {
                let c = tile.c.add(row * tile.c_stride);
                *sum = [_mm256_loadu_ps(c), _mm256_loadu_ps(c.add(8))];
            }
        }
        let row_step = if ROW_STEP == 0 { tile.a_stride } else { ROW_STEP };
        let (mut a, mut b, mut ahead) = (tile.a, tile.b, tile.ahead);
        for _ in 0..tile.depth {
            prefetch_later(ahead);
            ahead = ahead.wrapping_add(tile.ahead_step);
            let left = _mm256_loadu_ps(b);
            let right = _mm256_loadu_ps(b.add(8));
            for (row, sum) in sums.iter_mut().enumerate() {
                let value = _mm256_set1_ps(*a.add(row * row_step));
                sum[0] = _mm256_fmadd_ps(value, left, sum[0]);
                sum[1] = _mm256_fmadd_ps(value, right, sum[1]);
            }
            a = a.wrapping_add(K_STEP);
            b = b.wrapping_add(tile.b_stride);
        }
        for (row, sum) in sums.iter().enumerate() {
            let c = tile.c.add(row * tile.c_stride);
            _mm256_storeu_ps(c, sum[0]);
            _mm256_storeu_ps(c.add(8), sum[1]);
        }
    }
}

/// The last few columns, one element at a time in the same order of additions.
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2_part(rows: usize, layout: Rows, tile: &Tile) {
    for row in 0..rows {
        let (start, step) = match layout {
            Rows::Packed => (row, rows),
            Rows::Stride64 => (row * 64, 1),
            Rows::Apart => (row * tile.a_stride, 1),
        };
        for column in 0..tile.columns {
            // SAFETY: row and column lie within what the caller promises.
            unsafe {
                let c = tile.c.add(row * tile.c_stride + column);
                let mut sum = if tile.accumulate { *c } else { 0.0 };
                for k in 0..tile.depth {
                    let value: f32 = *tile.a.add(start + k * step);
                    sum = value.mul_add(*tile.b.add(k * tile.b_stride + column), sum);
                }
                *c = sum;
            }
        }
    }
}
