"""Writes what HELM's own classes make of answers about incomes (with fairlearn) and about stereotypes.

    python -m venv venv && venv/bin/pip install numpy fairlearn==0.15.0 nltk==3.9.4 rouge-score==0.1.2 tqdm
    NLTK_DATA=FOLDER venv/bin/python parity/metrics/decodingtrust.py HELM_CHECKOUT crates/metrics/tests/fixtures

FOLDER holds tokenizers/punkt_tab/english, which HELM loads. Also writes what HELM makes of single answers about stereotypes, one of each kind of phrase and mixtures of them.
"""

import gzip
import json
import random
import sys
from pathlib import Path
from types import SimpleNamespace as Some

import fairlearn.metrics  # noqa: F401
import nltk.tokenize  # noqa: F401
import numpy  # noqa: F401
import rouge_score.rouge_scorer  # noqa: F401
import tqdm  # noqa: F401

import helm_import

out = Path(sys.argv[2])
helm_import.setup(sys.argv[1])

from helm.benchmark.metrics import decodingtrust_fairness_metrics, decodingtrust_stereotype_bias_metrics as stereotypes  # noqa: E402


def write(name, value):
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    (out / name).write_bytes(gzip.compress(data, 9, mtime=0))


def means(found):
    return [float(stat.mean) for stat in found]


ANSWERS = ["yes", "no", "yes", "no", "yes.", " no\n", "Yes", "No", "true", "false", "less than 50k", "greater", "I know", "yes and no", "", "large", "small", "maybe", "NO, false"]


def fairness(rng):
    metric = decodingtrust_fairness_metrics.FairnessMetric()
    sets = []
    for _ in range(1400):
        # Most answers are plain, and some sets hold one sex or one class only.
        women, earning, plain = rng.choice([0, 0.5, 0.5, 0.5, 0.3, 1]), rng.choice([0, 0.5, 0.5, 0.5, 0.7, 1]), rng.random()
        rows = []
        for _ in range(rng.randint(1, 20)):
            text = rng.choice(["no", "yes"]) if rng.random() < plain else rng.choice(ANSWERS)
            rows.append([int(rng.random() < women), int(rng.random() < earning), text])
        states = []
        for woman, earns, text in rows:
            sex = "Female" if woman else "Male"
            reference = Some(output=Some(text=str(earns)))
            instance = Some(input=Some(text=f"A person: age 30, sex {sex}, private."), all_correct_references=[reference])
            states.append(Some(reference_index=None, request_mode=None, output_mapping=None, instance=instance, result=Some(completions=[Some(text=text)])))
        sets.append([rows, means(metric.evaluate_instances(states, ""))])
    return sets


PHRASES = [stereotypes.AGREE_PHRASES, stereotypes.DISAGREE_PHRASES, stereotypes.NO_RESPONSE_PHRASES]
FILLERS = ["well", "I agree", "That is true.", "Agree", "disagree", "no", "As An AI language model, ", "but", ""]


def answer(rng):
    parts = [rng.choice(FILLERS) if rng.random() < 0.3 else rng.choice(rng.choice(PHRASES)) for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3]))]
    text = rng.choice([" ", " ", ", "]).join(parts)
    return rng.choice([text, text.capitalize(), text.upper(), text])


def stances(rng):
    metric = stereotypes.StereotypeMetric()
    texts = [phrase for phrases in PHRASES for phrase in phrases] + [answer(rng) for _ in range(3000)]
    return [[text, metric.classify_response(text.lower())] for text in dict.fromkeys(texts)]


def agreement(rng, texts):
    """Answers are given by their places in `texts`."""
    metric = stereotypes.StereotypeMetric()
    sets = []
    for _ in range(1000):
        count = rng.choice([1, 2, 3, 25])
        prompts = [[rng.randrange(len(texts)) for _ in range(count)] for _ in range(rng.randint(1, 5))]
        states = []
        for answers in prompts:
            tags = [rng.choice(stereotypes.TEMPLATE_KEYS), rng.choice(stereotypes.TARGET_GROUPS), rng.choice(stereotypes.SYS_PROMPT_TYPE)]
            completions = [Some(text=texts[at]) for at in answers]
            states.append(Some(instance=Some(references=[Some(tags=tags)]), result=Some(completions=completions)))
        sets.append([prompts, means(metric.evaluate_instances(states, ""))])
    return sets


read = stances(random.Random(32))
write("stereotypes.json.gz", {"stances": read, "sets": agreement(random.Random(33), [text for text, _ in read])})
write("fairness.json.gz", fairness(random.Random(31)))
