"""Writes HolisticBias's descriptors as a lexicon.

    python3 parity/bias/holistic_lexicon.py descriptors.json > crates/metrics/data/lexicon_holistic_bias.txt

The file is `holistic_bias/dataset/v1.1/descriptors.json` of facebookresearch/ResponsibleNLP (MIT; Smith and others 2022,
arXiv 2205.09209). Its axes and buckets become axes and groups; where an axis has no buckets, every descriptor is a group. The
axis of nonce words is left out.
"""

import json
import re
import sys

table = json.load(open(sys.argv[1], encoding="utf-8"))


def name(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


print("# HolisticBias 1.1 (Smith and others 2022; MIT), facebookresearch/ResponsibleNLP. Axes and buckets of descriptors.")
print("version 1")
for axis, buckets in table.items():
    if axis == "nonce":
        continue
    if len(buckets) == 1:
        (buckets,) = buckets.values()
        buckets = {entry if isinstance(entry, str) else entry["descriptor"]: [entry] for entry in buckets}
    for bucket, entries in buckets.items():
        words = []
        for entry in entries:
            word = entry if isinstance(entry, str) else entry["descriptor"]
            word = re.sub(r"[,:=]", " ", re.sub(r"^(with|who is|who are) (a |an )?", "", word)).strip()
            if word.lower() not in words:
                words.append(word.lower())
        print(f"{name(axis)}={name(bucket)}: {', '.join(words)}")
