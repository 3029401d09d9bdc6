//! Weights packed once for the matrix product: panels of 32 output columns, as stored or as f32.
//!
//! Float panels hold, for each input k, the weights of 32 outputs side by side. Quantised panels hold codes in groups of four
//! inputs (eight for nibbles), so that 16 outputs' codes fill one 512-bit register either way; scales and offsets
//! lie beside them, one per group and output. Quantised and half-precision panels become f32 a block at a time,
//! in a buffer that stays in the first-level cache.

#![expect(
    clippy::inline_always,
    reason = "code gets a processor's vector instructions only where it is inlined into a function that has them"
)]

use super::aligned::AlignedBuffer;
use super::isa::Isa;
use super::micro::PANEL;
use super::rows::versions;
use crate::format::{DType, GroupShape, TensorView, group_shape, groups};

/// A weight matrix of `outputs` x `inputs`.
#[derive(Debug)]
pub(crate) struct Panels {
    pub(crate) outputs: usize,
    pub(crate) inputs: usize,
    storage: Storage,
}

#[derive(Debug)]
enum Storage {
    F32(AlignedBuffer),
    /// 16-bit floats.
    Half {
        bits: AlignedBuffer,
        kind: HalfKind,
    },
    Quantised(Quantised),
}

/// Which 16-bit float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HalfKind {
    F16,
    Bf16,
}

#[derive(Debug)]
struct Quantised {
    shape: GroupShape,
    /// Words of 32 bits: four codes, or eight nibbles, of one output in each.
    codes: AlignedBuffer,
    scales: AlignedBuffer,
    /// Empty if all are zero.
    offsets: AlignedBuffer,
}

/// The codes of a quantised matrix, or of one of its panels, with their scales.
#[derive(Clone, Copy)]
pub(super) struct QuantisedView<'a> {
    pub(super) shape: GroupShape,
    pub(super) outputs: usize,
    pub(super) codes: &'a [u32],
    pub(super) scales: &'a [f32],
    /// Empty if all are zero.
    pub(super) offsets: &'a [f32],
}

impl<'a> QuantisedView<'a> {
    /// QuantisedView of one output in one element.
    pub(super) fn per_word(self) -> usize {
        if self.shape.nibble { 8 } else { 4 }
    }

    /// One panel's part; `outputs` stays that of the matrix.
    pub(super) fn panel(self, panel: usize, inputs: usize) -> Self {
        let words = inputs / self.per_word() * PANEL;
        let groups = inputs / self.shape.size * PANEL;
        let part = |values: &'a [f32]| {
            values.get(panel * groups..(panel + 1) * groups).unwrap_or_default()
        };
        Self {
            codes: &self.codes[panel * words..(panel + 1) * words],
            scales: part(self.scales),
            offsets: part(self.offsets),
            ..self
        }
    }
}

/// One row of a matrix that is being packed.
pub(crate) struct RowSource<'a> {
    pub(crate) view: TensorView<'a>,
    pub(crate) row: usize,
}

impl Panels {
    /// Packs the rows in the given order. All have the same length and storage type.
    pub(crate) fn pack(rows: &[RowSource<'_>]) -> Self {
        let (inputs, dtype) =
            rows.first().map_or((0, DType::F32), |row| (row.view.columns(), row.view.dtype));
        let outputs = rows.len();
        let storage = match group_shape(dtype) {
            Some(shape) => Storage::Quantised(pack_quantised(rows, inputs, dtype, shape)),
            None if dtype == DType::F32 => Storage::F32(pack_f32(rows, inputs)),
            None => {
                let kind = if dtype == DType::F16 { HalfKind::F16 } else { HalfKind::Bf16 };
                Storage::Half { bits: pack_half(rows, inputs), kind }
            }
        };
        Self { outputs, inputs, storage }
    }

    /// Packs rows as f32, whatever they are stored as.
    pub(crate) fn pack_as_f32(rows: &[RowSource<'_>]) -> Self {
        let inputs = rows.first().map_or(0, |row| row.view.columns());
        Self { outputs: rows.len(), inputs, storage: Storage::F32(pack_f32(rows, inputs)) }
    }

    /// The codes, if the matrix is quantised.
    pub(super) fn codes(&self) -> Option<QuantisedView<'_>> {
        let Storage::Quantised(quantised) = &self.storage else { return None };
        Some(QuantisedView {
            shape: quantised.shape,
            outputs: self.outputs,
            codes: quantised.codes.cast(),
            scales: quantised.scales.as_slice(),
            offsets: quantised.offsets.as_slice(),
        })
    }

    /// Panels of 32 outputs.
    pub(crate) fn count(&self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        match &self.storage {
            Storage::F32(values) | Storage::Half { bits: values, .. } => values.bytes(),
            Storage::Quantised(quantised) => {
                quantised.codes.bytes() + quantised.scales.bytes() + quantised.offsets.bytes()
            }
        }
    }

    /// How many inputs a block should have: a panel's block and a tile's rows fit into the first-level cache together, and
    /// with few rows the next block too, which is on its way meanwhile.
    pub(crate) fn block_inputs(&self, few_rows: bool) -> usize {
        let blocks = self.inputs.div_ceil(if few_rows { 96 } else { 192 }).max(1);
        self.inputs.div_ceil(blocks).next_multiple_of(32)
    }

    /// Where the floats of a panel's input lie, and how many floats' room the weights of one input take.
    pub(crate) fn place(&self, panel: usize, input: usize) -> (*const f32, usize) {
        let (buffer, step) = match &self.storage {
            Storage::F32(values) => (values, PANEL),
            Storage::Half { bits, .. } => (bits, PANEL / 2),
            Storage::Quantised(quantised) => (&quantised.codes, PANEL / quantised.per_word()),
        };
        let first = buffer.as_slice().as_ptr();
        (first.wrapping_add((panel * self.inputs + input) * step), step)
    }

    /// Inputs `start..end` of a panel as f32, `[input][32 outputs]`; `scratch` holds them if they are stored
    /// otherwise. `start` is a multiple of 32, `end` too or the last input.
    pub(crate) fn block<'a>(
        &'a self,
        isa: Isa,
        panel: usize,
        start: usize,
        end: usize,
        scratch: &'a mut AlignedBuffer,
    ) -> &'a [f32] {
        let range = (panel * self.inputs + start) * PANEL..(panel * self.inputs + end) * PANEL;
        match &self.storage {
            Storage::F32(values) => &values.as_slice()[range],
            Storage::Half { bits, kind } => {
                let out = scratch.at_least((end - start) * PANEL);
                let bits = &bits.cast()[range];
                match kind {
                    HalfKind::Bf16 => unpack_bf16(isa, bits, out),
                    HalfKind::F16 => unpack_f16(isa, bits, out),
                }
                out
            }
            Storage::Quantised(quantised) => {
                let out = scratch.at_least((end - start).next_multiple_of(32) * PANEL);
                quantised.unpack(isa, self.inputs, panel, start, out);
                &out[..(end - start) * PANEL]
            }
        }
    }
}

