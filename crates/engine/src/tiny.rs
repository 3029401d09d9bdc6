//! Weights of the tiny checkpoints that tests make.

/// The values that `parity/engine/make_tiny.py` gives a tensor.
pub(crate) fn fill(name: &str, shape: &[usize]) -> Vec<f32> {
    let seed = name
        .bytes()
        .fold(2_166_136_261_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    let count: usize = shape.iter().product();
    let unit = |index: usize| {
        let mut x = seed ^ (index as u32).wrapping_mul(2_654_435_761);
        x ^= x >> 16;
        x = x.wrapping_mul(0x7FEB_352D);
        x ^= x >> 15;
        x = x.wrapping_mul(0x846C_A68B);
        x ^= x >> 16;
        (x >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let value = |unit: f32| {
        if shape.len() > 1 {
            unit * 0.25
        } else if name.ends_with(".weight") {
            unit * 0.25 + 1.0
        } else {
            unit * 0.125
        }
    };
    (0..count).map(|index| value(unit(index))).collect()
}
