//! What each family calls its tensors.

use crate::config::Family;

/// A tensor's place in the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Tokens,
    Places,
    EmbeddingNorm,
    OutputNorm,
    Head,
    AttentionNorm,
    AttentionPostNorm,
    MlpNorm,
    MlpPostNorm,
    Query,
    Key,
    Value,
    Qkv,
    AttentionOut,
    QueryNorm,
    KeyNorm,
    Gate,
    Up,
    GateUp,
    Down,
    Router,
    ExpertGate,
    ExpertUp,
    ExpertDown,
    SharedGate,
    SharedUp,
    SharedDown,
    SharedRouter,
    ProjectIn,
    ProjectOut,
}

/// GGUF's name without `.weight`; `{}` stands for the layer.
pub(crate) fn gguf(family: Family, role: Role) -> Option<&'static str> {
    Some(match role {
        Role::Tokens => "token_embd",
        Role::Places => "position_embd",
        Role::EmbeddingNorm => "token_embd_norm",
        Role::OutputNorm => "output_norm",
        Role::Head => "output",
        Role::AttentionNorm if family == Family::Olmo2 => return None,
        // Falcon's second norm is the one before attention.
        Role::AttentionNorm if family == Family::Falcon => "blk.{}.attn_norm_2|blk.{}.attn_norm",
        Role::AttentionNorm => "blk.{}.attn_norm",
        Role::AttentionPostNorm => "blk.{}.post_attention_norm",
        Role::MlpNorm if family == Family::Falcon => "blk.{}.attn_norm",
        Role::MlpNorm => "blk.{}.ffn_norm",
        Role::MlpPostNorm => "blk.{}.post_ffw_norm",
        Role::Query => "blk.{}.attn_q",
        Role::Key => "blk.{}.attn_k",
        Role::Value => "blk.{}.attn_v",
        Role::Qkv => "blk.{}.attn_qkv",
        Role::AttentionOut => "blk.{}.attn_output",
        Role::QueryNorm => "blk.{}.attn_q_norm",
        Role::KeyNorm => "blk.{}.attn_k_norm",
        Role::GateUp if family == Family::Phi3 => "blk.{}.ffn_up",
        Role::Up if family == Family::Phi3 => return None,
        Role::Gate => "blk.{}.ffn_gate",
        Role::Up => "blk.{}.ffn_up",
        Role::Down => "blk.{}.ffn_down",
        Role::Router => "blk.{}.ffn_gate_inp",
        Role::ExpertGate => "blk.{}.ffn_gate_exps",
        Role::ExpertUp => "blk.{}.ffn_up_exps",
        Role::ExpertDown => "blk.{}.ffn_down_exps",
        Role::SharedGate => "blk.{}.ffn_gate_shexp",
        Role::SharedUp => "blk.{}.ffn_up_shexp",
        Role::SharedDown => "blk.{}.ffn_down_shexp",
        Role::SharedRouter => "blk.{}.ffn_gate_inp_shexp",
        Role::GateUp | Role::ProjectIn | Role::ProjectOut => return None,
    })
}

/// Hugging Face's name without `.weight`. `{}` stands for the layer, a second `{}` for the expert; `|` separates alternatives.
pub(crate) fn hugging_face(family: Family, role: Role) -> Option<&'static str> {
    match family {
        Family::Gpt2 | Family::GptBigCode => gpt2(role),
        Family::GptJ => gptj(role),
        Family::GptNeoX => neox(role),
        Family::Falcon | Family::Bloom => bloom(role),
        Family::Opt => opt(role),
        _ => llama(family, role),
    }
}

/// The scheme of Llama and all that followed.
fn llama(family: Family, role: Role) -> Option<&'static str> {
    let sandwich = matches!(family, Family::Gemma2 | Family::Gemma3);
    Some(match role {
        Role::Tokens => "model.embed_tokens",
        Role::OutputNorm => "model.norm|model.final_layernorm",
        Role::Head => "lm_head",
        Role::AttentionNorm => "model.layers.{}.input_layernorm",
        Role::AttentionPostNorm if sandwich || family == Family::Olmo2 => {
            "model.layers.{}.post_attention_layernorm"
        }
        Role::MlpNorm if sandwich => "model.layers.{}.pre_feedforward_layernorm",
        Role::MlpNorm if family != Family::Olmo2 => "model.layers.{}.post_attention_layernorm",
        Role::MlpPostNorm => "model.layers.{}.post_feedforward_layernorm",
        Role::Query => "model.layers.{}.self_attn.q_proj",
        Role::Key => "model.layers.{}.self_attn.k_proj",
        Role::Value => "model.layers.{}.self_attn.v_proj",
        Role::Qkv => "model.layers.{}.self_attn.qkv_proj",
        Role::AttentionOut => "model.layers.{}.self_attn.o_proj|model.layers.{}.self_attn.dense",
        Role::QueryNorm if family == Family::StableLm => {
            "model.layers.{}.self_attn.q_layernorm.norms.{}"
        }
        Role::KeyNorm if family == Family::StableLm => {
            "model.layers.{}.self_attn.k_layernorm.norms.{}"
        }
        Role::QueryNorm => "model.layers.{}.self_attn.q_norm|model.layers.{}.self_attn.q_layernorm",
        Role::KeyNorm => "model.layers.{}.self_attn.k_norm|model.layers.{}.self_attn.k_layernorm",
        Role::Gate => "model.layers.{}.mlp.gate_proj",
        Role::GateUp => "model.layers.{}.mlp.gate_up_proj",
        Role::Up => "model.layers.{}.mlp.up_proj|model.layers.{}.mlp.fc1|model.layers.{}.mlp.c_fc",
        Role::Down => {
            "model.layers.{}.mlp.down_proj|model.layers.{}.mlp.fc2|model.layers.{}.mlp.c_proj"
        }
        Role::Router => "model.layers.{}.mlp.gate|model.layers.{}.block_sparse_moe.gate",
        Role::ExpertGate => {
            "model.layers.{}.mlp.experts.{}.gate_proj|model.layers.{}.block_sparse_moe.experts.{}.w1"
        }
        Role::ExpertUp => {
            "model.layers.{}.mlp.experts.{}.up_proj|model.layers.{}.block_sparse_moe.experts.{}.w3"
        }
        Role::ExpertDown => {
            "model.layers.{}.mlp.experts.{}.down_proj|model.layers.{}.block_sparse_moe.experts.{}.w2"
        }
        Role::SharedGate => "model.layers.{}.mlp.shared_expert.gate_proj",
        Role::SharedUp => "model.layers.{}.mlp.shared_expert.up_proj",
        Role::SharedDown => "model.layers.{}.mlp.shared_expert.down_proj",
        Role::SharedRouter => "model.layers.{}.mlp.shared_expert_gate",
        _ => return None,
    })
}

