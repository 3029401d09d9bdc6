"""Writes the expected logits of tiny checkpoints of every architecture, computed by transformers in f32.

Usage: python make_tiny.py OUTPUT_FOLDER      (needs torch, transformers, safetensors, numpy)

The weights are not stored: each is a function of its tensor's name and its index (see `fill`), which the Rust test computes again.
A fixture holds the configuration as `save_pretrained` wrote it, names and shapes of the tensors, the input tokens,
the logits after each of them, the final states (`last_hidden_state`) as the mean over all tokens and after the last, and the tokens
that greedy generation goes on with. With `stored` the weights are rounded to that type before transformers reads them.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers as tf
from safetensors import safe_open
from safetensors.torch import save_file

VOCABULARY = 61
TOKENS = [3, 17, 42, 8, 59, 23, 23, 5, 31, 11, 47, 2, 38, 19]
NEW_TOKENS = 8

LLAMA = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, vocab_size=VOCABULARY, max_position_embeddings=64)
NEOX = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, vocab_size=VOCABULARY,
            max_position_embeddings=64)
GPT2 = dict(n_embd=32, n_layer=2, n_head=4, n_positions=64, vocab_size=VOCABULARY)


def rope(**fields):
    return {"rope_theta": 10000.0, **fields}


def cases():
    c = tf
    yield "llama", c.LlamaConfig(**LLAMA)
    yield "llama-biased", c.LlamaConfig(**{**LLAMA, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True})
    yield "llama-rope-llama3", c.LlamaConfig(**LLAMA, rope_parameters=rope(
        rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16))
    yield "llama-rope-linear", c.LlamaConfig(**LLAMA, rope_parameters=rope(rope_type="linear", factor=4.0))
    yield "llama-rope-dynamic", c.LlamaConfig(**LLAMA, rope_parameters=rope(rope_type="dynamic", factor=4.0))
    yield "llama-rope-yarn", c.LlamaConfig(**LLAMA, rope_parameters=rope(
        rope_type="yarn", factor=4.0, original_max_position_embeddings=16))
    yield "llama-rope-yarn-temperature", c.LlamaConfig(**LLAMA, rope_parameters=rope(
        rope_type="yarn", factor=8.0, original_max_position_embeddings=8, beta_fast=16.0, beta_slow=2.0, mscale=1.0, mscale_all_dim=0.5))
    yield "llama-bf16", c.LlamaConfig(**LLAMA, dtype="bfloat16")
    yield "llama-f16", c.LlamaConfig(**LLAMA, dtype="float16")
    yield "smollm3", c.SmolLM3Config(**{**LLAMA, "num_hidden_layers": 4}, pad_token_id=0)
    yield "smollm3-window", c.SmolLM3Config(**{**LLAMA, "num_hidden_layers": 4}, pad_token_id=0, use_sliding_window=True,
                                            sliding_window=5, no_rope_layers=[1, 0, 1, 0])
    yield "mistral", c.MistralConfig(**LLAMA, sliding_window=None, head_dim=16)
    yield "mistral-window", c.MistralConfig(**LLAMA, sliding_window=5)
    yield "mixtral", c.MixtralConfig(**LLAMA, num_local_experts=4, num_experts_per_tok=2)
    yield "qwen2", c.Qwen2Config(**LLAMA)
    yield "qwen2-window", c.Qwen2Config(**LLAMA, use_sliding_window=True, sliding_window=5, max_window_layers=1)
    yield "qwen2-yarn", c.Qwen2Config(**LLAMA, rope_parameters=rope(
        rope_type="yarn", rope_theta=1e6, factor=4.0, original_max_position_embeddings=16))
    yield "qwen2-layer-types", c.Qwen2Config(**LLAMA, use_sliding_window=True, sliding_window=4, layer_types=["sliding_attention", "full_attention"])
    yield "qwen3", c.Qwen3Config(**LLAMA, head_dim=16)
    yield "qwen2-moe", c.Qwen2MoeConfig(**LLAMA, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=24,
                                        shared_expert_intermediate_size=40, mlp_only_layers=[0])
    yield "qwen3-moe", c.Qwen3MoeConfig(**LLAMA, head_dim=16, num_experts=4, num_experts_per_tok=2,
                                        moe_intermediate_size=24, norm_topk_prob=True)
    yield "gemma", c.GemmaConfig(**LLAMA, head_dim=16)
    yield "gemma2", c.Gemma2Config(**LLAMA, head_dim=16, sliding_window=5, query_pre_attn_scalar=24)
    yield "gemma3", c.Gemma3TextConfig(**{**LLAMA, "num_hidden_layers": 3}, head_dim=16, sliding_window=5,
                                       query_pre_attn_scalar=24, layer_types=["sliding_attention", "full_attention", "sliding_attention"])
    yield "gemma3-linear", c.Gemma3TextConfig(**LLAMA, head_dim=16, sliding_window=5, layer_types=["sliding_attention", "full_attention"],
        rope_parameters={"full_attention": rope(rope_type="linear", factor=8.0), "sliding_attention": rope(rope_type="default")})
    yield "phi-1_5", c.PhiConfig(**{**LLAMA, "num_key_value_heads": 4}, partial_rotary_factor=0.5)
    yield "phi-2", c.PhiConfig(**{**LLAMA, "num_key_value_heads": 4, "hidden_size": 40}, partial_rotary_factor=0.4,
                               hidden_act="gelu_new")
    yield "phi-qk-layernorm", c.PhiConfig(**{**LLAMA, "num_key_value_heads": 4}, partial_rotary_factor=0.5, qk_layernorm=True)
    yield "phi3", c.Phi3Config(**LLAMA, pad_token_id=0, sliding_window=6)
    yield "phi3-longrope", c.Phi3Config(**LLAMA, pad_token_id=0, original_max_position_embeddings=32, rope_parameters=rope(
        rope_type="longrope", short_factor=[1.0, 1.1, 1.3, 1.7], long_factor=[1.0, 2.0, 3.0, 4.0],
        original_max_position_embeddings=32, partial_rotary_factor=1.0))
    yield "gpt2", c.GPT2Config(**GPT2)
    yield "gpt2-by-layer", c.GPT2Config(**GPT2, scale_attn_by_inverse_layer_idx=True)
    yield "pythia", c.GPTNeoXConfig(**NEOX)
    yield "gpt-neox-sequential", c.GPTNeoXConfig(**NEOX, use_parallel_residual=False)
    yield "gpt-j", c.GPTJConfig(**GPT2, rotary_dim=4)
    yield "santacoder", c.GPTBigCodeConfig(**GPT2, multi_query=True, activation_function="gelu_pytorch_tanh")
    yield "gpt-bigcode-multihead", c.GPTBigCodeConfig(**GPT2, multi_query=False)
    yield "starcoder2", c.Starcoder2Config(**LLAMA, sliding_window=5, use_bias=True)
    falcon = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, vocab_size=VOCABULARY)
    yield "falcon-7b", c.FalconConfig(**falcon, multi_query=True, parallel_attn=True, bias=False, alibi=False)
    yield "falcon-40b", c.FalconConfig(**falcon, new_decoder_architecture=True, num_kv_heads=2, bias=False, alibi=False)
    yield "falcon-rw", c.FalconConfig(**falcon, multi_query=False, parallel_attn=False, bias=True, alibi=True)
    yield "falcon-11b", c.FalconConfig(**falcon, new_decoder_architecture=True, num_kv_heads=2, bias=False, alibi=False,
                                       num_ln_in_parallel_attn=1)
    yield "falcon-sequential", c.FalconConfig(**falcon, multi_query=False, parallel_attn=False, bias=True, alibi=False)
    yield "opt", c.OPTConfig(hidden_size=32, ffn_dim=48, num_hidden_layers=2, num_attention_heads=4, vocab_size=VOCABULARY,
                             max_position_embeddings=64, word_embed_proj_dim=32)
    opt = dict(ffn_dim=48, num_hidden_layers=2, num_attention_heads=4, vocab_size=VOCABULARY, max_position_embeddings=64)
    yield "opt-350m", c.OPTConfig(**opt, hidden_size=32, word_embed_proj_dim=20, do_layer_norm_before=False)
    yield "opt-plain-norms", c.OPTConfig(**opt, hidden_size=32, word_embed_proj_dim=32, enable_bias=False, layer_norm_elementwise_affine=False)
    yield "bloom-560m", c.BloomConfig(hidden_size=32, n_layer=2, n_head=4, vocab_size=VOCABULARY)
    yield "bloom", c.BloomConfig(hidden_size=36, n_layer=2, n_head=6, vocab_size=VOCABULARY)
    yield "stablelm", c.StableLmConfig(**LLAMA, use_qkv_bias=True)
    yield "stablelm-parallel", c.StableLmConfig(**LLAMA, use_parallel_residual=True)
    yield "stablelm-qk-layernorm", c.StableLmConfig(**LLAMA, qk_layernorm=True)
    yield "stablelm-2-12b", c.StableLmConfig(**LLAMA, qk_layernorm=True, use_parallel_residual=True)
    yield "olmo", c.OlmoConfig(**LLAMA, clip_qkv=0.6)
    yield "olmo2", c.Olmo2Config(**LLAMA)
    yield "olmo-unclipped", c.OlmoConfig(**LLAMA)
    yield "olmoe", c.OlmoeConfig(**LLAMA, num_experts=4, num_experts_per_tok=2)
    yield "granite", c.GraniteConfig(**LLAMA, embedding_multiplier=3.0, attention_multiplier=0.2, residual_multiplier=0.4,
                                     logits_scaling=2.0)


def fill(name, shape):
    """Values in [-1, 1) with 24 bits, from a hash of name and index; norms near one, biases small, matrices moderate."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 & 0xFFFFFFFF
    count = int(np.prod(shape))
    x = np.uint32(seed) ^ (np.arange(count, dtype=np.uint32) * np.uint32(2654435761))
    x ^= x >> np.uint32(16)
    x = x * np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x = x * np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    unit = (x >> np.uint32(8)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)
    if len(shape) > 1:
        return (unit * np.float32(0.25)).reshape(shape)
    if name.endswith(".weight"):
        return (unit * np.float32(0.25) + np.float32(1)).reshape(shape)
    return (unit * np.float32(0.125)).reshape(shape)


