"""Writes the coefficients of the linear toxicity model of alt-profanity-check into one flat file.

    python3 -m venv VENV && VENV/bin/pip install alt-profanity-check==1.9.1
    VENV/bin/python parity/bias/export_toxicity.py > crates/metrics/data/toxicity_linear.bin

The package's joblib files are pickles: run this in an environment that you throw away. The file that it writes holds numbers
and words only: a header of `key=value` lines, an empty line, one line per word (the word, a tab, in how many training texts it occurs), and
then per word five signed 40-bit little-endian integers, the word's weight in each of the five models times `scale`. Each
model's weights and intercept are already multiplied by the slope of its probability calibration.
"""

import sys
from importlib import resources

import joblib
import numpy as np

data = resources.files("profanity_check") / "data"
vectorizer = joblib.load(data / "vectorizer.joblib")
model = joblib.load(data / "model.joblib")

words = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.get)
rarest = np.exp(vectorizer.idf_ - 1.0)  # (1 + texts) / (1 + texts with the word)
texts = round(rarest.max() * 20) - 1  # the rarest words occur in 19 texts
frequencies = np.rint((1 + texts) / rarest - 1).astype(int)
assert np.abs(np.log((1 + texts) / (1 + frequencies)) + 1 - vectorizer.idf_).max() < 1e-12

weights, intercepts = [], []
for calibrated in model.calibrated_classifiers_:
    (calibrator,) = calibrated.calibrators
    svm = calibrated.estimator
    weights.append(-calibrator.a_ * svm.coef_[0])
    intercepts.append(-(calibrator.a_ * svm.intercept_[0] + calibrator.b_))
weights = np.stack(weights, axis=1)
scale = 2**33
assert np.abs(weights).max() * scale < 2**39

out = sys.stdout.buffer
header = {
    "format": "holometer-linear-text 1",
    "source": "alt-profanity-check 1.9.1 (PyPI), model.joblib and vectorizer.joblib",
    "licence": "MIT, Copyright (c) 2018 Victor Zhou, 2021 Menelaos Kotoglou, and Dimitrios Mistriotis",
    "words": len(words),
    "texts": texts,
    "models": len(intercepts),
    "scale": scale,
    "intercepts": " ".join(repr(float(b)) for b in intercepts),
}
for key, value in header.items():
    out.write(f"{key}={value}\n".encode())
out.write(b"\n")
for word, frequency in zip(words, frequencies):
    out.write(f"{word}\t{frequency}\n".encode())
for value in np.rint(weights * scale).astype(np.int64).reshape(-1):
    out.write(int(value).to_bytes(5, "little", signed=True))