impl Quantised {
    /// QuantisedView of one output in one element.
    fn per_word(&self) -> usize {
        if self.shape.nibble { 8 } else { 4 }
    }

    fn unpack(&self, isa: Isa, inputs: usize, panel: usize, start: usize, out: &mut [f32]) {
        let count = out.len() / PANEL;
        let words = self.per_word();
        let first = (panel * inputs + start) / words * PANEL;
        let codes = &self.codes.cast()[first..first + count / words * PANEL];
        let group = (panel * inputs + start) / self.shape.size * PANEL;
        let scales = &self.scales.as_slice()[group..group + count / self.shape.size * PANEL];
        let offsets = self.offsets.as_slice().get(group..group + scales.len()).unwrap_or_default();
        #[cfg(target_arch = "x86_64")]
        if isa.kind() == super::isa::Kind::Avx512 {
            let groups = super::unpack_x86::Groups { codes, scales, offsets };
            return super::unpack_x86::unpack(self.shape, &groups, out);
        }
        let lowest = f32::from(self.shape.lowest);
        match (self.shape.nibble, self.shape.size) {
            (true, 32) => unpack_nibbles_32(isa, codes, scales, offsets, lowest, out),
            (true, _) => unpack_nibbles_16(isa, codes, scales, offsets, lowest, out),
            (false, 32) => unpack_bytes_32(isa, codes, scales, offsets, lowest, out),
            (false, _) => unpack_bytes_16(isa, codes, scales, offsets, lowest, out),
        }
    }
}

