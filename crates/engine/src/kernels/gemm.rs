//! Matrix products of activations with packed weights.
//!
//! The rows of activations are cut into tiles of nearly equal height and interleaved once; then every task takes some panels and
//! some tiles and walks along K in blocks. Each output element is one chain of fused multiply-adds in the order of K,
//! whatever the tiling.
#![expect(unsafe_code, reason = "tasks write disjoint parts of one output through a raw pointer")]

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use super::aligned::AlignedBuffer;
#[cfg(target_arch = "x86_64")]
use super::fused_x86;
use super::isa::Isa;
#[cfg(target_arch = "x86_64")]
use super::isa::Kind;
use super::micro::{self, PANEL, Rows, Tile};
use super::panels::{Panels, QuantisedView};
use super::rounded::{self, Bits, Rounded};

/// The most tiles whose packed rows a task keeps in its second-level cache.
const TILES_PER_CHUNK: usize = 40;

/// Tiles up to which the way of the weights from memory takes as long as the arithmetic.
const FEW_TILES: usize = 2;

/// Rows up to which codes become numbers in registers, for each tile anew.
#[cfg(target_arch = "x86_64")]
const FUSED_ROWS: usize = 16;

thread_local! {
    static UNPACKED: RefCell<AlignedBuffer> = RefCell::default();
}

/// A pointer that tasks may share because they write disjoint elements.
#[derive(Clone, Copy)]
pub(crate) struct Shared(*mut f32);

// SAFETY: users of `Shared` write disjoint elements only, and nothing reads them before all are done.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    pub(crate) fn new(slice: &mut [f32]) -> Self {
        Self(slice.as_mut_ptr())
    }

    pub(crate) fn get(self) -> *mut f32 {
        self.0
    }
}

/// How activations enter products with quantised weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Products {
    /// As they are.
    Exact,
    /// Rounded to whole numbers of so many bits, in groups.
    Rounded(Bits),
}

/// How rows are cut into tiles: `larger` tiles of `height + 1` rows, then tiles of `height` rows.
#[derive(Clone, Copy)]
pub(crate) struct Tiling {
    pub(crate) tiles: usize,
    height: usize,
    larger: usize,
}

impl Tiling {
    pub(crate) fn new(rows: usize, most: usize) -> Self {
        let tiles = rows.div_ceil(most).max(1);
        Self { tiles, height: rows / tiles, larger: rows % tiles }
    }

    /// All rows.
    fn rows(self) -> usize {
        self.tiles * self.height + self.larger
    }

    /// The first row of a tile and its number of rows.
    pub(crate) fn tile(self, index: usize) -> (usize, usize) {
        (
            index * self.height + index.min(self.larger),
            self.height + usize::from(index < self.larger),
        )
    }
}

/// `out[row] = x[row] W^T` for all rows, where W's rows are those of all `weights`, one after the other. `out` has as
/// many floats a row. `packed` is room for interleaved rows.
pub(crate) fn multiply(
    isa: Isa,
    products: Products,
    x: &[f32],
    weights: &[Panels],
    packed: &mut AlignedBuffer,
    out: &mut [f32],
) {
    let stride = weights.iter().map(|part| part.outputs).sum::<usize>();
    let inputs = weights.first().map_or(1, |part| part.inputs);
    let rows = x.len() / inputs;
    assert!(x.len() == rows * inputs && out.len() >= rows * stride, "shapes of a matrix product");
    if rows == 0 {
        return;
    }
    let tiling = Tiling::new(rows, isa.tile_rows());
    let bits = |part: &Panels| match products {
        Products::Rounded(bits) if part.codes().is_some() => Some(bits),
        Products::Rounded(_) | Products::Exact => None,
    };
    // A few rows are used as they lie: interleaving them takes longer than it saves. Kernels for codes want them interleaved.
    let few = tiling.tiles <= FEW_TILES && weights.iter().all(|part| part.codes().is_none());
    let (packed, layout) = if few {
        (x, Rows::Apart)
    } else if weights.iter().all(|part| bits(part).is_some()) {
        (x, Rows::Packed)
    } else {
        (interleave(isa, x, inputs, tiling, packed), Rows::Packed)
    };
    let mut rounded: Option<Rounded> = None;
    let shared = Shared::new(out);
    let mut column = 0;
    for part in weights {
        assert_eq!(part.inputs, inputs, "all parts of a matrix have the same inputs");
        if let (Some(bits), Some(codes)) = (bits(part), part.codes()) {
            let own = match rounded.take().filter(|own| own.suits(codes.shape)) {
                Some(own) => own,
                None => Rounded::new(isa, bits, x, inputs, codes.shape),
            };
            rounded::multiply(isa, &own, codes, shared, stride, column);
            rounded = Some(own);
            column += part.outputs;
            continue;
        }
        let job = Job { isa, packed, layout, weights: part, tiling, out: shared, stride, column };
        let plan = Plan::new(part.count(), tiling.tiles, TILES_PER_CHUNK);
        (0..plan.tasks()).into_par_iter().for_each(|task| {
            let (panels, tiles) = plan.task(task);
            UNPACKED.with_borrow_mut(|scratch| job.run(panels, &tiles, scratch));
        });
        column += part.outputs;
    }
}

