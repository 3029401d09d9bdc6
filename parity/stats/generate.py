"""Writes the reference values of the stats crate's tests.

    python -m venv venv && venv/bin/pip install numpy scipy statsmodels scikit-learn uncertainty-calibration
    venv/bin/python parity/stats/generate.py crates/stats/tests/fixtures/reference.json
"""

import json
import sys

import calibration as cal
import numpy as np
import scipy.stats as st
import statsmodels.api as sm
from sklearn.metrics import brier_score_loss, roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import ttost_paired

rng = np.random.default_rng(20)


def distributions():
    degrees = [1, 2, 2.5, 5, 9, 30, 49, 199, 999, 25000]
    ps = [1e-9, 1e-4, 0.005, 0.025, 0.2, 0.5, 0.7, 0.9, 0.975, 0.995, 0.9999]
    xs = [-12, -5.5, -3, -1.96, -0.4, 0, 0.1, 0.9, 1.5, 2.9, 4.2, 7]
    return {
        "normal_cdf": [[x, st.norm.cdf(x)] for x in xs],
        "normal_quantile": [[p, st.norm.ppf(p)] for p in ps],
        "t_cdf": [[x, d, st.t.cdf(x, d)] for d in degrees for x in xs],
        "t_quantile": [[p, d, st.t.ppf(p, d)] for d in degrees for p in ps],
        "binomial_cdf": [[k, n, p, st.binom.cdf(k, n, p)] for n in (1, 7, 40, 900) for p in (0.1, 0.5, 0.83) for k in (0, n // 3, n // 2, n)],
    }


def intervals():
    wilson = []
    for n in (1, 10, 50, 1000):
        for k in sorted({0, 1, n // 3, n}):
            for level in (0.9, 0.95, 0.99):
                low, high = proportion_confint(k, n, alpha=1 - level, method="wilson")
                wilson.append([k, n, level, float(low), float(high)])
    means = []
    for n, groups in ((12, None), (60, 8), (60, 20), (400, 33)):
        values = np.round(rng.normal(0.3, 2, n), 6)
        if groups is None:
            low, high = st.t.interval(0.95, n - 1, values.mean(), st.sem(values))
            means.append({"values": values.tolist(), "clusters": None, "se": st.sem(values), "low": low, "high": high})
        else:
            clusters = rng.integers(0, groups, n)
            fit = sm.OLS(values, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
            low, high = fit.conf_int(0.05)[0]
            means.append({"values": values.tolist(), "clusters": clusters.tolist(), "se": fit.bse[0], "low": low, "high": high})
    return {"wilson": wilson, "means": means}


def bootstrap():
    cases = []
    for n in (15, 40):
        values = np.round(rng.exponential(1, n), 6)
        for method in ("percentile", "BCa"):
            result = st.bootstrap((values,), np.mean, n_resamples=499, method=method, rng=np.random.default_rng(5))
            interval = result.confidence_interval
            cases.append({"values": values.tolist(), "replicates": result.bootstrap_distribution.tolist(), "method": method,
                          "low": interval.low, "high": interval.high})
    return cases


def paired():
    flips = []
    for n in (3, 9, 14):
        differences = np.round(rng.normal(0.4, 1, n), 4)
        result = st.permutation_test((differences,), np.sum, permutation_type="samples", n_resamples=np.inf)
        flips.append({"differences": differences.tolist(), "p": result.pvalue})
    ties = [1.0, -1.0, 1.0, 1.0, 0.0, 1.0]
    flips.append({"differences": ties, "p": st.permutation_test((np.array(ties),), np.sum, permutation_type="samples", n_resamples=np.inf).pvalue})
    nemar = []
    for b, c in ((0, 0), (0, 5), (3, 9), (40, 25), (12, 12), (300, 351)):
        table = [[50, b], [c, 60]]
        exact = mcnemar(table, exact=True).pvalue
        mid = 2 * st.binom.cdf(min(b, c), b + c, 0.5) - st.binom.pmf(min(b, c), b + c, 0.5) if b + c else 1.0
        nemar.append([b, c, float(exact), float(mid), float(mcnemar(table, exact=False, correction=True).pvalue) if b + c else 1.0])
    x, y = np.round(rng.normal(0, 1, 30), 5), np.round(rng.normal(0.1, 1, 30), 5)
    tost = [[margin, float(ttost_paired(x, y, -margin, margin)[0])] for margin in (0.1, 0.4, 0.9)]
    return {"sign_flip": flips, "mcnemar": nemar, "x": x.tolist(), "y": y.tolist(), "tost": tost,
            "paired_t": list(map(float, st.ttest_rel(x, y)))}


def multiplicity():
    cases = []
    for n in (1, 5, 12):
        p = np.round(rng.uniform(0, 0.2, n) ** 1.5, 8)
        p[-1] = p[0]
        cases.append({"p": p.tolist(), "holm": multipletests(p, method="holm")[1].tolist(), "bh": multipletests(p, method="fdr_bh")[1].tolist()})
    return cases


def correlation():
    cases = []
    for n in (5, 40):
        x, y = np.round(rng.normal(0, 1, n), 1), np.round(rng.normal(0, 1, n), 1)
        y = np.round(y + 0.5 * x, 1)
        result = st.spearmanr(x, y)
        cases.append({"x": x.tolist(), "y": y.tolist(), "rho": result.statistic, "p": result.pvalue})
    return cases


def calibration():
    cases = []
    for n in (7, 60, 400):
        confidence = np.round(rng.beta(3, 2, n), 6)
        if n == 60:
            confidence = np.round(confidence, 1)
        correct = (rng.uniform(0, 1, n) < confidence**1.4).astype(int)
        correct[:2] = [0, 1]
        scaler, _ = cal.get_platt_scaler(confidence, correct, get_clf=True)
        scaled = scaler(confidence)
        # The package stops its optimiser early; the maximum itself, to check the fit against.
        logit = np.log(np.clip(confidence, 1e-12, 1 - 1e-12) / (1 - np.clip(confidence, 1e-12, 1 - 1e-12)))
        fit = sm.Logit(correct, sm.add_constant(logit)).fit(disp=0, tol=1e-14, maxiter=200)
        # Ties in confidence make the package's (unstable) order matter, so the area is only compared without them.
        selective = cal.get_selective_stats(confidence, correct) if len(set(confidence)) == n else None
        cases.append({
            "confidence": confidence.tolist(), "correct": correct.tolist(),
            "ece_10_bin": float(cal.get_ece_em(confidence, correct, num_bins=10)),
            "ece_1_bin": float(cal.get_ece(confidence, correct, num_bins=1)),
            "ece_15_bin_width": float(cal.get_ece(confidence, correct, num_bins=15)),
            "brier": float(brier_score_loss(correct, confidence)),
            "selective": [float(s) for s in selective] if selective else None,
            "platt": [float(fit.params[1]), float(fit.params[0])],
            "platt_ece_10_bin_of_package": float(cal.get_ece_em(scaled, correct, num_bins=10)),
        })
    return cases


def ranking():
    scores, labels = np.round(rng.uniform(0, 1, 80), 1), rng.integers(0, 2, 80)
    return {"scores": scores.tolist(), "labels": labels.tolist(), "auc": float(roc_auc_score(labels, scores))}


def group_gaps():
    cases = []
    for sizes in ((12, 15), (40, 25), (30, 20, 25)):
        groups = [np.round(rng.normal(0.1 * at, 1 + at, size), 5) for at, size in enumerate(sizes)]
        pairs = [(a, b) for a in range(len(sizes)) for b in range(a + 1, len(sizes))]
        p = [st.ttest_ind(groups[a], groups[b], equal_var=False).pvalue for a, b in pairs]
        holm = multipletests(p, method="holm")[1]
        means = [g.mean() for g in groups]
        high, low = int(np.argmax(means)), int(np.argmin(means))
        level = 1 - 0.05 / len(pairs)
        widest = st.ttest_ind(groups[high], groups[low], equal_var=False).confidence_interval(level)
        cases.append({"groups": [g.tolist() for g in groups], "difference": means[high] - means[low], "p": float(min(holm)),
                      "low": float(widest.low), "high": float(widest.high)})
    # Every cluster holds one unit of each of two groups: a paired t test.
    one, other = np.round(rng.normal(0, 2, 30), 5), np.round(rng.normal(0, 0.3, 30), 5)
    other = np.round(one + other + 0.1, 5)
    paired = st.ttest_rel(other, one)
    return {"independent": cases, "paired": {"one": one.tolist(), "other": other.tolist(), "p": float(paired.pvalue)}}


def power():
    from statsmodels.stats.power import NormalIndPower, normal_power

    # A one-sample z test of differences: NormalIndPower with ratio 0 has only the first sample.
    one_sample = NormalIndPower()
    cases = []
    for difference, deviation, alpha, wanted in ((0.05, 0.45, 0.05, 0.8), (0.02, 0.5, 0.01, 0.9), (0.1, 0.3, 0.05, 0.5)):
        n = one_sample.solve_power(difference / deviation, alpha=alpha, power=wanted, ratio=0, alternative="two-sided")
        cases.append([difference, deviation, alpha, wanted, float(n), float(normal_power(difference / deviation, 500, alpha))])
    return cases


def number(value):
    return value.item() if hasattr(value, "item") else str(value)


with open(sys.argv[1], "w") as out:
    json.dump({"distributions": distributions(), "intervals": intervals(), "bootstrap": bootstrap(), "paired": paired(),
               "multiplicity": multiplicity(), "correlation": correlation(), "calibration": calibration(), "ranking": ranking(),
               "group_gaps": group_gaps(), "power": power()},
              out, default=number)
    out.write("\n")
