//! Rotary positions and their length extensions.
//!
//! Formulas: RoFormer (arXiv:2104.09864); linear interpolation (arXiv:2306.15595); YaRN (arXiv:2309.00071); LongRoPE
//! (arXiv:2402.13753); Llama 3.1's wavelength bands as published with its reference code. Checked against
//! `transformers` (`modeling_rope_utils`), whose field names these are.

use std::f64::consts::TAU;

use super::read::Fields;
use crate::error::EngineError;

/// One set of rotation frequencies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rope {
    /// Radians per position for each rotated pair; its length is half of the rotated dimensions.
    pub(crate) frequencies: Vec<f32>,
    /// Multiplies sine and cosine (YaRN, LongRoPE).
    pub(crate) magnitude: f32,
    /// Pairs are neighbours (GPT-J) instead of halves.
    pub(crate) interleaved: bool,
}

/// What the scaling formulas need to know.
#[derive(Clone, Copy)]
pub(crate) struct RopeShape {
    /// Rotated dimensions of a head.
    pub(crate) rotated: usize,
    pub(crate) theta: f64,
    pub(crate) max_positions: usize,
    pub(crate) interleaved: bool,
}

/// A rope and how many positions it is good for.
pub(crate) struct ResolvedRope {
    pub(crate) rope: Rope,
    pub(crate) max_positions: usize,
}

/// Resolves `rope_scaling` or `rope_parameters` (given as `scaling`); `None` for plain rotation.
pub(crate) fn resolve(
    shape: RopeShape,
    scaling: Option<Fields<'_>>,
) -> Result<ResolvedRope, EngineError> {
    let plain = inverse_frequencies(shape.rotated, shape.theta);
    let kind = scaling.and_then(|fields| fields.text(&["rope_type", "type"])).unwrap_or("default");
    let mut max_positions = shape.max_positions;
    let mut magnitude = 1.0;
    let frequencies = match (kind, scaling) {
        ("default" | "mrope", _) | (_, None) => plain,
        ("linear", Some(fields)) => {
            let factor = factor(fields)?;
            plain.iter().map(|frequency| frequency / factor).collect()
        }
        // Dynamic scaling leaves everything as it is up to the original length, which is then the window.
        ("dynamic", Some(fields)) => {
            max_positions =
                fields.size_or(&["original_max_position_embeddings"], shape.max_positions)?;
            plain
        }
        ("llama3", Some(fields)) => llama3(&plain, fields, shape)?,
        ("yarn", Some(fields)) => {
            let (frequencies, own) = yarn(&plain, fields, shape)?;
            magnitude = own;
            frequencies
        }
        // The short factors are those up to the original length, which is then the window.
        ("longrope" | "su", Some(fields)) => {
            let original =
                fields.size_or(&["original_max_position_embeddings"], shape.max_positions)?;
            magnitude = longrope_magnitude(fields, shape.max_positions, original)?;
            max_positions = original.min(shape.max_positions);
            let short = short_factors(fields, plain.len())?;
            plain.iter().zip(short).map(|(frequency, factor)| frequency / factor).collect()
        }
        (other, Some(fields)) => {
            return Err(fields.error(format!(
                "`rope_type` has the value `{other}` (known: default, linear, dynamic, llama3, yarn, longrope)"
            )));
        }
    };
    let rope = Rope {
        frequencies: frequencies.iter().map(|value| *value as f32).collect(),
        magnitude: magnitude as f32,
        interleaved: shape.interleaved,
    };
    Ok(ResolvedRope { rope, max_positions })
}

fn inverse_frequencies(rotated: usize, theta: f64) -> Vec<f64> {
    (0..rotated / 2).map(|pair| theta.powf(-(2.0 * pair as f64) / rotated as f64)).collect()
}

fn factor(fields: Fields<'_>) -> Result<f64, EngineError> {
    let factor = fields.float_or(&["factor"], 1.0)?;
    if factor >= 1.0 { Ok(factor) } else { Err(fields.error(format!("RoPE factor `{factor}`"))) }
}

