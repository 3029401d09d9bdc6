"""Writes group rates by fairlearn and subgroup areas by scikit-learn, for the tests of group rates and of the fairness view.

    python -m venv venv
    venv/bin/pip install fairlearn scikit-learn numpy
    venv/bin/python parity/stats/fairlearn_rates.py > crates/stats/tests/fixtures/fairlearn.json

The labels are made up: four groups of unlike size, whose right labels are predicted unlike well, and scores with ties. The areas are Borkan's and others' (2019):
`roc_auc_score` over a group, over its negatives with the others' positives, and the other way round.
"""

import json

import fairlearn.metrics as fl
import numpy as np
from sklearn.metrics import roc_auc_score

random = np.random.default_rng(11)
N = 240
group = random.choice(["a", "b", "c", "d"], size=N, p=[0.45, 0.3, 0.15, 0.1])
truth = (random.random(N) < np.where(group == "a", 0.5, 0.3)).astype(int)
# Rounded, so that scores tie.
score = np.round(np.clip(0.35 * truth + np.where(group == "d", 0.25, 0.0) + random.normal(0.35, 0.2, N), 0, 1), 1)
predicted = (score >= 0.5).astype(int)
of = {"y_true": truth, "y_pred": predicted, "sensitive_features": group}


def areas(name):
    inside = group == name
    pick = lambda keep: float(roc_auc_score(truth[keep], score[keep]))
    return {
        "subgroup_auc": pick(inside),
        "bpsn_auc": pick((inside & (truth == 0)) | (~inside & (truth == 1))),
        "bnsp_auc": pick((inside & (truth == 1)) | (~inside & (truth == 0))),
    }


frame = fl.MetricFrame(
    metrics={"selection_rate": fl.selection_rate, "tpr": fl.true_positive_rate, "fpr": fl.false_positive_rate,
             "accuracy": lambda y_true, y_pred: float((y_true == y_pred).mean()), "n": fl.count}, **of)
print(json.dumps({
    "y_true": truth.tolist(), "y_pred": predicted.tolist(), "group": group.tolist(), "score": score.tolist(),
    "demographic_parity_difference": fl.demographic_parity_difference(**of),
    "demographic_parity_ratio": fl.demographic_parity_ratio(**of),
    "equalized_odds_difference_worst": fl.equalized_odds_difference(**of),
    "equalized_odds_ratio": fl.equalized_odds_ratio(**of),
    "equal_opportunity_difference": fl.equal_opportunity_difference(**of),
    "equal_opportunity_ratio": fl.equal_opportunity_ratio(**of),
    "by_group": {name: {**{key: (int if key == "n" else float)(value) for key, value in row.items()}, **areas(name)}
                 for name, row in frame.by_group.to_dict("index").items()},
}))
