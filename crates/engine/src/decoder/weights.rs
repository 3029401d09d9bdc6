//! A decoder's weights in memory.

use crate::kernels::panels::Panels;

/// A matrix, perhaps in parts of different storage types, with its bias.
#[derive(Debug)]
pub(crate) struct Linear {
    pub(crate) parts: Vec<Panels>,
    /// Empty without a bias.
    pub(crate) bias: Vec<f32>,
}

impl Linear {
    pub(crate) fn outputs(&self) -> usize {
        self.parts.iter().map(|part| part.outputs).sum()
    }

    pub(crate) fn elements(&self) -> usize {
        self.parts.iter().map(|part| part.outputs * part.inputs).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.parts.iter().map(Panels::bytes).sum::<usize>() + self.bias.len() * 4
    }
}

/// A norm's weight and bias.
#[derive(Debug)]
pub(crate) struct NormWeights {
    pub(crate) weight: Vec<f32>,
    /// As long as the weight; all zero without a bias.
    pub(crate) bias: Vec<f32>,
}

/// A feed-forward part. Gated ones have the gate's rows before the others in `up`.
#[derive(Debug)]
pub(crate) struct Dense {
    pub(crate) up: Linear,
    pub(crate) down: Linear,
}

impl Dense {
    pub(crate) fn bytes(&self) -> usize {
        self.up.bytes() + self.down.bytes()
    }
}

/// A mixture of feed-forward parts.
#[derive(Debug)]
pub(crate) struct Mixture {
    pub(crate) router: Linear,
    pub(crate) experts: Vec<Dense>,
    /// An expert that is always used, with what decides how much.
    pub(crate) shared: Option<(Dense, Linear)>,
}

/// What follows attention.
#[derive(Debug)]
pub(crate) enum Mlp {
    Dense(Dense),
    Mixture(Mixture),
}

/// One layer.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) attention_norm: Option<NormWeights>,
    pub(crate) attention_post_norm: Option<NormWeights>,
    pub(crate) mlp_norm: Option<NormWeights>,
    pub(crate) mlp_post_norm: Option<NormWeights>,
    pub(crate) query_norm: Option<NormWeights>,
    pub(crate) key_norm: Option<NormWeights>,
    /// Query, key and value rows, one after the other.
    pub(crate) qkv: Linear,
    pub(crate) attention_out: Linear,
    pub(crate) mlp: Mlp,
}

impl Layer {
    /// Multiplications per token; of a mixture, those of all experts.
    pub(crate) fn multiplications(&self) -> usize {
        let mlp = match &self.mlp {
            Mlp::Dense(dense) => dense.up.elements() + dense.down.elements(),
            Mlp::Mixture(mixture) => {
                let parts = mixture.experts.iter();
                parts.map(|dense| dense.up.elements() + dense.down.elements()).sum()
            }
        };
        self.qkv.elements() + self.attention_out.elements() + mlp
    }

    pub(crate) fn bytes(&self) -> usize {
        let mlp = match &self.mlp {
            Mlp::Dense(dense) => dense.bytes(),
            Mlp::Mixture(mixture) => {
                let shared = mixture.shared.as_ref();
                mixture.experts.iter().map(Dense::bytes).sum::<usize>()
                    + shared.map_or(0, |(dense, _)| dense.bytes())
            }
        };
        self.qkv.bytes() + self.attention_out.bytes() + mlp
    }
}

/// All weights but the token embeddings, which are read from the file row by row.
#[derive(Debug)]
pub(crate) struct Weights {
    /// From the width of the token table to that of the layers.
    pub(crate) project_in: Option<Linear>,
    pub(crate) embedding_norm: Option<NormWeights>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) output_norm: Option<NormWeights>,
    /// From the width of the layers to that of the head.
    pub(crate) project_out: Option<Linear>,
    pub(crate) head: Linear,
}

impl Weights {
    pub(crate) fn bytes(&self) -> usize {
        self.layers.iter().map(Layer::bytes).sum::<usize>() + self.head.bytes()
    }
}