fn llama3(plain: &[f64], fields: Fields<'_>, shape: RopeShape) -> Result<Vec<f64>, EngineError> {
    let factor = factor(fields)?;
    let low = fields.float_or(&["low_freq_factor"], 1.0)?;
    let high = fields.float_or(&["high_freq_factor"], 4.0)?;
    let original =
        fields.size_or(&["original_max_position_embeddings"], shape.max_positions)? as f64;
    Ok(plain
        .iter()
        .map(|frequency| {
            let wavelength = TAU / frequency;
            if wavelength < original / high {
                *frequency
            } else if wavelength > original / low {
                frequency / factor
            } else {
                let smooth = (original / wavelength - low) / (high - low);
                (1.0 - smooth) * frequency / factor + smooth * frequency
            }
        })
        .collect())
}

fn yarn(
    plain: &[f64],
    fields: Fields<'_>,
    shape: RopeShape,
) -> Result<(Vec<f64>, f64), EngineError> {
    let original =
        fields.size_or(&["original_max_position_embeddings"], shape.max_positions)? as f64;
    let factor = match fields.optional_float(&["factor"])? {
        Some(_) => factor(fields)?,
        None => shape.max_positions as f64 / original,
    };
    let temperature = |scale: f64, weight: f64| {
        if scale <= 1.0 { 1.0 } else { 0.1 * weight * scale.ln() + 1.0 }
    };
    let mscale = fields.optional_float(&["mscale"])?;
    let mscale_all = fields.optional_float(&["mscale_all_dim"])?;
    let magnitude = match (fields.optional_float(&["attention_factor"])?, mscale, mscale_all) {
        (Some(own), ..) => own,
        (None, Some(one), Some(all)) => temperature(factor, one) / temperature(factor, all),
        _ => temperature(factor, 1.0),
    };
    let rotated = shape.rotated as f64;
    let dimension =
        |rotations: f64| rotated * (original / (rotations * TAU)).ln() / (2.0 * shape.theta.ln());
    let mut low = dimension(fields.float_or(&["beta_fast"], 32.0)?);
    let mut high = dimension(fields.float_or(&["beta_slow"], 1.0)?);
    if fields.bool_or(&["truncate"], true)? {
        low = low.floor();
        high = high.ceil();
    }
    low = low.max(0.0);
    high = high.min(rotated - 1.0);
    if (high - low).abs() < f64::EPSILON {
        high += 0.001;
    }
    let mixed = plain.iter().enumerate().map(|(pair, frequency)| {
        let ramp = ((pair as f64 - low) / (high - low)).clamp(0.0, 1.0);
        frequency / factor * ramp + frequency * (1.0 - ramp)
    });
    Ok((mixed.collect(), magnitude))
}

fn longrope_magnitude(
    fields: Fields<'_>,
    max_positions: usize,
    original: usize,
) -> Result<f64, EngineError> {
    if let Some(own) = fields.optional_float(&["attention_factor"])? {
        return Ok(own);
    }
    let factor = match fields.optional_float(&["factor"])? {
        Some(factor) => factor,
        None => max_positions as f64 / original as f64,
    };
    if factor <= 1.0 { Ok(1.0) } else { Ok((1.0 + factor.ln() / (original as f64).ln()).sqrt()) }
}

fn short_factors(fields: Fields<'_>, pairs: usize) -> Result<Vec<f64>, EngineError> {
    let list = fields.get(&["short_factor"]).and_then(|value| value.as_array());
    let factors: Option<Vec<f64>> =
        list.map(|list| list.iter().filter_map(serde_json::Value::as_f64).collect());
    factors
        .filter(|factors| factors.len() == pairs && factors.iter().all(|factor| *factor > 0.0))
        .ok_or_else(|| fields.error(format!("`short_factor` must list {pairs} positive numbers")))
}
