"""Writes the expected states of tiny encoders of every architecture, computed by transformers in f32.

Usage: python make_encoders.py OUTPUT_FILE      (needs torch, transformers, safetensors, numpy)

As in make_tiny.py, the weights are a function of each tensor's name. For each case: the configuration, the tensors'
shapes, the states after each layer for two texts of different lengths, and the logits of a head for three classes.
"""

import json
import sys
import tempfile
from pathlib import Path

import torch
import transformers as tf
from safetensors import safe_open
from safetensors.torch import save_file

from make_tiny import fill

VOCABULARY = 61
FIRST = [3, 17, 42, 8, 59, 23, 24, 5, 31, 11, 47, 2, 38, 19, 4, 9, 33, 12, 58, 7, 26, 13, 14]
SECOND = [3, 44, 8, 2, 30]
SMALL = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             max_position_embeddings=40, pad_token_id=1, num_labels=3)


def cases():
    c = tf
    yield "bert", c.BertConfig(**SMALL), c.BertForSequenceClassification
    yield "roberta", c.RobertaConfig(**SMALL, type_vocab_size=1), c.RobertaForSequenceClassification
    yield "xlm-roberta", c.XLMRobertaConfig(**SMALL, type_vocab_size=1), c.XLMRobertaForSequenceClassification
    yield "distilbert", c.DistilBertConfig(vocab_size=VOCABULARY, dim=32, hidden_dim=48, n_layers=2, n_heads=4,
                                           max_position_embeddings=40, num_labels=3), c.DistilBertForSequenceClassification
    albert = {**SMALL, "num_hidden_layers": 4}
    yield "albert", c.AlbertConfig(**albert, embedding_size=16), c.AlbertForSequenceClassification
    yield "albert-groups", c.AlbertConfig(**albert, embedding_size=16, num_hidden_groups=2, inner_group_num=2,
                                          hidden_act="gelu"), c.AlbertForSequenceClassification
    relative = dict(relative_attention=True, pos_att_type=["c2p", "p2c"], position_biased_input=False, type_vocab_size=0)
    yield "deberta", c.DebertaConfig(**SMALL, **relative, max_relative_positions=8), c.DebertaForSequenceClassification
    yield "deberta-far", c.DebertaConfig(**SMALL, **{**relative, "pos_att_type": ["c2p"], "type_vocab_size": 2,
                                                     "position_biased_input": True}, max_relative_positions=-1), \
        c.DebertaForSequenceClassification
    yield "deberta-v2", c.DebertaV2Config(**SMALL, **relative, position_buckets=8, norm_rel_ebd="layer_norm", conv_kernel_size=3,
                                          conv_act="gelu"), c.DebertaV2ForSequenceClassification
    yield "deberta-v3", c.DebertaV2Config(**SMALL, **relative, position_buckets=8, norm_rel_ebd="layer_norm",
                                          share_att_key=True), c.DebertaV2ForSequenceClassification


def make(config, kind):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        kind(config).save_pretrained(folder)
        path = folder / "model.safetensors"
        with safe_open(path, "pt") as file:
            shapes = {key: list(file.get_tensor(key).shape) for key in file.keys()}
        save_file({key: torch.from_numpy(fill(key, shape)) for key, shape in shapes.items()}, path, metadata={"format": "pt"})
        model = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        config_json = json.loads((folder / "config.json").read_text())
    texts = []
    for ids in (FIRST, SECOND):
        types = [0 if at < len(ids) // 2 or getattr(config, "type_vocab_size", 0) < 2 else 1 for at in range(len(ids))]
        inputs = {"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.long)}
        if config.model_type != "distilbert":
            inputs["token_type_ids"] = torch.tensor([types])
        with torch.no_grad():
            out = model(**inputs, output_hidden_states=True)
        states = [[round(float(x), 6) for x in state[0].flatten()] for state in (out.hidden_states[1], out.hidden_states[-1])]
        texts.append({"ids": ids, "types": types, "first_layer": states[0], "last_layer": states[1],
                      "logits": [float(x) for x in out.logits[0]]})
    return {"config": config_json, "tensors": shapes, "texts": texts}


def main():
    torch.manual_seed(0)
    out = {name: make(config, kind) for name, config, kind in cases()}
    Path(sys.argv[1]).write_text(json.dumps(out, separators=(",", ":")) + "\n")


main()