fn gpt2(role: Role) -> Option<&'static str> {
    Some(match role {
        Role::Tokens => "transformer.wte",
        Role::Places => "transformer.wpe",
        Role::OutputNorm => "transformer.ln_f",
        Role::Head => "lm_head",
        Role::AttentionNorm => "transformer.h.{}.ln_1",
        Role::MlpNorm => "transformer.h.{}.ln_2",
        Role::Qkv => "transformer.h.{}.attn.c_attn",
        // The first santacoder keeps queries apart from the one key and value.
        Role::Query => "transformer.h.{}.attn.q_attn",
        Role::Key => "transformer.h.{}.attn.kv_attn",
        Role::AttentionOut => "transformer.h.{}.attn.c_proj",
        Role::Up => "transformer.h.{}.mlp.c_fc",
        Role::Down => "transformer.h.{}.mlp.c_proj",
        _ => return None,
    })
}

fn gptj(role: Role) -> Option<&'static str> {
    Some(match role {
        Role::Tokens => "transformer.wte",
        Role::OutputNorm => "transformer.ln_f",
        Role::Head => "lm_head",
        Role::AttentionNorm => "transformer.h.{}.ln_1",
        Role::Query => "transformer.h.{}.attn.q_proj",
        Role::Key => "transformer.h.{}.attn.k_proj",
        Role::Value => "transformer.h.{}.attn.v_proj",
        Role::AttentionOut => "transformer.h.{}.attn.out_proj",
        Role::Up => "transformer.h.{}.mlp.fc_in",
        Role::Down => "transformer.h.{}.mlp.fc_out",
        _ => return None,
    })
}

fn neox(role: Role) -> Option<&'static str> {
    Some(match role {
        Role::Tokens => "gpt_neox.embed_in",
        Role::OutputNorm => "gpt_neox.final_layer_norm",
        Role::Head => "embed_out",
        Role::AttentionNorm => "gpt_neox.layers.{}.input_layernorm",
        Role::MlpNorm => "gpt_neox.layers.{}.post_attention_layernorm",
        Role::Qkv => "gpt_neox.layers.{}.attention.query_key_value",
        Role::AttentionOut => "gpt_neox.layers.{}.attention.dense",
        Role::Up => "gpt_neox.layers.{}.mlp.dense_h_to_4h",
        Role::Down => "gpt_neox.layers.{}.mlp.dense_4h_to_h",
        _ => return None,
    })
}

fn bloom(role: Role) -> Option<&'static str> {
    Some(match role {
        Role::Tokens => "transformer.word_embeddings",
        Role::EmbeddingNorm => "transformer.word_embeddings_layernorm",
        Role::OutputNorm => "transformer.ln_f",
        Role::Head => "lm_head",
        Role::AttentionNorm => "transformer.h.{}.ln_attn|transformer.h.{}.input_layernorm",
        Role::MlpNorm => "transformer.h.{}.ln_mlp|transformer.h.{}.post_attention_layernorm",
        Role::Qkv => "transformer.h.{}.self_attention.query_key_value",
        Role::AttentionOut => "transformer.h.{}.self_attention.dense",
        Role::Up => "transformer.h.{}.mlp.dense_h_to_4h",
        Role::Down => "transformer.h.{}.mlp.dense_4h_to_h",
        _ => return None,
    })
}

fn opt(role: Role) -> Option<&'static str> {
    Some(match role {
        Role::Tokens => "model.decoder.embed_tokens",
        Role::Places => "model.decoder.embed_positions",
        Role::ProjectIn => "model.decoder.project_in",
        Role::ProjectOut => "model.decoder.project_out",
        Role::OutputNorm => "model.decoder.final_layer_norm",
        Role::Head => "lm_head",
        Role::AttentionNorm => "model.decoder.layers.{}.self_attn_layer_norm",
        Role::MlpNorm => "model.decoder.layers.{}.final_layer_norm",
        Role::Query => "model.decoder.layers.{}.self_attn.q_proj",
        Role::Key => "model.decoder.layers.{}.self_attn.k_proj",
        Role::Value => "model.decoder.layers.{}.self_attn.v_proj",
        Role::AttentionOut => "model.decoder.layers.{}.self_attn.out_proj",
        Role::Up => "model.decoder.layers.{}.fc1",
        Role::Down => "model.decoder.layers.{}.fc2",
        _ => return None,
    })
}
