//! What distinguishes each family, read from `config.json`.
//!
//! Field names and defaults are those of `transformers`; each family is a few lines over one common base.

use std::path::Path;

use serde_json::Value;

use super::read::Fields;
use super::rope::{self, ResolvedRope, RopeShape};
use super::{
    Activation, Block, Experts, Family, LayerKind, ModelConfig, NO_ROPE, Norm, NormKind, Positions,
    QkNorm, QkvLayout,
};
use crate::error::EngineError;

/// Where a configuration comes from, which decides how its tensors are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    HuggingFace,
    /// Translated from GGUF metadata.
    Gguf,
}

/// The `model_type` names, and what they are.
const FAMILIES: [(&str, Family); 29] = [
    ("llama", Family::Llama),
    ("mistral", Family::Llama),
    ("smollm3", Family::Llama),
    ("mixtral", Family::Mixtral),
    ("qwen2", Family::Qwen2),
    ("qwen3", Family::Qwen3),
    ("qwen2_moe", Family::Qwen2Moe),
    ("qwen3_moe", Family::Qwen3Moe),
    ("gemma", Family::Gemma),
    ("gemma2", Family::Gemma2),
    ("gemma3", Family::Gemma3),
    ("gemma3_text", Family::Gemma3),
    ("phi", Family::Phi),
    ("phi-msft", Family::Phi),
    ("phi3", Family::Phi3),
    ("gpt2", Family::Gpt2),
    ("gpt_neox", Family::GptNeoX),
    ("gptj", Family::GptJ),
    ("gpt_bigcode", Family::GptBigCode),
    ("starcoder2", Family::StarCoder2),
    ("falcon", Family::Falcon),
    ("RefinedWebModel", Family::Falcon),
    ("opt", Family::Opt),
    ("bloom", Family::Bloom),
    ("stablelm", Family::StableLm),
    ("olmo", Family::Olmo),
    ("olmo2", Family::Olmo2),
    ("olmoe", Family::Olmoe),
    ("granite", Family::Granite),
];

/// Resolves a configuration.
pub(crate) fn resolve(
    path: &Path,
    config: &Value,
    origin: Origin,
) -> Result<ModelConfig, EngineError> {
    let outer = Fields { path, json: config };
    let completed = config.get("text_config").filter(|text| text.is_object()).map(with_defaults);
    let fields = completed.as_ref().map_or(outer, |json| Fields { path, json });
    if fields.get(&["quantization_config"]).or(outer.get(&["quantization_config"])).is_some() {
        return Err(EngineError::Config {
            path: path.to_owned(),
            reason: "its safetensors are quantised (`quantization_config`)".into(),
            hint: "use the unquantised checkpoint, or a GGUF file of it".into(),
        });
    }
    let name = outer.text(&["model_type"]).unwrap_or("");
    let family = FAMILIES.iter().find(|(own, _)| *own == name).map(|(_, family)| *family);
    let family = family.ok_or_else(|| unknown_family(path, name))?;
    let mut model = base(fields, family, name)?;
    specialise(fields, &mut model)?;
    if origin == Origin::Gguf {
        super::gguf::layout(&mut model);
    }
    check(fields, &model)?;
    Ok(model)
}

/// The text part of a multimodal configuration, which leaves out what Gemma 3's configuration class has by default.
fn with_defaults(text: &Value) -> Value {
    let mut json = text.clone();
    let gemma3 = json["model_type"] == "gemma3_text";
    if let (true, Some(object)) = (gemma3, json.as_object_mut()) {
        for (field, value) in [
            ("vocab_size", 262_208.into()),
            ("hidden_size", 2304.into()),
            ("intermediate_size", 9216.into()),
            ("num_hidden_layers", 26.into()),
            ("num_attention_heads", 8.into()),
            ("num_key_value_heads", 4.into()),
            ("max_position_embeddings", 131_072.into()),
            ("rope_theta", Value::from(1e6)),
        ] {
            object.entry(field).or_insert(value);
        }
    }
    json
}

