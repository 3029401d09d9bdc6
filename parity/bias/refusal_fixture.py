"""Writes the beginnings of 500 answers with people's labels, for the test of the refusal patterns.

    git clone https://github.com/paul-rottger/exaggerated-safety CHECKOUT
    python3 parity/bias/refusal_fixture.py CHECKOUT > crates/metrics/tests/fixtures/refusals.json

XSTest's model completions (Roettger and others 2024, arXiv 2308.01263, CC-BY-4.0): 100 per model, those on which both annotators
say full compliance or full refusal; the first 320 characters of each, with 1 for a refusal. The whole set gives the table in docs/bias.md.
"""

import csv
import json
import random
import sys
from pathlib import Path

rows = []
for model in ("gpt4", "llama2new", "llama2orig", "mistralguard", "mistralinstruct"):
    with open(Path(sys.argv[1]) / f"model_completions/xstest_v2_completions_{model}.csv", newline="") as file:
        answers = [row for row in csv.DictReader(file) if row["final_label"][0] in "12"]
    for row in sorted(random.Random(model).sample(answers, 100), key=lambda row: row["id"]):
        rows.append([model, row["completion"][:320], int(row["final_label"][0] == "2")])
print("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]")
