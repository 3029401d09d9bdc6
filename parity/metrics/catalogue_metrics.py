"""Lists the metric classes that HELM's run specs name and this program lacks, and scenario files that name unknown metrics.

    python parity/metrics/catalogue_metrics.py CATALOGUE_JSON

CATALOGUE_JSON is every run spec as HELM builds it (see `helm/README.md` of the reference data). Run from the repository's root.
"""

import json
import re
import sys
from pathlib import Path

plugins = set(re.findall(r"^        (\w+)::plugin\(\)", Path("crates/metrics/src/plugins/mod.rs").read_text(), re.M))
# Plug-ins whose file is not named as they are.
plugins |= set(re.findall(r'const NAME: &str = "(\w+)"', "\n".join(p.read_text() for p in Path("crates/metrics/src/plugins").glob("*.rs"))))


def ours(name):
    name = re.sub(r"Metrics?$", "", name.split("(")[0])
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return {"bbq": "bbq", "gpqachain_of_thought": "gpqa_chain_of_thought", "if_eval": "ifeval", "airbench2024_score": "air_bench_2024_score",
            "airbench2024_basic_generation": "air_bench_2024_basic_generation", "air_bench2024_score": "air_bench_2024_score",
            "air_bench2024_basic_generation": "air_bench_2024_basic_generation", "omni_math": "omni_math", "live_qascore": "live_qa_score",
            "disinformation_human_eval": "disinformation_human_eval", "big_code_bench": "bigcodebench", "wild_bench_score": "wildbench_score"}.get(name, name)


used = {}
for entry, spec in json.loads(Path(sys.argv[1]).read_text())["run_specs"].items():
    for variant in spec.get("variants", []):
        for metric in variant["metrics"]:
            used.setdefault(metric.split("(")[0], set()).add(entry)
missing = {name: sorted(entries) for name, entries in sorted(used.items()) if ours(name) not in plugins}
print(f"{len(used)} classes in HELM's run specs, {len(used) - len(missing)} here")
for name, entries in missing.items():
    print(f"missing: {name} ({ours(name)}): {', '.join(entries)}")
for path in sorted(Path("crates/scenarios/defs").glob("*.toml")):
    for name in re.findall(r'\[\[metrics\]\]\n(?:when = .*\n)?name = "(\w+)"', path.read_text()):
        if name not in plugins:
            print(f"{path.name} names `{name}`, which is not here")
