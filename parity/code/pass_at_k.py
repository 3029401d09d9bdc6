"""Writes pass@k estimates as HELM's own function gives them (NumPy): all n <= 12 and some larger ones.

usage: python3 pass_at_k.py HELM_SOURCE_FOLDER > crates/metrics/tests/fixtures/pass_at_k.in
The function is taken out of HELM's evaluate_reference_metrics.py by its name, so that HELM's other dependencies are not needed.
"""

import ast
import pathlib
import sys

import numpy as np

source = (pathlib.Path(sys.argv[1]) / "src/helm/benchmark/metrics/evaluate_reference_metrics.py").read_text()
tree = ast.parse(source)
function = next(node for node in tree.body if getattr(node, "name", "") == "pass_at_k_estimator")
names = {"np": np}
exec(compile(ast.Module([function], []), "helm", "exec"), names)
estimate = names["pass_at_k_estimator"]
cases = [(n, c, k) for n in range(1, 13) for c in range(n + 1) for k in range(1, n + 1)]
cases += [(n, c, k) for n in (100, 200) for c in range(0, n + 1, 20) for k in (1, 10, 100)]
print("[")
for n, c, k in cases:
    whole, _, digits = repr(float(estimate(n, c, k))).partition(".")
    grouped = "_".join(digits[at : at + 3] for at in range(0, len(digits), 3)) if len(digits) > 5 else digits
    print(f"    ({n}, {c}, {k}, {whole}.{grouped}),")
print("]")