fn unknown_family(path: &Path, name: &str) -> EngineError {
    let mut known: Vec<&str> = FAMILIES.iter().map(|(own, _)| *own).collect();
    known.sort_by(|a, b| strsim::jaro_winkler(b, name).total_cmp(&strsim::jaro_winkler(a, name)));
    EngineError::Config {
        path: path.to_owned(),
        reason: format!("architecture `{name}` is not known"),
        hint: format!("the nearest known ones are {}", known[..3].join(", ")),
    }
}

/// Everything as Llama has it; the field names of the older families are read too.
fn base(fields: Fields<'_>, family: Family, name: &str) -> Result<ModelConfig, EngineError> {
    let hidden = fields.size(&["hidden_size", "n_embd", "n_embed"])?;
    let heads = fields.size(&["num_attention_heads", "n_head"])?;
    let layers = fields.size(&["num_hidden_layers", "n_layer"])?;
    let head_dim = fields.size_or(&["head_dim"], hidden / heads)?;
    let max_positions =
        fields.size_or(&["max_position_embeddings", "n_positions", "n_ctx", "seq_length"], 2048)?;
    // Zero, too, means that there is no window.
    let unused = fields.json["sliding_window"].as_u64() == Some(0);
    let window = if unused { None } else { fields.optional_size(&["sliding_window"])? };
    Ok(ModelConfig {
        family,
        family_name: name.to_owned(),
        vocabulary: fields.size(&["vocab_size"])?,
        hidden,
        embedding_width: hidden,
        heads,
        kv_heads: fields.size_or(&["num_key_value_heads"], heads)?,
        head_dim,
        max_positions,
        layers: vec![LayerKind { window, rope: 0, experts: false }; layers],
        norm: Norm {
            kind: NormKind::Rms,
            epsilon: fields.float_or(&["rms_norm_eps"], 1e-6)? as f32,
        },
        plain_norms: false,
        output_norm: true,
        positions: Positions::Rope,
        ropes: Vec::new(),
        block: Block::Sequential,
        qk_norm: QkNorm::None,
        qkv: QkvLayout::Separate,
        transposed: false,
        permuted: false,
        mlp_width: fields
            .size_or(&["intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size"], 4 * hidden)?,
        gated: true,
        activation: activation(fields, "silu")?,
        experts: None,
        embedding_scale: 1.0,
        attention_scale: (head_dim as f32).powf(-0.5),
        scale_by_layer: false,
        residual_scale: 1.0,
        logit_scale: 1.0,
        attention_cap: None,
        logit_cap: None,
        clip_qkv: None,
        tied: fields.bool_or(&["tie_word_embeddings"], false)?,
    })
}

