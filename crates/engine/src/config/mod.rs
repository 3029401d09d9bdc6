//! What a decoder looks like: one description for every family, resolved from `config.json` or GGUF metadata.
//!
//! The decoder itself knows only these types, never a family's name. A field of the source that would change the
//! result and that is not understood is an error, never a default.

mod families;
mod gguf;
mod read;
mod rope;

use std::path::Path;

use serde_json::Value;

pub(crate) use rope::Rope;

use crate::error::EngineError;
use crate::format::GgufFile;

/// Whose tensor names and conventions a checkpoint follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Llama,
    Mixtral,
    Qwen2,
    Qwen3,
    Qwen2Moe,
    Qwen3Moe,
    Gemma,
    Gemma2,
    Gemma3,
    Phi,
    Phi3,
    Gpt2,
    GptNeoX,
    GptJ,
    GptBigCode,
    StarCoder2,
    Falcon,
    Opt,
    Bloom,
    StableLm,
    Olmo,
    Olmo2,
    Olmoe,
    Granite,
}

/// How activations are normalised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Norm {
    pub(crate) kind: NormKind,
    pub(crate) epsilon: f32,
}

/// The formula of a norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NormKind {
    /// Divided by the root mean square, times a weight.
    Rms,
    /// As `Rms`, with one added to the stored weight (Gemma).
    RmsPlusOne,
    /// Mean removed, divided by the standard deviation, times a weight, plus a bias if there is one.
    Layer,
}

/// How a token's place enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Positions {
    /// Queries and keys are rotated.
    Rope,
    /// A learned vector per place, `offset` rows after the table's begin.
    Learned { offset: usize },
    /// A linear penalty on distance; `scaled` if it is multiplied by the attention scale too (Falcon).
    Alibi { scaled: bool },
}

/// How attention and the feed-forward part are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// One after the other.
    Sequential,
    /// Both from the same residual stream. Without a norm of its own the feed-forward part shares attention's.
    Parallel,
    /// One after the other, and the norms follow the additions instead of coming before the parts (OPT-350m).
    NormAfter,
}

/// Normalisation of queries and keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QkNorm {
    None,
    /// Per head, before the rotation, all heads with the same weights.
    PerHead,
    /// Per head, before the rotation, each head with its own weights (StableLM).
    EachHead,
    /// Over all heads at once, before the rotation.
    Whole,
}

/// How query, key and value rows lie in a fused matrix, if they are fused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QkvLayout {
    Separate,
    /// All queries, all keys, all values.
    Concatenated,
    /// For each group of queries that share a key: its queries, the key, the value.
    Grouped,
}

/// The feed-forward part's nonlinearity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    Silu,
    /// With the error function.
    Gelu,
    /// With the tanh approximation.
    GeluTanh,
    Relu,
}

/// A mixture of experts in place of one feed-forward part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Experts {
    pub(crate) count: usize,
    pub(crate) used: usize,
    /// Whether the chosen experts' weights are scaled to sum to one.
    pub(crate) normalise: bool,
    pub(crate) width: usize,
    /// The width of an expert that is always used; 0 without.
    pub(crate) shared_width: usize,
}

/// The rope of a layer that rotates nothing.
pub(crate) const NO_ROPE: usize = usize::MAX;

/// What differs from layer to layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LayerKind {
    /// How many positions back attention sees, itself included; `None` for all.
    pub(crate) window: Option<usize>,
    /// Which of the ropes, or [`NO_ROPE`].
    pub(crate) rope: usize,
    pub(crate) experts: bool,
}

/// A whole decoder.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about a family, each read in one place"
)]
pub(crate) struct ModelConfig {
    pub(crate) family: Family,
    /// For people, for instance `llama`.
    pub(crate) family_name: String,
    pub(crate) vocabulary: usize,
    pub(crate) hidden: usize,
    /// The width of the token table and of what the head reads; other than `hidden` only with projections between (OPT-350m).
    pub(crate) embedding_width: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dim: usize,
    /// Positions that the model was made for.
    pub(crate) max_positions: usize,
    pub(crate) layers: Vec<LayerKind>,
    pub(crate) norm: Norm,
    /// Whether norms have no weights (OLMo).
    pub(crate) plain_norms: bool,
    /// Whether there is a norm after the last layer.
    pub(crate) output_norm: bool,
    pub(crate) positions: Positions,
    pub(crate) ropes: Vec<Rope>,
    pub(crate) block: Block,
    pub(crate) qk_norm: QkNorm,
    pub(crate) qkv: QkvLayout,
    /// Whether matrices are stored input-first (GPT-2's `Conv1D`).
    pub(crate) transposed: bool,
    /// Whether query and key rows are stored in ggml's rotation order.
    pub(crate) permuted: bool,
    pub(crate) mlp_width: usize,
    pub(crate) gated: bool,
    pub(crate) activation: Activation,
    pub(crate) experts: Option<Experts>,
    pub(crate) embedding_scale: f32,
    pub(crate) attention_scale: f32,
    /// Divides each layer's attention scale by its number, counted from 1 (GPT-2's option).
    pub(crate) scale_by_layer: bool,
    pub(crate) residual_scale: f32,
    pub(crate) logit_scale: f32,
    pub(crate) attention_cap: Option<f32>,
    pub(crate) logit_cap: Option<f32>,
    pub(crate) clip_qkv: Option<f32>,
    pub(crate) tied: bool,
}

impl ModelConfig {
    /// Resolves `config.json`.
    pub(crate) fn from_json(path: &Path, config: &Value) -> Result<Self, EngineError> {
        families::resolve(path, config, families::Origin::HuggingFace)
    }

    /// Resolves GGUF metadata.
    pub(crate) fn from_gguf(file: &GgufFile) -> Result<Self, EngineError> {
        let config = gguf::to_json(file)?;
        let mut model = families::resolve(file.path(), &config, families::Origin::Gguf)?;
        gguf::adjust(&mut model, file);
        Ok(model)
    }

    /// Rows of the query projection.
    pub(crate) fn query_width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Rows of the key projection, and of the value projection.
    pub(crate) fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }
}
