//! GGUF metadata in the words of `config.json`, and how GGUF files lay tensors out.
//!
//! Keys: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md> and llama.cpp's conversion scripts.

use serde_json::{Map, Value, json};

use super::{Family, ModelConfig, NormKind, QkvLayout};
use crate::error::EngineError;
use crate::format::{GgufFile, GgufValue};

/// Architectures by ggml's name with `transformers`' name.
const ARCHITECTURES: [(&str, &str); 23] = [
    ("llama", "llama"),
    ("mistral", "mistral"),
    ("smollm3", "smollm3"),
    ("qwen2", "qwen2"),
    ("qwen3", "qwen3"),
    ("qwen2moe", "qwen2_moe"),
    ("qwen3moe", "qwen3_moe"),
    ("gemma", "gemma"),
    ("gemma2", "gemma2"),
    ("gemma3", "gemma3_text"),
    ("phi2", "phi"),
    ("phi3", "phi3"),
    ("gpt2", "gpt2"),
    ("gptneox", "gpt_neox"),
    ("starcoder", "gpt_bigcode"),
    ("starcoder2", "starcoder2"),
    ("falcon", "falcon"),
    ("bloom", "bloom"),
    ("stablelm", "stablelm"),
    ("olmo", "olmo"),
    ("olmo2", "olmo2"),
    ("olmoe", "olmoe"),
    ("granite", "granite"),
];

/// Whole-number metadata and the field it becomes.
const SIZES: [(&str, &str); 12] = [
    ("embedding_length", "hidden_size"),
    ("block_count", "num_hidden_layers"),
    ("attention.head_count", "num_attention_heads"),
    ("attention.head_count_kv", "num_key_value_heads"),
    ("attention.key_length", "head_dim"),
    ("feed_forward_length", "intermediate_size"),
    ("context_length", "max_position_embeddings"),
    ("attention.sliding_window", "sliding_window"),
    ("rope.dimension_count", "rotary_dim"),
    ("expert_used_count", "num_experts_per_tok"),
    ("expert_feed_forward_length", "moe_intermediate_size"),
    ("expert_shared_feed_forward_length", "shared_expert_intermediate_size"),
];

/// Fractional metadata and the field it becomes.
const FLOATS: [(&str, &str); 10] = [
    ("attention.layer_norm_rms_epsilon", "rms_norm_eps"),
    ("attention.layer_norm_epsilon", "layer_norm_eps"),
    ("rope.freq_base", "rope_theta"),
    ("rope.freq_base_swa", "rope_local_base_freq"),
    ("attn_logit_softcapping", "attn_logit_softcapping"),
    ("final_logit_softcapping", "final_logit_softcapping"),
    ("embedding_scale", "embedding_multiplier"),
    ("residual_scale", "residual_multiplier"),
    ("logit_scale", "logits_scaling"),
    ("attention.clamp_kqv", "clip_qkv"),
];

/// Metadata as a configuration.
pub(super) fn to_json(file: &GgufFile) -> Result<Value, EngineError> {
    let architecture = file.text("general.architecture").unwrap_or("");
    let known = ARCHITECTURES.iter().find(|(own, _)| *own == architecture);
    let mut model_type = known.map_or(architecture, |(_, name)| *name);
    let key = |name: &str| format!("{architecture}.{name}");
    let mut config = Map::new();
    for (name, field) in SIZES {
        if let Some(number) = file.number(&key(name)).filter(|number| *number > 0) {
            config.insert(field.into(), number.into());
        }
    }
    for (name, field) in FLOATS {
        if let Some(number) = file.metadata.get(&key(name)).and_then(GgufValue::as_f64) {
            config.insert(field.into(), number.into());
        }
    }
    if let Some(scale) = file.metadata.get(&key("attention.scale")).and_then(GgufValue::as_f64) {
        config.insert("attention_multiplier".into(), scale.into());
    }
    if let Some(experts) = file.number(&key("expert_count")).filter(|count| *count > 0) {
        config.insert("num_experts".into(), experts.into());
        if architecture == "llama" {
            model_type = "mixtral";
        }
    }
    if architecture == "qwen3moe" {
        config.insert("norm_topk_prob".into(), true.into());
    }
    config.insert("vocab_size".into(), vocabulary(file)?.into());
    config.insert("model_type".into(), model_type.into());
    let tied = file.checkpoint.find("output.weight").is_none();
    config.insert("tie_word_embeddings".into(), tied.into());
    scaling(file, architecture, &mut config);
    per_family(architecture, file, &mut config);
    Ok(Value::Object(config))
}

