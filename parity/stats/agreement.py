"""Writes agreement coefficients as scikit-learn's cohen_kappa_score and the package krippendorff give them.

usage: python3 agreement.py > crates/stats/tests/fixtures/agreement.json
"""

import json
import random

import krippendorff
import numpy as np
from sklearn.metrics import cohen_kappa_score

rng = random.Random(11)
kappas, alphas = [], []
while len(kappas) < 400:
    n, k = rng.randint(2, 40), rng.randint(2, 6)
    one = [rng.randint(1, k) for _ in range(n)]
    other = [a if rng.random() < 0.5 else rng.randint(1, k) for a in one]
    values = [float(cohen_kappa_score(one, other, weights=w)) for w in (None, "linear", "quadratic")]
    if all(np.isfinite(values)):
        kappas.append({"pairs": list(zip(one, other)), "values": values})
while len(alphas) < 400:
    n, raters, k = rng.randint(2, 25), rng.randint(2, 5), rng.randint(2, 6)
    truth = [rng.randint(1, k) for _ in range(n)]
    table = [[t if rng.random() < 0.6 else rng.randint(1, k) for t in truth] for _ in range(raters)]
    table = [[value if rng.random() < 0.8 else None for value in row] for row in table]
    matrix = np.array([[np.nan if value is None else value for value in row] for row in table], dtype=float)
    try:
        values = [float(krippendorff.alpha(matrix, level_of_measurement=level)) for level in ("nominal", "ordinal", "interval")]
    except (ValueError, AssertionError, ZeroDivisionError):
        continue
    if all(np.isfinite(values)):
        units = [[row[unit] for row in table if row[unit] is not None] for unit in range(n)]
        alphas.append({"units": units, "values": values})
print(json.dumps({"kappas": kappas, "alphas": alphas}, separators=(",", ":")))
