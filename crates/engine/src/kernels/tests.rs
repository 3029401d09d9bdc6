//! Kernels against plain arithmetic in f64, and against one another.

use proptest::prelude::*;

use super::gemm::{self, Products};
use super::panels::{Panels, RowSource};
use super::rounded::Bits;
use super::rows;
use super::{AlignedBuffer, Isa};
use crate::format::{DType, TensorView};

fn noise(count: usize, salt: u32) -> Vec<f32> {
    (0..count as u32)
        .map(|index| {
            let mut x = index.wrapping_mul(2_654_435_761) ^ salt.wrapping_mul(0x9E37_79B9);
            x = (x ^ x >> 16).wrapping_mul(0x7FEB_352D);
            x = (x ^ x >> 15).wrapping_mul(0x846C_A68B);
            (x >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn pack(values: &[f32], outputs: usize, inputs: usize) -> Panels {
    let shape = [outputs, inputs];
    let view = TensorView { dtype: DType::F32, shape: &shape, bytes: bytemuck::cast_slice(values) };
    let rows: Vec<RowSource<'_>> = (0..outputs).map(|row| RowSource { view, row }).collect();
    Panels::pack(&rows)
}

fn product(isa: Isa, products: Products, x: &[f32], weights: &Panels) -> Vec<f32> {
    let rows = x.len() / weights.inputs;
    let mut out = vec![0.0; rows * weights.outputs];
    let weights = std::slice::from_ref(weights);
    gemm::multiply(isa, products, x, weights, &mut AlignedBuffer::default(), &mut out);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_row_has_the_same_bits_in_every_batch_and_on_every_processor(
        rows in 1..70_usize,
        inputs in 1..900_usize,
        outputs in 1..140_usize,
        salt: u32,
    ) {
        let x = noise(rows * inputs, salt);
        let w = noise(outputs * inputs, salt ^ 1);
        let weights = pack(&w, outputs, inputs);
        let whole = product(Isa::detect(), Products::Exact, &x, &weights);
        for (row, line) in x.chunks_exact(inputs).enumerate() {
            for isa in Isa::supported() {
                let alone = product(isa, Products::Exact, line, &weights);
                prop_assert_eq!(&alone[..], &whole[row * outputs..(row + 1) * outputs]);
            }
        }
        for (row, column) in [(0, 0), (rows - 1, outputs - 1)] {
            let exact: f64 = (0..inputs)
                .map(|k| f64::from(x[row * inputs + k]) * f64::from(w[column * inputs + k]))
                .sum();
            let own = f64::from(whole[row * outputs + column]);
            prop_assert!((own - exact).abs() < 1e-4, "{} instead of {}", own, exact);
        }
    }
}

/// Random bytes are whole blocks; their scales are set to moderate numbers.
fn quantised(dtype: DType, outputs: usize, inputs: usize, salt: u32) -> Vec<u8> {
    let length = dtype.bytes_for(inputs) * outputs;
    let mut bytes: Vec<u8> = noise(length, salt)
        .iter()
        .map(|unit| (unit * 128.0) as i8)
        .map(i8::cast_unsigned)
        .collect();
    let places: &[usize] = match dtype {
        DType::Q2K => &[80, 82],
        DType::Q3K => &[108],
        DType::Q6K => &[208],
        DType::Q4_1 | DType::Q5_1 | DType::Q4K | DType::Q5K => &[0, 2],
        _ => &[0],
    };
    for block in bytes.chunks_exact_mut(dtype.block_bytes()) {
        for place in places {
            // The second byte of a half-precision number decides its size: here between 2^-7 and 2^-6.
            block[place + 1] = 0x20;
        }
    }
    bytes
}

#[test]
fn rounded_products_are_near_and_have_the_same_bits_everywhere() {
    let (outputs, inputs, rows) = (70, 512, 13);
    let types = [
        DType::Q4_0,
        DType::Q4_1,
        DType::Q5_0,
        DType::Q8_0,
        DType::Q2K,
        DType::Q3K,
        DType::Q4K,
        DType::Q6K,
    ];
    for (bits, tolerance) in [(Bits::Eight, 0.01), (Bits::Sixteen, 4e-5)] {
        let products = Products::Rounded(bits);
        for dtype in types {
            let bytes = quantised(dtype, outputs, inputs, 5);
            let shape = [outputs, inputs];
            let view = TensorView { dtype, shape: &shape, bytes: &bytes };
            let sources: Vec<RowSource<'_>> =
                (0..outputs).map(|row| RowSource { view, row }).collect();
            let weights = Panels::pack(&sources);
            let x = noise(rows * inputs, 9);
            let exact = product(Isa::detect(), Products::Exact, &x, &weights);
            let rounded = product(Isa::detect(), products, &x, &weights);
            for isa in Isa::supported() {
                assert_eq!(product(isa, products, &x, &weights), rounded, "{}", isa.name());
                for (row, line) in x.chunks_exact(inputs).enumerate() {
                    let alone = product(isa, products, line, &weights);
                    assert_eq!(alone, rounded[row * outputs..(row + 1) * outputs]);
                }
            }
            let size = exact.iter().map(|value| value * value).sum::<f32>().sqrt();
            let error: f32 = exact.iter().zip(&rounded).map(|(a, b)| (a - b) * (a - b)).sum();
            let error = error.sqrt() / size;
            assert!(error < tolerance, "{} with {bits:?} bits: {error}", dtype.name());
            assert_ne!(exact, rounded);
        }
    }
}

/// The largest codes on both sides: sums of whole numbers must not overflow.
#[test]
fn the_largest_whole_numbers_do_not_overflow() {
    let (outputs, inputs) = (32, 64);
    let block = |dtype: DType| {
        // A scale of one in half precision, then codes of all ones.
        let mut block = vec![0xFF_u8; dtype.block_bytes()];
        block[..2].copy_from_slice(&half::f16::from_f32(1.0).to_le_bytes());
        if dtype == DType::Q8_0 {
            block[2..].fill(0x80);
        }
        block
    };
    for dtype in [DType::Q8_0, DType::Q4_0] {
        let bytes = block(dtype).repeat(outputs * inputs / 32);
        let shape = [outputs, inputs];
        let view = TensorView { dtype, shape: &shape, bytes: &bytes };
        let sources: Vec<RowSource<'_>> = (0..outputs).map(|row| RowSource { view, row }).collect();
        let weights = Panels::pack(&sources);
        for value in [1.0_f32, -1.0] {
            let x = vec![value; inputs];
            let exact = product(Isa::detect(), Products::Exact, &x, &weights);
            for isa in Isa::supported() {
                let own = product(isa, Products::Rounded(Bits::Sixteen), &x, &weights);
                for (own, exact) in own.iter().zip(&exact) {
                    assert!((own - exact).abs() < 1e-4 * exact.abs(), "{own} is not {exact}");
                }
            }
        }
    }
}

/// One to forty rows go through different kernels; every storage type has its own way from codes to numbers.
#[test]
fn exact_products_of_stored_types_have_the_same_bits_in_every_batch_and_on_every_processor() {
    let (outputs, inputs) = (101, 512);
    let types = [
        DType::F16,
        DType::Bf16,
        DType::Q4_0,
        DType::Q4_1,
        DType::Q5_0,
        DType::Q5_1,
        DType::Q8_0,
        DType::Q2K,
        DType::Q3K,
        DType::Q4K,
        DType::Q5K,
        DType::Q6K,
    ];
    for dtype in types {
        let bytes = match dtype {
            DType::F16 | DType::Bf16 => noise(outputs * inputs, 5)
                .iter()
                .flat_map(|value| match dtype {
                    DType::F16 => half::f16::from_f32(*value).to_le_bytes(),
                    _ => half::bf16::from_f32(*value).to_le_bytes(),
                })
                .collect(),
            _ => quantised(dtype, outputs, inputs, 5),
        };
        let shape = [outputs, inputs];
        let view = TensorView { dtype, shape: &shape, bytes: &bytes };
        let sources: Vec<RowSource<'_>> = (0..outputs).map(|row| RowSource { view, row }).collect();
        let (stored, as_f32) = (Panels::pack(&sources), Panels::pack_as_f32(&sources));
        let x = noise(40 * inputs, 9);
        let whole = product(Isa::supported()[0], Products::Exact, &x, &as_f32);
        for rows in [1, 2, 3, 4, 7, 8, 9, 14, 15, 16, 17, 40] {
            for isa in Isa::supported() {
                let own = product(isa, Products::Exact, &x[..rows * inputs], &stored);
                let expected = &whole[..rows * outputs];
                assert!(own == expected, "{} with {rows} rows on {}", dtype.name(), isa.name());
            }
        }
    }
}

#[test]
fn exponentials_are_exact_where_it_matters() {
    assert_eq!(rows::exp(0.0), 1.0);
    assert_eq!(rows::exp(f32::NEG_INFINITY), 0.0);
    for step in -8700..8700 {
        let x = step as f32 / 100.0;
        let exact = f64::from(x).exp();
        let error = (f64::from(rows::exp(x)) - exact).abs() / exact;
        assert!(error < 3e-7, "exp({x}): relative error {error}");
    }
}

/// Activations against their definitions, with erf and tanh from series and identities in f64.
#[test]
fn activations_follow_their_definitions() {
    let erf = |x: f64| {
        let mut term = x;
        let mut sum = x;
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    };
    for isa in Isa::supported() {
        for step in -500..=500 {
            let x = f64::from(step) / 100.0;
            let check = |own: f32, exact: f64, name: &str| {
                assert!(
                    (f64::from(own) - exact).abs() < 2e-6,
                    "{name}({x}): {own} instead of {exact}"
                );
            };
            let mut value = [x as f32];
            rows::silu(isa, &mut value);
            check(value[0], x / (1.0 + (-x).exp()), "silu");
            value = [x as f32];
            rows::gelu(isa, &mut value);
            check(value[0], 0.5 * x * (1.0 + erf(x / 2.0_f64.sqrt())), "gelu");
            value = [x as f32];
            rows::gelu_tanh(isa, &mut value);
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
            check(value[0], 0.5 * x * (1.0 + inner.tanh()), "gelu_tanh");
        }
    }
}

#[test]
fn norms_follow_their_definitions_on_every_processor() {
    let (x, weight, bias) = (noise(77, 1), noise(77, 2), noise(77, 3));
    let mean = x.iter().map(|value| f64::from(*value)).sum::<f64>() / 77.0;
    let square = x.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / 77.0;
    let variance = x.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / 77.0;
    let mut results = Vec::new();
    for isa in Isa::supported() {
        let (mut rms, mut layer) = (vec![0.0; 77], vec![0.0; 77]);
        rows::rms_norm(isa, &x, &weight, 1e-5, &mut rms);
        rows::layer_norm(isa, &x, &weight, &bias, 1e-5, &mut layer);
        for i in 0..77 {
            let (x, weight, bias) = (f64::from(x[i]), f64::from(weight[i]), f64::from(bias[i]));
            let exact = x / (square + 1e-5).sqrt() * weight;
            assert!((f64::from(rms[i]) - exact).abs() < 1e-6);
            let exact = (x - mean) / (variance + 1e-5).sqrt() * weight + bias;
            assert!((f64::from(layer[i]) - exact).abs() < 2e-6);
        }
        results.push((rms, layer));
    }
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
}