fn pack_f32(rows: &[RowSource<'_>], inputs: usize) -> AlignedBuffer {
    let mut packed = AlignedBuffer::zeros(rows.len().div_ceil(PANEL) * PANEL * inputs);
    let values = packed.as_mut_slice();
    let mut line = vec![0.0; inputs];
    for (output, source) in rows.iter().enumerate() {
        source.view.read_row(source.row, &mut line);
        let start = output / PANEL * PANEL * inputs + output % PANEL;
        for (input, value) in line.iter().enumerate() {
            values[start + input * PANEL] = *value;
        }
    }
    packed
}

fn pack_half(rows: &[RowSource<'_>], inputs: usize) -> AlignedBuffer {
    let mut buffer = AlignedBuffer::zeros_of::<u16>(rows.len().div_ceil(PANEL) * PANEL * inputs);
    let packed: &mut [u16] = buffer.cast_mut();
    for (output, source) in rows.iter().enumerate() {
        let start = output / PANEL * PANEL * inputs + output % PANEL;
        let bytes = source.view.row_bytes(source.row);
        for (input, raw) in bytes.chunks_exact(2).enumerate() {
            packed[start + input * PANEL] = u16::from_le_bytes([raw[0], raw[1]]);
        }
    }
    buffer
}

/// Quantised rows have a multiple of 32 inputs: their blocks have 32 or 256 weights.
fn pack_quantised(
    rows: &[RowSource<'_>],
    inputs: usize,
    dtype: DType,
    shape: GroupShape,
) -> Quantised {
    let padded = rows.len().div_ceil(PANEL) * PANEL;
    let words = if shape.nibble { 8 } else { 4 };
    let mut code_buffer = AlignedBuffer::zeros_of::<u32>(padded * inputs / words);
    let mut scale_buffer = AlignedBuffer::zeros(padded * inputs / shape.size);
    let mut offset_buffer = AlignedBuffer::zeros(padded * inputs / shape.size);
    let codes: &mut [u32] = code_buffer.cast_mut();
    let (scales, offsets) = (scale_buffer.as_mut_slice(), offset_buffer.as_mut_slice());
    for (output, source) in rows.iter().enumerate() {
        let (panel, lane) = (output / PANEL, output % PANEL);
        let mut input = 0;
        groups(dtype, source.view.row_bytes(source.row), |group| {
            let at = (panel * inputs + input) / shape.size * PANEL + lane;
            scales[at] = group.scale;
            offsets[at] = group.offset;
            for (index, code) in group.codes.iter().enumerate() {
                let place = input + index;
                let word = (panel * inputs + place) / words * PANEL + lane;
                let stored = u32::from(code.wrapping_sub(shape.lowest).cast_unsigned());
                codes[word] |= stored << shift_of(place % words, shape.nibble);
            }
            input += group.codes.len();
        });
    }
    if offsets.iter().all(|offset| *offset == 0.0) {
        offset_buffer = AlignedBuffer::default();
    }
    Quantised { shape, codes: code_buffer, scales: scale_buffer, offsets: offset_buffer }
}

/// Where the code of input `place` lies in its word. Nibbles: the first four inputs in the low halves of the bytes,
/// the next four in the high halves.
pub(super) const fn shift_of(place: usize, nibble: bool) -> usize {
    if nibble { place % 4 * 8 + place / 4 * 4 } else { place * 8 }
}

versions! {
    fn unpack_bf16(bits: &[u16], out: &mut [f32]) {
        for (value, raw) in out.iter_mut().zip(bits) {
            *value = f32::from_bits(u32::from(*raw) << 16);
        }
    }

    fn unpack_f16(bits: &[u16], out: &mut [f32]) {
        for (value, raw) in out.iter_mut().zip(bits) {
            *value = f16_to_f32(*raw);
        }
    }

    fn unpack_nibbles_32(codes: &[u32], scales: &[f32], offsets: &[f32], lowest: f32, out: &mut [f32]) {
        unpack::<8, 32>(codes, scales, offsets, lowest, out);
    }

    fn unpack_nibbles_16(codes: &[u32], scales: &[f32], offsets: &[f32], lowest: f32, out: &mut [f32]) {
        unpack::<8, 16>(codes, scales, offsets, lowest, out);
    }

    fn unpack_bytes_32(codes: &[u32], scales: &[f32], offsets: &[f32], lowest: f32, out: &mut [f32]) {
        unpack::<4, 32>(codes, scales, offsets, lowest, out);
    }

    fn unpack_bytes_16(codes: &[u32], scales: &[f32], offsets: &[f32], lowest: f32, out: &mut [f32]) {
        unpack::<4, 16>(codes, scales, offsets, lowest, out);
    }
}

/// Exact for every value, without branches that would keep the compiler from using vectors.
#[inline(always)]
fn f16_to_f32(bits: u16) -> f32 {
    let magnitude = u32::from(bits & 0x7fff) << 13;
    // 2^112 moves the exponent's bias from 15 to 127, also for subnormal numbers.
    let value = f32::from_bits(magnitude) * f32::from_bits(0x7780_0000);
    let special = magnitude >= 0x0f80_0000;
    let value = if special { f32::from_bits(magnitude | 0x7f80_0000) } else { value };
    f32::from_bits(value.to_bits() | u32::from(bits & 0x8000) << 16)
}

#[inline(always)]
fn unpack<const WORD: usize, const GROUP: usize>(
    codes: &[u32],
    scales: &[f32],
    offsets: &[f32],
    lowest: f32,
    out: &mut [f32],
) {
    let mask = if WORD == 8 { 15 } else { 255 };
    let per_group = GROUP / WORD * PANEL;
    let grouped = codes.chunks_exact(per_group).zip(out.chunks_exact_mut(GROUP * PANEL));
    for (group, (words, values)) in grouped.enumerate() {
        let scale = &scales[group * PANEL..(group + 1) * PANEL];
        for (word, lines) in words.chunks_exact(PANEL).zip(values.chunks_exact_mut(WORD * PANEL)) {
            for (place, line) in lines.chunks_exact_mut(PANEL).enumerate() {
                let shift = shift_of(place, WORD == 8);
                for lane in 0..PANEL {
                    let code = (word[lane] >> shift & mask).cast_signed() as f32 + lowest;
                    line[lane] = code * scale[lane];
                }
            }
        }
        if !offsets.is_empty() {
            let offset = &offsets[group * PANEL..(group + 1) * PANEL];
            for line in values.chunks_exact_mut(PANEL) {
                for lane in 0..PANEL {
                    line[lane] += offset[lane];
                }
            }
        }
    }
}
