"""Writes random blocks of every quantised type with the values that gguf-py gives them.

Usage: python make_blocks.py OUTPUT_FILE      (needs gguf, numpy)
"""

import json
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T
from gguf.quants import dequantize

TYPES = [T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0, T.Q2_K, T.Q3_K, T.Q4_K, T.Q5_K, T.Q6_K]
# Where the half-precision scales of a block lie; random bits there could be infinite.
SCALES = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q2_K: [80, 82], T.Q3_K: [108],
          T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208]}

if __name__ == "__main__":
    random = np.random.default_rng(7)
    out = []
    for kind in TYPES:
        size, length = GGML_QUANT_SIZES[kind]
        count = 64 // size if size < 64 else 1
        blocks = random.integers(0, 256, (count, length), dtype=np.uint8)
        for at in SCALES[kind]:
            scales = random.uniform(-0.1, 0.1, count).astype(np.float16)
            blocks[:, at:at + 2] = scales.view(np.uint8).reshape(count, 2)
        values = dequantize(blocks, kind).reshape(-1)
        out.append({"type": int(kind), "bytes": blocks.tobytes().hex(), "bits": values.astype("<f4").tobytes().hex()})
    with open(sys.argv[1], "w") as file:
        json.dump(out, file, indent=1)
        file.write("\n")