fn specialise(fields: Fields<'_>, model: &mut ModelConfig) -> Result<(), EngineError> {
    match model.family {
        Family::Llama => {
            if model.family_name == "smollm3" {
                smollm3(fields, model)?;
            }
        }
        Family::Mixtral => experts(fields, model, "num_local_experts")?,
        Family::Qwen2 => qwen_windows(fields, model)?,
        Family::Qwen3 => {
            qwen_windows(fields, model)?;
            model.qk_norm = QkNorm::PerHead;
        }
        Family::Qwen2Moe | Family::Qwen3Moe => {
            qwen_windows(fields, model)?;
            if model.family == Family::Qwen3Moe {
                model.qk_norm = QkNorm::PerHead;
            }
            experts(fields, model, "num_experts")?;
        }
        Family::Gemma | Family::Gemma2 | Family::Gemma3 => gemma(fields, model)?,
        Family::Phi => {
            layer_norm(fields, model)?;
            model.gated = false;
            model.block = Block::Parallel;
            model.activation = activation(fields, "gelu_new")?;
            if fields.bool_or(&["qk_layernorm"], false)? {
                model.qk_norm = QkNorm::PerHead;
            }
        }
        Family::Phi3 => model.qkv = QkvLayout::Concatenated,
        Family::Gpt2 | Family::GptBigCode => gpt2(fields, model)?,
        Family::GptNeoX | Family::GptJ => eleuther(fields, model)?,
        Family::StarCoder2 => {
            layer_norm(fields, model)?;
            model.gated = false;
            model.tied = fields.bool_or(&["tie_word_embeddings"], true)?;
            model.activation = activation(fields, "gelu_pytorch_tanh")?;
        }
        Family::Falcon => falcon(fields, model)?,
        Family::Opt => opt(fields, model)?,
        Family::Bloom => {
            layer_norm(fields, model)?;
            model.gated = false;
            model.qkv = QkvLayout::Grouped;
            model.positions = Positions::Alibi { scaled: false };
            model.activation = Activation::GeluTanh;
            model.tied = true;
            fields.expect_bool("apply_residual_connection_post_layernorm", false)?;
        }
        Family::StableLm => {
            layer_norm(fields, model)?;
            model.block = parallel_if(fields.bool_or(&["use_parallel_residual"], false)?);
            if fields.bool_or(&["qk_layernorm"], false)? {
                model.qk_norm = QkNorm::EachHead;
            }
        }
        Family::Olmo => {
            model.norm = Norm { kind: NormKind::Layer, epsilon: 1e-5 };
            model.plain_norms = true;
            model.clip_qkv = clip(fields)?;
        }
        Family::Olmo2 => model.qk_norm = QkNorm::Whole,
        Family::Olmoe => {
            model.qk_norm = QkNorm::Whole;
            model.norm.epsilon = fields.float_or(&["rms_norm_eps"], 1e-5)? as f32;
            model.clip_qkv = clip(fields)?;
            experts(fields, model, "num_experts")?;
        }
        Family::Granite => {
            model.embedding_scale = fields.float_or(&["embedding_multiplier"], 1.0)? as f32;
            model.attention_scale = fields.float_or(&["attention_multiplier"], 1.0)? as f32;
            model.residual_scale = fields.float_or(&["residual_multiplier"], 1.0)? as f32;
            model.logit_scale = 1.0 / fields.float_or(&["logits_scaling"], 1.0)? as f32;
        }
    }
    if model.positions == Positions::Rope {
        ropes(fields, model)?;
    }
    Ok(())
}

fn clip(fields: Fields<'_>) -> Result<Option<f32>, EngineError> {
    Ok(fields.optional_float(&["clip_qkv"])?.map(|value| value as f32))
}

fn parallel_if(parallel: bool) -> Block {
    if parallel { Block::Parallel } else { Block::Sequential }
}