/// How panels and tiles are shared out among tasks: in columns of panels and chunks of tiles, each as large as the others.
pub(super) struct Plan {
    panels: usize,
    columns: usize,
    tiles: usize,
    chunks: usize,
}

impl Plan {
    /// At most so many tiles in a chunk.
    pub(super) fn new(panels: usize, tiles: usize, most: usize) -> Self {
        let threads = rayon::current_num_threads();
        let chunks = tiles.div_ceil(most).max(1);
        let per_thread = if tiles <= 2 { 1 } else { 4 };
        // As many tasks for one thread as for another.
        let mut columns = (threads * per_thread).div_ceil(chunks);
        while !(columns * chunks).is_multiple_of(threads) {
            columns += 1;
        }
        Self { panels, columns: columns.clamp(1, panels.max(1)), tiles, chunks }
    }

    pub(super) fn tasks(&self) -> usize {
        self.columns * self.chunks
    }

    /// The panels and the tiles of a task.
    pub(super) fn task(&self, task: usize) -> (Range<usize>, Range<usize>) {
        let part =
            |index: usize, parts: usize, all: usize| index * all / parts..(index + 1) * all / parts;
        (
            part(task % self.columns, self.columns, self.panels),
            part(task / self.columns, self.chunks, self.tiles),
        )
    }
}

/// One product with one part of the weights.
struct Job<'a> {
    isa: Isa,
    packed: &'a [f32],
    /// How the rows of a tile lie.
    layout: Rows,
    weights: &'a Panels,
    tiling: Tiling,
    out: Shared,
    /// Floats per row of the output.
    stride: usize,
    /// Where this part's outputs begin in a row.
    column: usize,
}

