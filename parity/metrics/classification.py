"""Writes the reference values of the classification metric, with the calls of HELM's classification_metrics.py.

    python -m venv venv && venv/bin/pip install scikit-learn
    venv/bin/python -W ignore parity/metrics/classification.py crates/metrics/tests/fixtures/classification.json.gz
"""

import gzip
import json
import random
import re
import string
import sys

from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.preprocessing import MultiLabelBinarizer

rng = random.Random(6)
LABELS = ["Yes", "No", "Not sure.", "never used"]
TALK = LABELS + ["yes", "NO!", "not  sure", "perhaps", "Yes, because", ""]


def normalized(text):
    return " ".join("".join(c for c in text.lower() if c not in set(string.punctuation)).split())


cases = []
for delimiter in (None, ", "):
    for n in [1, 12, 150] + [rng.randint(1, 16) for _ in range(550)]:
        gold = [rng.sample(LABELS[:3], 1 if delimiter is None else rng.randint(1, 2)) for _ in range(n)]
        given = [(rng.choice(TALK) if delimiter is None else delimiter.join(rng.choices(TALK, k=rng.randint(1, 3)))) for _ in range(n)]
        predictions = [given_one.split(delimiter) if delimiter else [given_one] for given_one in given]
        binarizer = MultiLabelBinarizer().fit([[normalized(label) for label in LABELS]])
        true = binarizer.transform([[normalized(g) for g in golds] for golds in gold])
        predicted = binarizer.transform([[normalized(p) for p in parts if p] for parts in predictions])
        expected = {}
        for average in ("macro", "micro", "weighted"):
            for name, function in (("f1", f1_score), ("precision", precision_score), ("recall", recall_score)):
                expected[f"classification_{average}_{name}"] = float(function(y_true=true, y_pred=predicted, average=average))
        cases.append({"labels": LABELS, "delimiter": delimiter, "gold": gold, "given": given, "expected": expected})

data = json.dumps(cases, separators=(",", ":")).encode()
with open(sys.argv[1], "wb") as out:
    out.write(gzip.compress(data, 9, mtime=0))
