"""Writes HELM's measured and published efficiency figures as one table for the `efficiency` metric.

    python parity/metrics/efficiency_tables.py HELM_CHECKOUT crates/metrics/data/efficiency.tsv

A line is: table, model deployment, figure, value. Tables: `idealized` and `denoised` (seconds: `token` per output token,
`overhead`, and a number for a prompt of that many tokens), `carbon` (kilograms of CO2), `energy` (megawatt hours).
"""

import json
import sys
from pathlib import Path

folder = Path(sys.argv[1]) / "src/helm/benchmark/efficiency_data"
lines = ["# HELM's efficiency figures (Apache-2.0): table, model deployment, figure, value. Made by parity/metrics/efficiency_tables.py."]
for table in ("idealized", "denoised"):
    for model, row in json.loads((folder / f"inference_{table}_runtimes.json").read_text()).items():
        lines.append(f"{table}\t{model}\ttoken\t{row['runtime_per_output_token']}")
        if row.get("overhead") is not None:
            lines.append(f"{table}\t{model}\toverhead\t{row['overhead']}")
        for prompt, seconds in sorted(row["runtime_for_prompt_tokens"].items(), key=lambda item: int(item[0])):
            lines.append(f"{table}\t{model}\t{prompt}\t{seconds}")
for table, models in json.loads((folder / "training_efficiency.json").read_text()).items():
    lines += [f"{table}\t{model}\tvalue\t{row['value']}" for model, row in models.items()]
Path(sys.argv[2]).write_text("\n".join(lines) + "\n")
