//! Operations on rows: exponentials, norms, softmax, activations, rotations.
//!
//! Written once as plain loops over sixteen lanes; the compiler turns them into vector instructions for
//! each instruction set. Sums run in sixteen lanes that are joined in a fixed order.
#![expect(
    clippy::inline_always,
    reason = "code gets a processor's vector instructions only where it is inlined into a function that has them"
)]

/// Compiles functions for each instruction set and picks one at run time by their first argument, an `Isa`.
macro_rules! versions {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $out:ty)? $body:block)*) => {$(
        $(#[$doc])*
        #[expect(clippy::allow_attributes, reason = "not every expansion needs the unsafe block")]
        #[allow(unsafe_code)]
        pub(crate) fn $name(isa: crate::kernels::Isa, $($arg: $kind),*) $(-> $out)? {
            #[inline(always)]
            fn body($($arg: $kind),*) $(-> $out)? $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,fma,f16c")]
            fn wide($($arg: $kind),*) $(-> $out)? { body($($arg),*) }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c")]
            fn narrow($($arg: $kind),*) $(-> $out)? { body($($arg),*) }
            match isa.kind() {
                crate::kernels::isa::Kind::Portable => body($($arg),*),
                #[cfg(target_arch = "x86_64")]
                // SAFETY: an `Isa` of this kind exists only where the processor has the instructions.
                crate::kernels::isa::Kind::Avx2 => unsafe { narrow($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                crate::kernels::isa::Kind::Avx512 => unsafe { wide($($arg),*) },
            }
        }
    )*};
}
pub(crate) use versions;

/// Lanes of every sum.
pub(crate) const LANES: usize = 16;

/// e^x to about one unit in the last place; exactly 0 for x below -87.3 and exactly 1 at 0. Cephes' polynomial (`expf`).
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0;
    let low = if x > -87.3 { x } else { -87.3 };
    let clamped = if low < 88.0 { low } else { 88.0 };
    // Adding 1.5 x 2^23 rounds to a whole number and leaves it in the lowest bits.
    let shifted = clamped.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-0.693_359_4, clamped);
    let r = n.mul_add(2.121_944_4e-4, r);
    let p = 1.987_569_2e-4_f32;
    let p = p.mul_add(r, 1.398_199_9e-3);
    let p = p.mul_add(r, 8.333_452e-3);
    let p = p.mul_add(r, 4.166_579_6e-2);
    let p = p.mul_add(r, 1.666_666_5e-1);
    let p = p.mul_add(r, 0.5);
    let p = p.mul_add(r * r, r) + 1.0;
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if x < -87.3 { 0.0 } else { p * power }
}

/// The hyperbolic tangent.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    let small = x.abs() < 0.04;
    let square = x * x;
    let series = x * square.mul_add(square.mul_add(2.0 / 15.0, -1.0 / 3.0), 1.0);
    let wide = 1.0 - 2.0 / (exp(2.0 * x) + 1.0);
    if small { series } else { wide }
}

/// The error function: a rational approximation with error below 1e-6 (the one in Eigen and XLA).
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = if x > -4.0 { x } else { -4.0 };
    let x = if x < 4.0 { x } else { 4.0 };
    let s = x * x;
    let p = -2.726_142_4e-10_f32;
    let p = p.mul_add(s, 2.770_681_5e-8);
    let p = p.mul_add(s, -2.101_024e-6);
    let p = p.mul_add(s, -5.692_506_5e-5);
    let p = p.mul_add(s, -7.349_906_4e-4);
    let p = p.mul_add(s, -2.954_6e-3);
    let p = p.mul_add(s, -1.609_603_3e-2);
    let q = -1.456_607_2e-5_f32;
    let q = q.mul_add(s, -2.133_740_6e-4);
    let q = q.mul_add(s, -1.682_827e-3);
    let q = q.mul_add(s, -7.373_329_2e-3);
    let q = q.mul_add(s, -1.426_473_9e-2);
    x * p / q
}

/// Joins the lanes of a sum in a fixed order.
#[inline(always)]
pub(crate) fn join(lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    let mut lanes = lanes;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// The largest lane.
#[inline(always)]
fn largest(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            let other = lanes[lane + width];
            lanes[lane] = if other > lanes[lane] { other } else { lanes[lane] };
        }
        width /= 2;
    }
    lanes[0]
}

/// The sum over a row of `term(index)`, in lanes.
#[inline(always)]
fn lane_sum(length: usize, term: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let whole = length / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += term(start + lane);
        }
    }
    for (lane, sum) in lanes.iter_mut().enumerate().take(length - whole) {
        *sum += term(whole + lane);
    }
    join(lanes)
}