fn vocabulary(file: &GgufFile) -> Result<usize, EngineError> {
    file.checkpoint
        .find("token_embd.weight")
        .map(|view| view.rows())
        .ok_or_else(|| EngineError::tensor("token_embd.weight", "is missing"))
}

fn scaling(file: &GgufFile, architecture: &str, config: &mut Map<String, Value>) {
    let text = |name: &str| file.text(&format!("{architecture}.rope.scaling.{name}"));
    let value = |name: &str| file.metadata.get(&format!("{architecture}.rope.scaling.{name}"));
    let Some(kind) = text("type").filter(|kind| *kind != "none") else { return };
    let mut scaling = json!({ "rope_type": kind });
    if let Some(factor) = value("factor").and_then(GgufValue::as_f64) {
        scaling["factor"] = factor.into();
    }
    if let Some(original) = value("original_context_length").and_then(GgufValue::as_usize) {
        scaling["original_max_position_embeddings"] = original.into();
    }
    config.insert("rope_scaling".into(), scaling);
}

/// What the conversion scripts leave out because it never differs within a family.
fn per_family(architecture: &str, file: &GgufFile, config: &mut Map<String, Value>) {
    let parallel = file.metadata.get(&format!("{architecture}.use_parallel_residual"));
    if let Some(parallel) = parallel.and_then(GgufValue::as_bool) {
        config.insert("use_parallel_residual".into(), parallel.into());
    }
    match architecture {
        "gemma2" => {
            // 27B divides by hidden / heads, the smaller ones by the head size.
            let hidden = config["hidden_size"].as_u64().unwrap_or(0);
            let heads = config["num_attention_heads"].as_u64().unwrap_or(1).max(1);
            let layers = config["num_hidden_layers"].as_u64().unwrap_or(0);
            let head = config.get("head_dim").and_then(Value::as_u64).unwrap_or(256);
            let scalar = if layers == 46 { hidden / heads } else { head };
            config.insert("query_pre_attn_scalar".into(), scalar.into());
        }
        "gemma3" => {
            let head = config.get("head_dim").and_then(Value::as_u64).unwrap_or(256);
            let hidden = config["hidden_size"].as_u64().unwrap_or(0);
            let heads = config["num_attention_heads"].as_u64().unwrap_or(1).max(1);
            let layers = config["num_hidden_layers"].as_u64().unwrap_or(0);
            let scalar = if layers == 62 { hidden / heads } else { head };
            config.insert("query_pre_attn_scalar".into(), scalar.into());
        }
        "falcon" => {
            let newer = file.checkpoint.find("blk.0.attn_norm_2.weight").is_some();
            config.insert("new_decoder_architecture".into(), newer.into());
            if let Some(heads) = config.get("num_key_value_heads").cloned() {
                config.insert("num_kv_heads".into(), heads);
            }
        }
        "starcoder" | "gpt2" => {
            config.insert("activation_function".into(), "gelu_pytorch_tanh".into());
        }
        _ => {}
    }
}

/// GGUF files store fused projections concatenated, matrices output-first, and Gemma's norm weights with one added.
pub(super) fn layout(model: &mut ModelConfig) {
    model.transposed = false;
    if model.qkv == QkvLayout::Grouped {
        model.qkv = QkvLayout::Concatenated;
    }
    if model.norm.kind == NormKind::RmsPlusOne {
        model.norm.kind = NormKind::Rms;
    }
    model.permuted =
        matches!(model.family, Family::Llama | Family::Mixtral | Family::Olmo | Family::Granite);
}

/// What only the file knows: the frequency factors of Llama 3 and of LongRoPE, stored as tensors.
pub(super) fn adjust(model: &mut ModelConfig, file: &GgufFile) {
    let architecture = file.text("general.architecture").unwrap_or("");
    let scaling = |name: &str| file.metadata.get(&format!("{architecture}.rope.scaling.{name}"));
    let short = file.checkpoint.find("rope_factors_short.weight");
    if short.is_some() {
        // The short factors are those up to the original length, which is then the window.
        let original = scaling("original_context_length").and_then(GgufValue::as_usize);
        model.max_positions = original.unwrap_or(usize::MAX).min(model.max_positions);
        if let Some(magnitude) = scaling("attn_factor").and_then(GgufValue::as_f64) {
            for rope in &mut model.ropes {
                rope.magnitude = magnitude as f32;
            }
        }
    }
    let Some(factors) = short.or_else(|| file.checkpoint.find("rope_freqs.weight")) else { return };
    let factors = factors.to_f32();
    for rope in &mut model.ropes {
        for (frequency, factor) in rope.frequencies.iter_mut().zip(&factors) {
            *frequency /= factor;
        }
    }
}
