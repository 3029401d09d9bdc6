"""Writes tiny GGUF files of every architecture with llama.cpp's own converter, and what transformers computes from the same weights.

Usage: python make_gguf.py LLAMA_CPP_FOLDER OUTPUT_FOLDER [NAME...]      (needs torch, transformers, safetensors, numpy)

LLAMA_CPP_FOLDER has `conversion/` and `gguf-py/`; the source package of llama-cpp-python on PyPI (0.3.36 was used) holds it under `vendor/llama.cpp`.
The checkpoints are those of `make_tiny.py` with weights rounded to multiples of 1/8, which makes the files small once they are packed. Vocabularies are
left out: what is compared are logits and greedy tokens. A name that ends in `.q8_0` or `.f16` is stored that way; transformers then reads the
values that gguf-py unpacks again.
"""

import gzip
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers as tf
from safetensors import safe_open
from safetensors.torch import save_file

import make_tiny

WANTED = ["llama", "llama-biased", "llama-rope-llama3", "llama-rope-linear", "llama-rope-yarn", "smollm3", "mistral", "mixtral", "qwen2", "qwen3",
          "qwen2-moe", "qwen3-moe", "gemma", "gemma2", "gemma3", "phi-2", "phi3", "phi3-longrope", "gpt2", "pythia", "gpt-neox-sequential",
          "santacoder", "starcoder2", "falcon-7b", "falcon-40b", "bloom", "stablelm", "stablelm-parallel", "olmo", "olmo2", "olmoe", "granite"]
# What GGUF files can't say differs from `make_tiny.py`: Gemma's scale follows from the head size, windows come in a fixed pattern.
CHANGES = {
    "gemma2": {"query_pre_attn_scalar": 16},
    "gemma3": {"query_pre_attn_scalar": 16, "num_hidden_layers": 7, "layer_types": ["sliding_attention"] * 5 + ["full_attention", "sliding_attention"]},
    "starcoder2": {"sliding_window": None},
    "phi-2": {"intermediate_size": 160},
    "qwen2-moe": {"mlp_only_layers": []},
}
# Fields under the names that the published configurations have and the converter expects.
FIELDS = {"gpt2": {"n_ctx": 64}, "pythia": {"rotary_pct": 0.25}, "gpt-neox-sequential": {"rotary_pct": 0.25}, "falcon-7b": {"num_kv_heads": 1}}
STORED = {"f32": "ALL_F32", "f16": "MOSTLY_F16", "q8_0": "MOSTLY_Q8_0"}


def coarse(name, shape):
    return np.round(make_tiny.fill(name, shape) * 8) / 8


def make(name, config, stored, llama_cpp, output):
    sys.path[:0] = [str(llama_cpp), str(llama_cpp / "gguf-py")]
    import gguf
    from conversion import ModelBase, ModelType, get_model_architecture, get_model_class
    attention = "sdpa" if name == "falcon-rw" else "eager"
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder) / "tiny"
        tf.AutoModelForCausalLM.from_config(config, attn_implementation="eager").save_pretrained(folder)
        # Gemma 3's table is cut to the vocabulary of the tokenizer.
        (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {str(i): i for i in range(make_tiny.VOCABULARY)}}, "added_tokens": []}))
        with safe_open(folder / "model.safetensors", "np") as file:
            shapes = {key: list(file.get_slice(key).get_shape()) for key in file.keys()}
        tensors = {key: coarse(key, shape) for key, shape in shapes.items()}
        if stored == "q8_0":  # rows of 32 weights or more are rounded as the converter rounds them; what can't be stays
            quant = gguf.GGMLQuantizationType.Q8_0
            for key, values in tensors.items():
                if values.ndim == 2 and values.shape[1] % 32 == 0:
                    tensors[key] = gguf.dequantize(gguf.quantize(values, quant), quant)
        save_file({key: torch.from_numpy(values) for key, values in tensors.items()}, folder / "model.safetensors", {"format": "pt"})
        with torch.inference_mode():
            fields = ModelBase.load_hparams(folder, False) | FIELDS.get(name, {})
            kind = get_model_class(get_model_architecture(fields, ModelType.TEXT))
            kind.set_vocab = lambda self: None
            path = folder / "tiny.gguf"
            kind(folder, getattr(gguf.LlamaFileType, STORED[stored]), path, model_name=name, eager=True, hparams=fields).write()
            model = tf.AutoModelForCausalLM.from_pretrained(folder, attn_implementation=attention, dtype=torch.float32).eval()
            logits = model(torch.tensor([make_tiny.TOKENS])).logits[0].numpy()
            tokens = list(make_tiny.TOKENS)
            for _ in range(make_tiny.NEW_TOKENS):
                tokens.append(int(model(torch.tensor([tokens])).logits[0, -1].argmax()))
        name = name if stored == "f32" else f"{name}.{stored}"
        (output / f"{name}.gguf.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    fixture = {"tokens": make_tiny.TOKENS, "greedy": tokens[len(make_tiny.TOKENS):],
               "logits": [[round(float(value), 6) for value in row] for row in logits]}
    (output / f"{name}.json").write_text(json.dumps(fixture) + "\n")
    print(name, float(np.abs(logits).max()), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    llama_cpp, output = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    output.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[3:] or [*WANTED, "llama.f16", "llama.q8_0", "qwen2.q8_0"]
    known = dict(make_tiny.cases())
    for entry in wanted:
        name, _, stored = entry.partition(".")
        try:
            for field, value in CHANGES.get(name, {}).items():
                setattr(known[name], field, value)
            make(name, known[name], stored or "f32", llama_cpp, output)
        except Exception as error:  # a case that the converter can't write is reported, the others go on
            print("FAILED", entry, repr(error)[:300], flush=True)
