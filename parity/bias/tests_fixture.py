"""Writes what scipy and statsmodels make of made-up data, for the tests of the rank test and of the mixed model.

    VENV/bin/pip install scipy statsmodels
    VENV/bin/python parity/bias/tests_fixture.py > crates/stats/tests/fixtures/bias.json
"""

import json

import numpy as np
import statsmodels.api as sm
from scipy.stats import false_discovery_control, mannwhitneyu

random = np.random.default_rng(5)
ranks = []
for n, m, shift, digits in ((8, 9, 0.0, 3), (30, 25, 0.5, 1), (60, 60, 0.2, 0), (12, 40, 1.0, 6), (5, 5, 0.0, 0)):
    x = np.round(random.normal(size=n), digits) + 0.0
    y = np.round(random.normal(size=m) + shift, digits) + 0.0
    test = mannwhitneyu(x, y, alternative="two-sided", method="asymptotic", use_continuity=True)
    ranks.append({"x": x.tolist(), "y": y.tolist(), "u": float(test.statistic), "p": float(test.pvalue)})
p = [rank["p"] for rank in ranks]

models = []
for questions, per, spread in ((20, 12, 1.5), (15, 30, 0.3), (40, 6, 0.8)):
    rows, values, groups = [], [], []
    for question in range(questions):
        level = random.normal() * spread
        for _ in range(per - question % 3):
            row = [1.0, random.normal(), float(random.integers(2)), float(random.integers(2))]
            rows.append(row)
            groups.append(question)
            values.append(2.0 + level + 0.3 * row[1] - 0.5 * row[2] + 0.1 * row[3] + random.normal() * 0.7)
    fit = sm.MixedLM(np.array(values), np.array(rows), groups=np.array(groups)).fit(reml=True)
    models.append({
        "x": [[round(v, 6) for v in row] for row in rows], "y": values, "groups": groups,
        "coefficients": fit.fe_params.tolist(), "errors": fit.bse_fe.tolist(),
        "group_variance": float(fit.cov_re[0, 0]), "residual_variance": float(fit.scale),
    })
for model in models:  # with the rounded predictors
    fit = sm.MixedLM(np.array(model["y"]), np.array(model["x"]), groups=np.array(model["groups"])).fit(reml=True)
    model |= {"coefficients": fit.fe_params.tolist(), "errors": fit.bse_fe.tolist(),
              "group_variance": float(fit.cov_re[0, 0]), "residual_variance": float(fit.scale)}
print(json.dumps({"ranks": ranks, "adjusted": false_discovery_control(p).tolist(), "models": models}))