impl Job<'_> {
    fn run(&self, panels: Range<usize>, tiles: &Range<usize>, scratch: &mut AlignedBuffer) {
        #[cfg(target_arch = "x86_64")]
        if let Some(codes) = self.fusible() {
            for tile in tiles.clone() {
                self.fused(codes, panels.clone(), tile);
            }
            return;
        }
        let inputs = self.weights.inputs;
        let few_rows = self.tiling.tiles <= FEW_TILES;
        let step = self.weights.block_inputs(few_rows);
        let mut block = |panel: usize, start: usize| {
            let end = (start + step).min(inputs);
            let block = self.weights.block(self.isa, panel, start, end, scratch);
            self.panel(panel, start, block, tiles.clone());
        };
        // Many rows are worth an order that keeps them in the cache; few take the weights as they lie in memory.
        if few_rows {
            for panel in panels {
                (0..inputs).step_by(step).for_each(|start| block(panel, start));
            }
        } else {
            for start in (0..inputs).step_by(step) {
                panels.clone().for_each(|panel| block(panel, start));
            }
        }
    }

    /// The weights' codes, if they are best used without unpacking: for few rows.
    #[cfg(target_arch = "x86_64")]
    fn fusible(&self) -> Option<QuantisedView<'_>> {
        let few = self.isa.kind() == Kind::Avx512 && self.tiling.rows() <= FUSED_ROWS;
        let narrow = self.tiling.tile(0).1 <= fused_x86::ROWS;
        if few && narrow { self.weights.codes() } else { None }
    }

    /// One tile with some panels of codes, two at a time.
    #[cfg(target_arch = "x86_64")]
    fn fused(&self, codes: QuantisedView<'_>, panels: Range<usize>, tile: usize) {
        let inputs = self.weights.inputs;
        let (row, rows) = self.tiling.tile(tile);
        let x = &self.packed[row * inputs..(row + rows) * inputs];
        // Each of the two goes on where it stood, so that both walk through memory without a jump.
        let half = panels.len().div_ceil(2);
        for first in panels.start..panels.start + half {
            let second = first + half;
            let count = if second < panels.end { 2 } else { 1 };
            let pair = [first, if count == 2 { second } else { first }];
            let views = pair.map(|panel| codes.panel(panel, inputs));
            let targets = pair.map(|panel| {
                let at = row * self.stride + self.column + panel * PANEL;
                fused_x86::Target {
                    first: self.out.get().wrapping_add(at),
                    stride: self.stride,
                    columns: (self.weights.outputs - panel * PANEL).min(PANEL),
                }
            });
            // SAFETY: the processor has AVX-512 (`fusible`); the views are whole panels of a matrix with as many inputs as `x`;
            // the output holds these columns of every row (asserted by `multiply`), and no other task has this tile with
            // these panels.
            unsafe { fused_x86::multiply(rows, x, &views[..count], &targets[..count]) };
        }
    }

    /// All tiles with one block of a panel that begins at input `start`.
    fn panel(&self, panel: usize, start: usize, block: &[f32], tiles: Range<usize>) {
        let inputs = self.weights.inputs;
        let depth = block.len() / PANEL;
        let columns = (self.weights.outputs - panel * PANEL).min(PANEL);
        // The weights after this block: each tile asks for its share of as many.
        let (next, next_step) = self.weights.place(panel, start + depth);
        let ahead_step = if tiles.len() <= FEW_TILES { next_step / tiles.len() } else { 0 };
        for tile in tiles.clone() {
            let ahead = next.wrapping_add((tile - tiles.start) * depth * ahead_step);
            if tile + 1 < tiles.end && start > 0 {
                self.prefetch(tile + 1, panel);
            }
            let (row, rows) = self.tiling.tile(tile);
            let a = match self.layout {
                Rows::Packed => &self.packed[row * inputs + start * rows..][..depth * rows],
                Rows::Apart | Rows::Stride64 => {
                    &self.packed[row * inputs + start..][..(rows - 1) * inputs + depth]
                }
            };
            // SAFETY: `a` holds `rows` rows of this block, interleaved or `inputs` floats apart, and `block` 32 columns for each k; the output has
            // `stride` floats for each of the `rows` rows from `row` on (asserted by `multiply`), and no other task has this
            // panel and tile.
            unsafe {
                let tile = Tile {
                    depth,
                    a: a.as_ptr(),
                    a_stride: inputs,
                    b: block.as_ptr(),
                    b_stride: PANEL,
                    c: self.out.get().add(row * self.stride + self.column + panel * PANEL),
                    c_stride: self.stride,
                    columns,
                    accumulate: start > 0,
                    ahead,
                    ahead_step,
                };
                micro::run(self.isa, rows, self.layout, &tile);
            }
        }
    }

    /// Asks for the lines of the output that a tile will add to.
    fn prefetch(&self, tile: usize, panel: usize) {
        let (row, rows) = self.tiling.tile(tile);
        let first = self.out.get().wrapping_add(row * self.stride + self.column + panel * PANEL);
        for row in 0..rows {
            let line = first.wrapping_add(row * self.stride);
            micro::prefetch(line);
            micro::prefetch(line.wrapping_add(16));
        }
    }
}

/// Interleaves the rows of each tile: `[tile][k][row]`.
fn interleave<'a>(
    isa: Isa,
    x: &'a [f32],
    inputs: usize,
    tiling: Tiling,
    packed: &'a mut AlignedBuffer,
) -> &'a [f32] {
    if x.len() == inputs {
        return x;
    }
    let out = packed.at_least(x.len());
    let shared = Shared::new(out);
    let whole = |tile: usize| {
        let (row, rows) = tiling.tile(tile);
        // SAFETY: the rows of different tiles are disjoint ranges within `out`, which is as long as `x`.
        let part = unsafe {
            std::slice::from_raw_parts_mut(shared.get().add(row * inputs), rows * inputs)
        };
        interleave_tile(isa, &x[row * inputs..(row + rows) * inputs], inputs, rows, part);
    };
    if tiling.tiles < 8 {
        (0..tiling.tiles).for_each(whole);
    } else {
        (0..tiling.tiles).into_par_iter().with_min_len(8).for_each(whole);
    }
    out
}

/// `out[k x rows + i] = x[i x inputs + k]`, a cache line of each row at a time.
pub(crate) fn interleave_tile(isa: Isa, x: &[f32], inputs: usize, rows: usize, out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    let done = if isa.kind() == Kind::Avx512 {
        // SAFETY: the processor has AVX-512.
        unsafe { super::transpose_x86::interleave(x, inputs, rows, out) };
        inputs / 16 * 16
    } else {
        0
    };
    #[cfg(not(target_arch = "x86_64"))]
    let (done, _) = (0, isa);
    for start in (done..inputs).step_by(16) {
        let end = (start + 16).min(inputs);
        for (i, row) in x.chunks_exact(inputs).enumerate() {
            for (k, value) in row[start..end].iter().enumerate() {
                out[(start + k) * rows + i] = *value;
            }
        }
    }
}
