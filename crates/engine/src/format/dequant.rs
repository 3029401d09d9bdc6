//! Stored blocks to plain integers with scales, and to f32.
//!
//! Every quantised type is `weight = scale x code + offset` with one scale and offset per group of 16 or 32 weights;
//! [`groups`] brings all of them into that form, which is also what the kernels store. Block layouts: ggml's
//! `ggml-common.h`; the order of the operations is that of `gguf-py` (multiply, then add, each rounded to f32).

use half::{bf16, f16};

use super::dtype::DType;

/// A group of weights that share a scale: `weight = scale x code + offset`.
pub(crate) struct Group<'a> {
    pub(crate) scale: f32,
    pub(crate) offset: f32,
    /// 16 or 32 codes.
    pub(crate) codes: &'a [i8],
}

/// How a quantised type's groups look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupShape {
    /// Weights per scale: 16 or 32.
    pub(crate) size: usize,
    /// The smallest code.
    pub(crate) lowest: i8,
    /// Whether `code - lowest` fits into four bits.
    pub(crate) nibble: bool,
}

/// The groups of a quantised type; `None` for plain floats.
pub(crate) fn group_shape(dtype: DType) -> Option<GroupShape> {
    let (size, lowest, nibble) = match dtype {
        DType::F32 | DType::F16 | DType::Bf16 => return None,
        DType::Q4_0 => (32, -8, true),
        DType::Q4_1 | DType::Q4K => (32, 0, true),
        DType::Q5_0 => (32, -16, false),
        DType::Q5_1 | DType::Q5K => (32, 0, false),
        DType::Q8_0 => (32, -128, false),
        DType::Q2K => (16, 0, true),
        DType::Q3K => (16, -4, true),
        DType::Q6K => (16, -32, false),
    };
    Some(GroupShape { size, lowest, nibble })
}

/// Calls `each` for every group of a row, in order. `bytes` holds whole blocks of a quantised type.
pub(crate) fn groups(dtype: DType, bytes: &[u8], mut each: impl FnMut(Group<'_>)) {
    for block in bytes.chunks_exact(dtype.block_bytes()) {
        match dtype {
            DType::F32 | DType::F16 | DType::Bf16 => unreachable!("plain floats have no groups"),
            DType::Q4_0 | DType::Q4_1 | DType::Q5_0 | DType::Q5_1 | DType::Q8_0 => {
                each_simple(dtype, block, &mut each);
            }
            DType::Q2K => each_q2k(block, &mut each),
            DType::Q3K => each_q3k(block, &mut each),
            DType::Q4K => each_q45k(&block[..16], &[], &block[16..], &mut each),
            DType::Q5K => each_q45k(&block[..16], &block[16..48], &block[48..], &mut each),
            DType::Q6K => each_q6k(block, &mut each),
        }
    }
}

/// Stored bytes to f32. `out` is as long as the bytes say.
pub(crate) fn dequantise(dtype: DType, bytes: &[u8], out: &mut [f32]) {
    match dtype {
        DType::F32 => {
            for (value, raw) in out.iter_mut().zip(bytes.chunks_exact(4)) {
                *value = f32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]);
            }
        }
        DType::F16 => {
            for (value, raw) in out.iter_mut().zip(bytes.chunks_exact(2)) {
                *value = f16_at(raw, 0);
            }
        }
        DType::Bf16 => {
            for (value, raw) in out.iter_mut().zip(bytes.chunks_exact(2)) {
                *value = bf16::from_le_bytes([raw[0], raw[1]]).to_f32();
            }
        }
        _ => {
            let mut rest = out;
            groups(dtype, bytes, |group| {
                let (head, tail) = std::mem::take(&mut rest).split_at_mut(group.codes.len());
                for (value, code) in head.iter_mut().zip(group.codes) {
                    *value = group.scale * f32::from(*code) + group.offset;
                }
                rest = tail;
            });
        }
    }
}

