"""Writes mean win rates as HELM's own function computes them.

    python parity/stats/win_rates.py PATH/TO/helm/benchmark/presentation/summarize.py crates/stats/tests/fixtures/win_rates.json

Only `compute_aggregate_row_win_rates` is taken from HELM's file, so that HELM's many dependencies are not needed.
"""

import ast
import json
import random
import sys
from collections import defaultdict
from statistics import mean, median
from types import SimpleNamespace
from typing import Dict, List, Optional

source = open(sys.argv[1]).read()
wanted = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == "compute_aggregate_row_win_rates"]
names = {"defaultdict": defaultdict, "mean": mean, "median": median, "Dict": Dict, "List": List, "Optional": Optional, "Table": object}
exec(compile(ast.Module(wanted, []), sys.argv[1], "exec"), names)

random.seed(11)
cases = []
for models, scenarios in ((2, 1), (3, 4), (6, 9)):
    lower = [random.random() < 0.3 for _ in range(scenarios)]
    values = [[None if random.random() < 0.15 else round(random.random(), 1) for _ in range(scenarios)] for _ in range(models)]
    table = SimpleNamespace(
        header=[SimpleNamespace(lower_is_better=flag) for flag in lower],
        rows=[[SimpleNamespace(value=value) for value in row] for row in values],
    )
    # HELM takes rows as lists of cells.
    cases.append({"lower_is_better": lower, "values": values, "win_rates": names["compute_aggregate_row_win_rates"](table)})

with open(sys.argv[2], "w") as out:
    json.dump(cases, out)
    out.write("\n")