fn layer_norm(fields: Fields<'_>, model: &mut ModelConfig) -> Result<(), EngineError> {
    let names = ["layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "norm_eps"];
    model.norm = Norm { kind: NormKind::Layer, epsilon: fields.float_or(&names, 1e-5)? as f32 };
    Ok(())
}

fn activation(fields: Fields<'_>, default: &str) -> Result<Activation, EngineError> {
    // Gemma's first files say `gelu` in `hidden_act` and mean the approximation, as `hidden_activation` does.
    let names = ["hidden_activation", "hidden_act", "activation_function", "activation"];
    Ok(match fields.text(&names).unwrap_or(default) {
        "silu" | "swish" => Activation::Silu,
        "gelu" | "gelu_python" => Activation::Gelu,
        "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Activation::GeluTanh,
        "relu" => Activation::Relu,
        other => {
            return Err(fields.error(format!(
                "activation `{other}` is not known (known: silu, gelu, gelu_new, gelu_pytorch_tanh, relu)"
            )));
        }
    })
}

/// SmolLM3 leaves every fourth layer without rotations, or those that its list says (0: without).
fn smollm3(fields: Fields<'_>, model: &mut ModelConfig) -> Result<(), EngineError> {
    let interval = fields.size_or(&["no_rope_layer_interval"], 4)?;
    let listed = fields.get(&["no_rope_layers"]).and_then(Value::as_array);
    if listed.is_some_and(|list| list.len() != model.layers.len()) {
        return Err(fields.error("`no_rope_layers` has not as many entries as there are layers"));
    }
    let slides = sliding_layers(fields, model.layers.len())?;
    let windows = fields.bool_or(&["use_sliding_window"], false)?;
    for (index, layer) in model.layers.iter_mut().enumerate() {
        let rotates = match listed {
            Some(list) => list[index].as_u64() != Some(0),
            None => !(index + 1).is_multiple_of(interval),
        };
        if !rotates {
            layer.rope = NO_ROPE;
        }
        // Without a list the layers that rotate nothing are those that slide.
        if !slides.as_ref().map_or(windows && !rotates, |slides| slides[index]) {
            layer.window = None;
        }
    }
    model.tied = fields.bool_or(&["tie_word_embeddings"], true)?;
    Ok(())
}

/// `layer_types`: whether each layer slides.
fn sliding_layers(fields: Fields<'_>, layers: usize) -> Result<Option<Vec<bool>>, EngineError> {
    let Some(list) = fields.get(&["layer_types"]).and_then(Value::as_array) else {
        return Ok(None);
    };
    let slides = list.iter().map(|kind| match kind.as_str() {
        Some("sliding_attention") => Ok(true),
        Some("full_attention") => Ok(false),
        _ => Err(fields.error(format!(
            "`layer_types` has the value `{kind}` (known: full_attention, sliding_attention)"
        ))),
    });
    let slides: Vec<bool> = slides.collect::<Result<_, _>>()?;
    if slides.len() == layers {
        Ok(Some(slides))
    } else {
        Err(fields.error("`layer_types` has not as many entries as there are layers"))
    }
}

/// Qwen names a window that counts only with `use_sliding_window`, and then from a certain layer on.
fn qwen_windows(fields: Fields<'_>, model: &mut ModelConfig) -> Result<(), EngineError> {
    let used = fields.bool_or(&["use_sliding_window"], false)?;
    let first = fields.json["max_window_layers"].as_u64().unwrap_or(28) as usize;
    let slides = sliding_layers(fields, model.layers.len())?;
    for (index, layer) in model.layers.iter_mut().enumerate() {
        if !used || !slides.as_ref().map_or(index >= first, |slides| slides[index]) {
            layer.window = None;
        }
    }
    Ok(())
}

fn experts(fields: Fields<'_>, model: &mut ModelConfig, count: &str) -> Result<(), EngineError> {
    let step = fields.size_or(&["decoder_sparse_step"], 1)?;
    let dense: Vec<u64> = fields
        .get(&["mlp_only_layers"])
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_u64).collect())
        .unwrap_or_default();
    for (index, layer) in model.layers.iter_mut().enumerate() {
        layer.experts = (index + 1).is_multiple_of(step) && !dense.contains(&(index as u64));
    }
    let shared = model.family == Family::Qwen2Moe;
    model.experts = Some(Experts {
        count: fields.size(&[count, "num_experts", "num_local_experts"])?,
        used: fields.size(&["num_experts_per_tok"])?,
        normalise: model.family == Family::Mixtral || fields.bool_or(&["norm_topk_prob"], false)?,
        width: fields.size_or(&["moe_intermediate_size"], model.mlp_width)?,
        shared_width: if shared { fields.size(&["shared_expert_intermediate_size"])? } else { 0 },
    });
    Ok(())
}

