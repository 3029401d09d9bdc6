//! The layers that spaCy's networks are made of (thinc's `Maxout`, `LayerNorm`, `Linear`), without training. Rows of numbers lie one
//! after another.

use super::weights::{Array, Node};

/// Added to a variance (thinc's `LayerNorm`).
const EPSILON: f32 = 1e-8;

/// Rows that share one reading of the weights, and outputs whose sums stay in registers meanwhile.
const ROWS: usize = 4;
const LANES: usize = 8;

/// A product with a matrix, and a bias.
pub(super) struct Linear {
    inputs: usize,
    outputs: usize,
    /// For every `LANES` outputs their weights, input by input; the last outputs are filled up with zeros.
    weights: Vec<[f32; LANES]>,
    bias: Vec<f32>,
}

impl Linear {
    /// Reads the arrays `W` and `b`; `W` may have several dimensions of outputs before its last one, that of inputs.
    pub(super) fn read(node: Node<'_, '_>) -> Result<Self, String> {
        let (weights, bias) = (node.array("W")?, node.array("b")?);
        let inputs = weights.shape.last().copied().unwrap_or(0);
        let outputs = bias.values.len();
        Self::new(&weights, inputs, outputs, bias.values)
    }

    /// Of an array of `outputs` rows with `inputs` numbers each.
    pub(super) fn new(
        weights: &Array,
        inputs: usize,
        outputs: usize,
        bias: Vec<f32>,
    ) -> Result<Self, String> {
        if inputs * outputs != weights.values.len() || inputs == 0 || bias.len() != outputs {
            return Err(format!("a layer of {:?} doesn't fit its bias", weights.shape));
        }
        let mut turned = vec![[0.0; LANES]; outputs.div_ceil(LANES) * inputs];
        for (output, row) in weights.values.chunks_exact(inputs).enumerate() {
            let (block, lane) = (output / LANES, output % LANES);
            for (to, weight) in turned[block * inputs..].iter_mut().zip(row) {
                to[lane] = *weight;
            }
        }
        Ok(Self { inputs, outputs, weights: turned, bias })
    }

    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// A row for each row of `input`.
    pub(super) fn apply(&self, input: &[f32]) -> Vec<f32> {
        let rows = input.len() / self.inputs;
        let mut output = vec![0.0; rows * self.outputs];
        let (blocks, single) = (rows / ROWS, rows % ROWS);
        let (many, few) = output.split_at_mut(blocks * ROWS * self.outputs);
        let (many_in, few_in) = input.split_at(blocks * ROWS * self.inputs);
        let many_in = many_in.chunks_exact(ROWS * self.inputs);
        for (output, input) in many.chunks_exact_mut(ROWS * self.outputs).zip(many_in) {
            self.multiply::<ROWS>(input, output);
        }
        for row in 0..single {
            let input = &few_in[row * self.inputs..(row + 1) * self.inputs];
            self.multiply::<1>(input, &mut few[row * self.outputs..(row + 1) * self.outputs]);
        }
        for row in output.chunks_exact_mut(self.outputs) {
            add(row, &self.bias);
        }
        output
    }

    /// Writes the products of `COUNT` rows. Every sum goes over the inputs in their order.
    fn multiply<const COUNT: usize>(&self, input: &[f32], output: &mut [f32]) {
        let column = |at| std::array::from_fn(|row| input[row * self.inputs + at]);
        let columns: Vec<[f32; COUNT]> = (0..self.inputs).map(column).collect();
        for (block, weights) in self.weights.chunks_exact(self.inputs).enumerate() {
            let mut sums = [[0.0_f32; LANES]; COUNT];
            for (column, weights) in columns.iter().zip(weights) {
                for (sums, factor) in sums.iter_mut().zip(column) {
                    for (sum, weight) in sums.iter_mut().zip(weights) {
                        *sum += factor * weight;
                    }
                }
            }
            let start = block * LANES;
            let count = LANES.min(self.outputs - start);
            for (row, sums) in output.chunks_exact_mut(self.outputs).zip(sums) {
                row[start..start + count].copy_from_slice(&sums[..count]);
            }
        }
    }
}

/// The largest of several linear pieces per output, then normalised.
pub(super) struct Maxout {
    linear: Linear,
    pieces: usize,
    gain: Vec<f32>,
    bias: Vec<f32>,
}

impl Maxout {
    /// Reads a `maxout` node and the `layernorm` node after it.
    pub(super) fn read(maxout: Node<'_, '_>, norm: Node<'_, '_>) -> Result<Self, String> {
        let pieces = maxout.array("b")?.shape.last().copied().filter(|pieces| *pieces > 0);
        let pieces = pieces.ok_or("a maxout layer has no pieces")?;
        let layer = Self {
            linear: Linear::read(maxout)?,
            pieces,
            gain: norm.array("G")?.values,
            bias: norm.array("b")?.values,
        };
        let width = layer.outputs();
        if layer.gain.len() != width || layer.bias.len() != width || width == 0 {
            return Err("a layer's normalisation doesn't fit its width".to_owned());
        }
        Ok(layer)
    }

    pub(super) fn inputs(&self) -> usize {
        self.linear.inputs()
    }

    pub(super) fn outputs(&self) -> usize {
        self.linear.outputs() / self.pieces
    }

    /// A row for each row of `input`.
    pub(super) fn apply(&self, input: &[f32]) -> Vec<f32> {
        let mut output: Vec<f32> =
            self.linear.apply(input).chunks_exact(self.pieces).map(largest).collect();
        for row in output.chunks_exact_mut(self.outputs()) {
            normalise(row, &self.gain, &self.bias);
        }
        output
    }
}

/// The largest of some numbers.
pub(super) fn largest(values: &[f32]) -> f32 {
    values.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

/// Adds numbers to numbers.
pub(super) fn add(to: &mut [f32], values: &[f32]) {
    for (to, value) in to.iter_mut().zip(values) {
        *to += value;
    }
}

#[expect(clippy::cast_precision_loss, reason = "a row has hundreds of numbers")]
fn normalise(row: &mut [f32], gain: &[f32], bias: &[f32]) {
    let count = row.len() as f32;
    let mean = row.iter().sum::<f32>() / count;
    let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count + EPSILON;
    let scale = variance.sqrt().recip();
    for ((value, gain), bias) in row.iter_mut().zip(gain).zip(bias) {
        *value = (*value - mean) * scale * gain + bias;
    }
}