versions! {
    /// `out = x / rms(x) x weight`.
    fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
        let mean = lane_sum(x.len(), |i| x[i] * x[i]) / x.len() as f32;
        let factor = 1.0 / (mean + epsilon).sqrt();
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
            *out = x * factor * weight;
        }
    }

    /// `out = (x - mean) / deviation x weight + bias`.
    fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
        let count = x.len() as f32;
        let mean = lane_sum(x.len(), |i| x[i]) / count;
        let variance = lane_sum(x.len(), |i| (x[i] - mean) * (x[i] - mean)) / count;
        let factor = 1.0 / (variance + epsilon).sqrt();
        for (((out, x), weight), bias) in out.iter_mut().zip(x).zip(weight).zip(bias) {
            *out = (x - mean) * factor * weight + bias;
        }
    }

    /// `out += scale x x`.
    fn add_scaled(x: &[f32], scale: f32, out: &mut [f32]) {
        for (out, x) in out.iter_mut().zip(x) {
            *out = x.mul_add(scale, *out);
        }
    }

    /// `out += x`.
    fn add(x: &[f32], out: &mut [f32]) {
        for (out, x) in out.iter_mut().zip(x) {
            *out += x;
        }
    }

    /// `x = silu(x)`.
    fn silu(x: &mut [f32]) {
        for x in x {
            *x /= 1.0 + exp(-*x);
        }
    }

    /// `x = gelu(x)` with the error function.
    fn gelu(x: &mut [f32]) {
        for x in x {
            *x *= 0.5 * (1.0 + erf(*x * std::f32::consts::FRAC_1_SQRT_2));
        }
    }

    /// `x = gelu(x)` with the tanh approximation.
    fn gelu_tanh(x: &mut [f32]) {
        for x in x {
            let inner = 0.797_884_6 * (0.044_715 * *x * *x).mul_add(*x, *x);
            *x *= 0.5 * (1.0 + tanh(inner));
        }
    }

    /// `x = max(x, 0)`.
    fn relu(x: &mut [f32]) {
        for x in x {
            *x = x.max(0.0);
        }
    }

    /// `x *= other`.
    fn multiply(other: &[f32], x: &mut [f32]) {
        for (x, other) in x.iter_mut().zip(other) {
            *x *= other;
        }
    }

    /// `x = cap x tanh(x / cap)`.
    fn soft_cap(cap: f32, x: &mut [f32]) {
        for x in x {
            *x = cap * tanh(*x / cap);
        }
    }

    /// The largest value of a row.
    fn maximum(x: &[f32]) -> f32 {
        let mut lanes = [f32::NEG_INFINITY; LANES];
        let chunks = x.chunks_exact(LANES);
        let rest = chunks.remainder();
        for chunk in chunks {
            for lane in 0..LANES {
                lanes[lane] = if chunk[lane] > lanes[lane] { chunk[lane] } else { lanes[lane] };
            }
        }
        rest.iter().chain(&lanes).fold(f32::NEG_INFINITY, |best, value| best.max(*value))
    }

    /// The sum over a row of `exp(x - shift)`; lanes of 64 terms are joined in f64.
    fn sum_exp(x: &[f32], shift: f32) -> f64 {
        let mut total = 0.0_f64;
        for part in x.chunks(64 * LANES) {
            total += f64::from(lane_sum(part.len(), |i| exp(part[i] - shift)));
        }
        total
    }

    /// One step of a running softmax over 64 scores: turns them into weights relative to the new maximum, and
    /// returns that maximum with the factor by which earlier weights shrink. `sums` holds the sums of the weights, in lanes.
    fn softmax_step(scores: &mut [f32; 64], maximum: f32, sums: &mut [f32; LANES]) -> (f32, f32) {
        let mut lanes = [f32::NEG_INFINITY; LANES];
        for chunk in scores.chunks_exact(LANES) {
            for lane in 0..LANES {
                lanes[lane] = if chunk[lane] > lanes[lane] { chunk[lane] } else { lanes[lane] };
            }
        }
        let best = largest(lanes);
        let best = if best > maximum { best } else { maximum };
        let shift = if best == f32::NEG_INFINITY { 0.0 } else { best };
        let factor = exp(maximum - shift);
        let mut fresh = [0.0_f32; LANES];
        for chunk in scores.chunks_exact_mut(LANES) {
            for lane in 0..LANES {
                chunk[lane] = exp(chunk[lane] - shift);
                fresh[lane] += chunk[lane];
            }
        }
        for lane in 0..LANES {
            sums[lane] = sums[lane].mul_add(factor, fresh[lane]);
        }
        (best, factor)
    }

    /// `x *= factor`.
    fn scale(factor: f32, x: &mut [f32]) {
        for x in x {
            *x *= factor;
        }
    }

    /// Rotates the first `2 x cos.len()` values of a head, pairing halves.
    fn rotate_halves(cos: &[f32], sin: &[f32], head: &mut [f32]) {
        let (low, high) = head.split_at_mut(cos.len());
        for (((low, high), cos), sin) in low.iter_mut().zip(high).zip(cos).zip(sin) {
            let (a, b) = (*low, *high);
            *low = a * cos - b * sin;
            *high = b * cos + a * sin;
        }
    }
}

/// Rotates neighbouring values of a head.
pub(crate) fn rotate_neighbours(cos: &[f32], sin: &[f32], head: &mut [f32]) {
    for ((pair, cos), sin) in head.chunks_exact_mut(2).zip(cos).zip(sin) {
        let (a, b) = (pair[0], pair[1]);
        pair[0] = a * cos - b * sin;
        pair[1] = b * cos + a * sin;
    }
}