def make(name, config, output):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    dtype = config.dtype or torch.float32
    dtype = getattr(torch, dtype) if isinstance(dtype, str) else dtype
    stored = {torch.bfloat16: "BF16", torch.float16: "F16"}.get(dtype)
    # Falcon's eager attention adds the ALiBi bias twice (5.23); its default attention adds it once.
    attention = "sdpa" if name == "falcon-rw" else "eager"
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        tf.AutoModelForCausalLM.from_config(config, attn_implementation="eager").save_pretrained(folder)
        shapes = {}
        with safe_open(folder / "model.safetensors", "np") as file:
            for key in file.keys():
                shapes[key] = list(file.get_slice(key).get_shape())
        tensors = {key: torch.from_numpy(fill(key, shape)).to(dtype) for key, shape in shapes.items()}
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
        config_json = json.loads((folder / "config.json").read_text())
        model = tf.AutoModelForCausalLM.from_pretrained(folder, attn_implementation=attention, dtype=torch.float32).eval()
        with torch.no_grad():
            logits = model(torch.tensor([TOKENS])).logits[0].float().numpy()
            states = model.base_model(torch.tensor([TOKENS])).last_hidden_state[0].double().numpy()
            tokens = list(TOKENS)
            for _ in range(NEW_TOKENS):
                tokens.append(int(model(torch.tensor([tokens])).logits[0, -1].argmax()))
    for field in ("transformers_version", "architectures"):
        config_json.pop(field, None)
    fixture = {
        "config": config_json,
        "tensors": shapes,
        "tokens": TOKENS,
        "greedy": tokens[len(TOKENS):],
        "mean": [round(float(value), 6) for value in states.mean(0)],
        "last": [round(float(value), 6) for value in states[-1]],
        "logits": [[round(float(value), 6) for value in row] for row in logits],
    }
    if stored:
        fixture = {"stored": stored, **fixture}
    (output / f"{name}.json").write_text(json.dumps(fixture) + "\n")
    print(name, float(np.abs(logits).max()), tokens[len(TOKENS):], flush=True)


if __name__ == "__main__":
    output = Path(sys.argv[1])
    output.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:]
    for name, config in cases():
        if wanted and name not in wanted:
            continue
        try:
            make(name, config, output)
        except Exception as error:  # a case that transformers itself can't run is reported, the others go on
            print("FAILED", name, repr(error)[:300], flush=True)
