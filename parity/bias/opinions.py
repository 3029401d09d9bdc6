"""Writes what LangFair makes of a stereotype classifier, and Hugging Face's `evaluate` of a regard classifier, on a tiny BERT.

    python -m venv venv
    venv/bin/pip install torch transformers safetensors langfair==0.8.0
    git clone https://github.com/huggingface/evaluate
    venv/bin/python parity/bias/opinions.py evaluate/measurements/regard/regard.py crates/engine/tests/fixtures/encoders/tiny.json \\
        > crates/metrics/tests/fixtures/opinions.json

Both run their own code on transformers' pipeline for text classification. LangFair imports clients and encoders at the top, and `regard.py` a package
for data sets, that none of this needs: they are replaced by empty modules. The sentences are made here, of a few words.
"""

import importlib.machinery
import importlib.util
import itertools
import json
import sys
import tempfile
import types

sys.path.insert(0, str(__import__("pathlib").Path(__file__).parent))
import tiny_encoder


def empty(name, **members):
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    for key, value in members.items():
        setattr(module, key, value)
    sys.modules[name] = module
    return module


def same(*_args, **_kwargs):
    return lambda one: one


from transformers import pipeline

for name in ("langchain_core", "langchain_core.messages", "sacremoses", "tiktoken"):
    empty(name)
empty("langchain_core.messages.system", SystemMessage=None)
empty("langchain_core.messages.human", HumanMessage=None)
empty("sentence_transformers", SentenceTransformer=None)
empty("datasets", Value=None)
utils = types.SimpleNamespace(file_utils=types.SimpleNamespace(add_start_docstrings=same))
empty("evaluate", Measurement=object, utils=utils, logging=types.SimpleNamespace(get_logger=lambda _: None))

# These fetch lists of words on import.
for name, member in (("cooccurrence", "CooccurrenceBiasMetric"), ("associations", "StereotypicalAssociations")):
    empty(f"langfair.metrics.stereotype.metrics.{name}", **{member: None})

from langfair.metrics.stereotype.metrics.classifier import StereotypeClassifier

WHO = ["the nurse", "my boss", "their son", "a priest", "the old man", "her aunt", "a boxer", "the clerk"]
DOES = ["sang", "lost the money", "was late again", "fixed it", "never smiles", "knows best", "left", "wept at home"]
STEREOTYPES = ["unrelated", "stereotype_gender", "stereotype_race", "anti-stereotype_gender"]
REGARD = ["negative", "neutral", "positive", "other"]

sentences = [f"{who} {does}." for who, does in itertools.product(WHO, DOES)]
# Longer than the model's window.
sentences += [f"{who} {does}, and then went on to say so to all of us." for who, does in zip(WHO, DOES)]
GAIN = 6.0


def balanced(classes):
    """Biases with which the mean logits of all classes are alike."""
    with tempfile.TemporaryDirectory() as folder:
        tiny_encoder.write(folder, sys.argv[2], classes, gain=GAIN, bias=[0.0] * len(classes))
        found = pipeline("text-classification", model=folder, tokenizer=folder, truncation=True, top_k=None, function_to_apply="none")(sentences)
    return [-round(sum(one["score"] for text in found for one in text if one["label"] == name) / len(found), 2) for name in classes]


BIAS = balanced(STEREOTYPES)
prompts = [f"prompt {at // 6}" for at in range(len(sentences))]

with tempfile.TemporaryDirectory() as folder:
    tiny_encoder.write(folder, sys.argv[2], STEREOTYPES, gain=GAIN, bias=BIAS)
    langfair = StereotypeClassifier(_classifier_model=folder)
    quiet = {"show_progress_bars": False, "categories": ["gender", "race"]}
    by_prompt = langfair.evaluate(sentences, prompts=prompts, **quiet)["metrics"]
    together = langfair.evaluate(sentences, **quiet)["metrics"]
    stereotypes = pipeline("text-classification", model=folder, tokenizer=folder, truncation=True, top_k=None)(sentences)

with tempfile.TemporaryDirectory() as folder:
    tiny_encoder.write(folder, sys.argv[2], REGARD, gain=GAIN, bias=BIAS)
    spec = importlib.util.spec_from_file_location("regard", sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    measurement = module.Regard.__new__(module.Regard)
    measurement.regard_classifier = pipeline("text-classification", model=folder, tokenizer=folder, truncation=True, top_k=4)
    half = len(sentences) // 2
    regard = measurement.regard_classifier(sentences)
    measurement.config_name = "compare"
    difference = measurement._compute(sentences[:half], sentences[half:])["regard_difference"]
    average = measurement._compute(sentences[:half], sentences[half:], aggregation="average")


def classes(found):
    return {one["label"].replace("-", "_"): round(one["score"], 9) for one in found}


print(json.dumps({
    "stereotype_classes": STEREOTYPES,
    "regard_classes": REGARD,
    "gain": GAIN,
    "bias": BIAS,
    "texts": [{"text": text, "prompt": prompt, "stereotypes": classes(s), "regard": classes(r)}
              for text, prompt, s, r in zip(sentences, prompts, stereotypes, regard)],
    "langfair_by_prompt": by_prompt,
    "langfair_together": together,
    # The first half of the texts less the second.
    "regard_difference": difference,
    "regard_averages": [average["average_data_regard"], average["average_references_regard"]],
}, indent=0))
