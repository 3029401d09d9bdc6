"""Reads HELM's configuration files with pyhocon, as HELM does, and prints what each holds.

    python -m venv venv && venv/bin/pip install pyhocon==0.3.63
    venv/bin/python parity/plan/conf_digests.py FOLDER_WITH_CONF_FILES > crates/plan/tests/fixtures/conf_digests.json

Per file: the number of entries, how many have each priority, and the SHA-256 of one line per entry
(`description TAB priority TAB groups joined by commas`, no priority printed as nothing).
"""

import collections
import hashlib
import json
import pathlib
import sys

import pyhocon


def digest(path: pathlib.Path) -> dict:
    entries = pyhocon.ConfigFactory.parse_string(path.read_text(encoding="utf-8"))["entries"]
    lines = []
    priorities = collections.Counter()
    for entry in entries:
        priority = entry.get("priority", None)
        priorities["" if priority is None else str(priority)] += 1
        groups = ",".join(entry.get("groups", []))
        lines.append(f"{entry['description']}\t{'' if priority is None else priority}\t{groups}\n")
    return {
        "entries": len(lines),
        "priorities": dict(sorted(priorities.items())),
        "sha256": hashlib.sha256("".join(lines).encode()).hexdigest(),
    }


folder = pathlib.Path(sys.argv[1])
digests = {path.name: digest(path) for path in sorted(folder.glob("*.conf"))}
print(json.dumps(digests, indent=1))