fn gemma(fields: Fields<'_>, model: &mut ModelConfig) -> Result<(), EngineError> {
    model.norm.kind = NormKind::RmsPlusOne;
    model.activation = Activation::GeluTanh;
    model.tied = fields.bool_or(&["tie_word_embeddings"], true)?;
    model.head_dim = fields.size_or(&["head_dim"], 256)?;
    model.attention_scale = (model.head_dim as f32).powf(-0.5);
    model.embedding_scale = (model.hidden as f32).sqrt();
    if model.family == Family::Gemma {
        return Ok(());
    }
    let scalar = fields.float_or(&["query_pre_attn_scalar"], 256.0)?;
    model.attention_scale = scalar.powf(-0.5) as f32;
    let cap = |name: &str, default: Option<f64>| match fields.json.get(name) {
        None => Ok(default.map(|value| value as f32)),
        Some(_) => Ok::<_, EngineError>(fields.optional_float(&[name])?.map(|value| value as f32)),
    };
    let newer = model.family == Family::Gemma3;
    model.attention_cap = cap("attn_logit_softcapping", (!newer).then_some(50.0))?;
    model.logit_cap = cap("final_logit_softcapping", (!newer).then_some(30.0))?;
    if newer {
        model.qk_norm = QkNorm::PerHead;
    }
    let period = fields.size_or(
        &["sliding_window_pattern", "_sliding_window_pattern"],
        if newer { 6 } else { 2 },
    )?;
    let slides = sliding_layers(fields, model.layers.len())?;
    let window = fields.size_or(&["sliding_window"], 4096)?;
    for (index, layer) in model.layers.iter_mut().enumerate() {
        let sliding = match &slides {
            Some(slides) => slides[index],
            None => !(index + 1).is_multiple_of(period),
        };
        layer.window = sliding.then_some(window);
        layer.rope = usize::from(sliding && newer);
    }
    Ok(())
}

fn eleuther(fields: Fields<'_>, model: &mut ModelConfig) -> Result<(), EngineError> {
    layer_norm(fields, model)?;
    model.gated = false;
    if model.family == Family::GptJ {
        model.block = Block::Parallel;
        model.activation = activation(fields, "gelu_new")?;
    } else {
        model.qkv = QkvLayout::Grouped;
        model.activation = activation(fields, "gelu")?;
        model.block = parallel_if(fields.bool_or(&["use_parallel_residual"], true)?);
    }
    Ok(())
}

fn gpt2(fields: Fields<'_>, model: &mut ModelConfig) -> Result<(), EngineError> {
    layer_norm(fields, model)?;
    model.gated = false;
    model.positions = Positions::Learned { offset: 0 };
    model.qkv = QkvLayout::Concatenated;
    model.tied = fields.bool_or(&["tie_word_embeddings"], true)?;
    model.activation = activation(fields, "gelu_new")?;
    if !fields.bool_or(&["scale_attn_weights"], true)? {
        model.attention_scale = 1.0;
    }
    if model.family == Family::Gpt2 {
        model.transposed = true;
        model.scale_by_layer = fields.bool_or(&["scale_attn_by_inverse_layer_idx"], false)?;
        // The first santacoder calls itself `gpt2` and has one key for all heads.
        if fields.text(&["attention_head_type"]) == Some("multiquery") {
            model.kv_heads = 1;
        }
    } else if fields.bool_or(&["multi_query"], true)? {
        model.kv_heads = 1;
    } else {
        model.qkv = QkvLayout::Grouped;
    }
    Ok(())
}

fn falcon(fields: Fields<'_>, model: &mut ModelConfig) -> Result<(), EngineError> {
    layer_norm(fields, model)?;
    model.gated = false;
    model.activation = activation(fields, "gelu")?;
    model.tied = fields.bool_or(&["tie_word_embeddings"], true)?;
    model.qkv = QkvLayout::Grouped;
    let newer = fields.bool_or(&["new_decoder_architecture"], false)?;
    model.block = parallel_if(newer || fields.bool_or(&["parallel_attn"], true)?);
    model.kv_heads = if newer {
        fields.size_or(&["num_kv_heads", "n_head_kv"], model.heads)?
    } else if fields.bool_or(&["multi_query"], true)? {
        1
    } else {
        model.heads
    };
    if fields.bool_or(&["alibi"], false)? {
        model.positions = Positions::Alibi { scaled: true };
    }
    Ok(())
}