fn f16_at(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

/// The types with 32 weights per block: scale, offset if any, the fifth bits if any, the codes.
fn each_simple(dtype: DType, block: &[u8], each: &mut impl FnMut(Group<'_>)) {
    let scale = f16_at(block, 0);
    let mut codes = [0_i8; 32];
    if dtype == DType::Q8_0 {
        for (code, byte) in codes.iter_mut().zip(&block[2..]) {
            *code = byte.cast_signed();
        }
        return each(Group { scale, offset: 0.0, codes: &codes });
    }
    let has_offset = matches!(dtype, DType::Q4_1 | DType::Q5_1);
    let offset = if has_offset { f16_at(block, 2) } else { 0.0 };
    let mut at = if has_offset { 4 } else { 2 };
    let mut high = 0_u32;
    if matches!(dtype, DType::Q5_0 | DType::Q5_1) {
        high = u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
        at += 4;
    }
    let lowest = match dtype {
        DType::Q4_0 => 8,
        DType::Q5_0 => 16,
        _ => 0,
    };
    for (index, byte) in block[at..at + 16].iter().enumerate() {
        let fifth = |position: usize| ((high >> position & 1) << 4) as i8;
        codes[index] = ((byte & 15) as i8 | fifth(index)) - lowest;
        codes[index + 16] = ((byte >> 4) as i8 | fifth(index + 16)) - lowest;
    }
    each(Group { scale, offset, codes: &codes });
}

/// `scales[16] (low nibble: scale, high: minimum), qs[64], d, dmin`.
fn each_q2k(block: &[u8], each: &mut impl FnMut(Group<'_>)) {
    let (scale, minimum) = (f16_at(block, 80), f16_at(block, 82));
    for group in 0..16 {
        let (half, shift, part) = (group / 8, group % 8 / 2 * 2, group % 2);
        let start = 16 + half * 32 + part * 16;
        let mut codes = [0_i8; 16];
        for (code, byte) in codes.iter_mut().zip(&block[start..start + 16]) {
            *code = (byte >> shift & 3) as i8;
        }
        let packed = block[group];
        each(Group {
            scale: scale * f32::from(packed & 15),
            offset: -(minimum * f32::from(packed >> 4)),
            codes: &codes,
        });
    }
}

/// `hmask[32], qs[64], scales[12] (six bits each), d`.
fn each_q3k(block: &[u8], each: &mut impl FnMut(Group<'_>)) {
    let scale = f16_at(block, 108);
    let packed = &block[96..108];
    for group in 0..16 {
        let low = if group < 8 { packed[group] & 15 } else { packed[group - 8] >> 4 };
        let high = packed[8 + group % 4] >> (group / 4 * 2) & 3;
        let six_bits = (low | high << 4) as i8 - 32;
        let (half, pair, part) = (group / 8, group % 8 / 2, group % 2);
        let start = 32 + half * 32 + part * 16;
        let mut codes = [0_i8; 16];
        for (index, code) in codes.iter_mut().enumerate() {
            let low = block[start + index] >> (pair * 2) & 3;
            let high = block[part * 16 + index] >> (half * 4 + pair) & 1;
            *code = low as i8 - if high == 1 { 0 } else { 4 };
        }
        each(Group { scale: scale * f32::from(six_bits), offset: 0.0, codes: &codes });
    }
}

/// `d, dmin, scales[12] (six bits each for scale and minimum)`, then for Q5_K the fifth bits, then the nibbles.
fn each_q45k(header: &[u8], fifth: &[u8], nibbles: &[u8], each: &mut impl FnMut(Group<'_>)) {
    let (scale, minimum) = (f16_at(header, 0), f16_at(header, 2));
    let packed = &header[4..16];
    for group in 0..8 {
        let (own_scale, own_minimum) = if group < 4 {
            (packed[group] & 63, packed[group + 4] & 63)
        } else {
            (
                packed[group + 4] & 15 | packed[group - 4] >> 6 << 4,
                packed[group + 4] >> 4 | packed[group] >> 6 << 4,
            )
        };
        let start = group / 2 * 32;
        let mut codes = [0_i8; 32];
        for (index, code) in codes.iter_mut().enumerate() {
            let nibble = nibbles[start + index] >> (group % 2 * 4) & 15;
            let high = fifth.get(index).map_or(0, |bits| bits >> group & 1);
            *code = (nibble | high << 4) as i8;
        }
        each(Group {
            scale: scale * f32::from(own_scale),
            offset: -(minimum * f32::from(own_minimum)),
            codes: &codes,
        });
    }
}

/// `ql[128], qh[64], scales[16] (i8), d`.
fn each_q6k(block: &[u8], each: &mut impl FnMut(Group<'_>)) {
    let scale = f16_at(block, 208);
    for group in 0..16 {
        let (half, quarter, part) = (group / 8, group % 8 / 2, group % 2);
        let low = &block[half * 64 + quarter % 2 * 32 + part * 16..];
        let high = &block[128 + half * 32 + part * 16..];
        let mut codes = [0_i8; 16];
        for (index, code) in codes.iter_mut().enumerate() {
            let four = low[index] >> (quarter / 2 * 4) & 15;
            let two = high[index] >> (quarter * 2) & 3;
            *code = (four | two << 4) as i8 - 32;
        }
        let own = f32::from(block[192 + group].cast_signed());
        each(Group { scale: scale * own, offset: 0.0, codes: &codes });
    }
}
