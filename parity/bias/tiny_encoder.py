"""Writes the folder of a tiny BERT as the binary's tests of scorers write it (`checkpoint` in crates/cli/tests/cli/scorers.rs).

Its tokens are letters, its weights numbers that follow from the tensors' names, so that no weights need to be kept.
"""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

LETTERS = "?_<>abcdefghijklmnopqrstuvwxyz .,:'0123456789"
WINDOW = 40
BITS = (1 << 64) - 1


def values(name, shape):
    """`values` of the Rust test: a linear congruential generator that starts from the name."""
    state = 1
    for byte in name.encode():
        state = ((state ^ byte) * 0x5851F42D4C957F2D) & BITS
    is_norm = "norm" in name.lower() and name.endswith(".weight")
    out = np.empty(int(np.prod(shape)), dtype=np.float32)
    for at in range(out.size):
        state = (state * 6364136223846793005 + 1442695040888963407) & BITS
        unit = np.float32(state >> 40) / np.float32(1 << 23) - np.float32(1)
        out[at] = np.float32(1) + unit / np.float32(4) if is_norm else unit / np.float32(2)
    return torch.from_numpy(out.reshape(shape))


def tokenizer():
    return {
        "version": "1.0", "added_tokens": [], "decoder": {"type": "Fuse"},
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": False},
        "post_processor": None,
        "model": {"type": "WordLevel", "vocab": {letter: at for at, letter in enumerate(LETTERS)}, "unk_token": "?"},
    }


def write(folder, engine_fixtures, classes, files=(), gain=1.0, bias=None):
    """`engine_fixtures` is crates/engine/tests/fixtures/encoders/tiny.json; `files` are JSON files to lie beside the model.

    `gain` multiplies the weights of the head, `bias` stands for its own, so that no class wins on all texts."""
    folder = Path(folder)
    fixture = json.loads(Path(engine_fixtures).read_text())["bert"]
    config = {**fixture["config"], "id2label": {str(at): name for at, name in enumerate(classes)},
              "label2id": {name: at for at, name in enumerate(classes)}}
    shapes = {**fixture["tensors"], "classifier.weight": [len(classes), config["hidden_size"]], "classifier.bias": [len(classes)]}
    tensors = {name: values(name, shape) for name, shape in shapes.items()}
    tensors["classifier.weight"] = tensors["classifier.weight"] * np.float32(gain)
    if bias is not None:
        tensors["classifier.bias"] = torch.tensor(bias, dtype=torch.float32)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": WINDOW, "unk_token": "?", "pad_token": "_"}
    for name, content in {"config.json": config, "tokenizer.json": tokenizer(), "tokenizer_config.json": settings, **dict(files)}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