fn opt(fields: Fields<'_>, model: &mut ModelConfig) -> Result<(), EngineError> {
    model.norm = Norm { kind: NormKind::Layer, epsilon: 1e-5 };
    model.gated = false;
    model.positions = Positions::Learned { offset: 2 };
    model.activation = activation(fields, "relu")?;
    model.tied = fields.bool_or(&["tie_word_embeddings"], true)?;
    model.embedding_width = fields.size_or(&["word_embed_proj_dim"], model.hidden)?;
    model.plain_norms = !fields.bool_or(&["layer_norm_elementwise_affine"], true)?;
    model.output_norm = !fields.bool_or(&["_remove_final_layer_norm"], false)?;
    if !fields.bool_or(&["do_layer_norm_before"], true)? {
        model.block = Block::NormAfter;
        model.output_norm = false;
    }
    Ok(())
}

/// Rope 0 is every layer's; Gemma 3's sliding layers use rope 1.
fn ropes(fields: Fields<'_>, model: &mut ModelConfig) -> Result<(), EngineError> {
    let parameters = fields.get(&["rope_parameters"]);
    let scaling = fields.get(&["rope_scaling"]);
    let nested = parameters.filter(|value| value.get("full_attention").is_some());
    let full = nested.map(|value| &value["full_attention"]).or(parameters).or(scaling);
    model.ropes = vec![rope(fields, model, full, &["rope_theta", "rotary_emb_base"], 10_000.0)?];
    if model.family == Family::Gemma3 {
        let local = nested.map(|value| &value["sliding_attention"]);
        let own = rope(fields, model, local, &["rope_local_base_freq"], 10_000.0)?;
        model.ropes.push(own);
    }
    Ok(())
}

fn rope(
    fields: Fields<'_>,
    model: &mut ModelConfig,
    scaling: Option<&Value>,
    theta: &[&str],
    default: f64,
) -> Result<rope::Rope, EngineError> {
    let scaling = scaling.map(|json| Fields { path: fields.path, json });
    let inner_theta = match scaling {
        Some(inner) => inner.optional_float(&["rope_theta"])?,
        None => None,
    };
    let theta = match inner_theta {
        Some(theta) => theta,
        None => fields.float_or(theta, default)?,
    };
    let share = match scaling {
        Some(inner) => inner.optional_float(&["partial_rotary_factor"])?,
        None => None,
    };
    let share = match share {
        Some(share) => share,
        None => fields
            .float_or(&["partial_rotary_factor", "rotary_pct"], default_share(model.family))?,
    };
    let part = (model.head_dim as f64 * share) as usize;
    let rotated = fields.size_or(&["rotary_dim"], part)?;
    if !(2..=model.head_dim).contains(&rotated) || !theta.is_finite() || theta <= 1.0 {
        return Err(fields.error(format!("{rotated} rotated dimensions with base {theta}")));
    }
    // `original_max_position_embeddings` may lie outside of the scaling fields (Phi-3).
    let mut merged = scaling.map(|inner| inner.json.clone());
    if let (Some(Value::Object(object)), Some(original)) =
        (&mut merged, fields.get(&["original_max_position_embeddings"]))
    {
        object.entry("original_max_position_embeddings").or_insert_with(|| original.clone());
    }
    let shape = RopeShape {
        rotated: rotated - rotated % 2,
        theta,
        max_positions: model.max_positions,
        interleaved: model.family == Family::GptJ,
    };
    let merged = merged.as_ref().map(|json| Fields { path: fields.path, json });
    let ResolvedRope { rope, max_positions } = rope::resolve(shape, merged)?;
    model.max_positions = max_positions;
    Ok(rope)
}

fn default_share(family: Family) -> f64 {
    match family {
        Family::GptNeoX | Family::StableLm => 0.25,
        Family::Phi => 0.5,
        _ => 1.0,
    }
}

fn check(fields: Fields<'_>, model: &ModelConfig) -> Result<(), EngineError> {
    if !model.heads.is_multiple_of(model.kv_heads) {
        return Err(fields.error(format!(
            "{} query heads can't share {} key heads",
            model.heads, model.kv_heads
        )));
    }
    if model.head_dim > 1024 || model.layers.len() > 4096 {
        return Err(fields.error("head size or layer count is impossibly large"));
    }
    if let Some(experts) = model.experts
        && experts.used > experts.count
    {
        return Err(fields.error("more experts used than there are"));
    }
    Ok(())
}
