"""Write draws of the real random streams, for the tests of `holometer-pyrand`.

Usage: python make_vectors.py crates/pyrand/tests/fixtures/streams.json
"""

import json
import random
import sys

import numpy as np
import pandas as pd
from datasets import Dataset

INTEGER_SEEDS = [0, 1, 42, 1885, -7, 2**31, 2**32 - 1, 2**32, 2**62 + 12345]
BIG_SEED = 3**200
TEXT_SEEDS = ["", "id0", "id17", "1id17", "Größe ✓", "x" * 300]
RANGES = [1, 2, 3, 10, 57, 2**31, 2**32, 2**32 + 1, 2**40 + 3, 2**63 - 1]
SAMPLES = [(5, 0), (1, 1), (10, 3), (21, 5), (22, 5), (26, 5), (84, 6), (86, 6), (100, 20), (5000, 20), (300, 300)]


def python_draws(make):
    """Draws of each kind from fresh generators."""
    draws = {}
    rng = make()
    draws["random"] = [rng.random() for _ in range(6)]
    rng = make()
    draws["getrandbits"] = [[bits, str(rng.getrandbits(bits))] for bits in (1, 7, 31, 32, 33, 40, 63, 64)]
    rng = make()
    draws["randrange"] = [[limit, str(rng.randrange(limit))] for limit in RANGES]
    rng = make()
    draws["randint"] = [rng.randint(-3, 12) for _ in range(8)]
    rng = make()
    items = list(range(40))
    rng.shuffle(items)
    draws["shuffle"] = items
    rng = make()
    draws["choice"] = [rng.choice("abcdefghijk") for _ in range(8)]
    rng = make()
    draws["choices"] = rng.choices("abcdefghijk", k=8)
    rng = make()
    draws["choices_weighted"] = rng.choices("abcd", weights=[0.5, 2.25, 0.0, 1.0], k=10)
    rng = make()
    draws["uniform"] = [rng.uniform(-1.5, 4.0) for _ in range(4)]
    rng = make()
    draws["gauss"] = [rng.gauss(1.0, 2.5) for _ in range(5)]
    return draws


def python_vectors():
    rows = [{"seed": {"int": str(seed)}, **python_draws(lambda s=seed: random.Random(s))} for seed in INTEGER_SEEDS]
    rows.append({"seed": {"big": str(BIG_SEED)}, **python_draws(lambda: random.Random(BIG_SEED))})
    rows += [{"seed": {"text": seed}, **python_draws(lambda s=seed: random.Random(s))} for seed in TEXT_SEEDS]
    return rows


def python_samples():
    """Both branches of `sample`, of ranges and of lists, in one stream."""
    rng = random.Random(11)
    return [[length, count, rng.sample(range(length), count)] for length, count in SAMPLES]


def numpy_draws(seed):
    draws = {"seed": seed}
    make = lambda: np.random.RandomState(seed)
    draws["random_sample"] = make().random_sample(6).tolist()
    rng = make()
    draws["randint"] = [[limit, str(rng.randint(limit, dtype=np.int64))] for limit in RANGES]
    rng = make()
    draws["randint_signed"] = [int(rng.randint(-4, 3)) for _ in range(8)]
    draws["permutation"] = make().permutation(50).tolist()
    items = list(range(30))
    make().shuffle(items)
    draws["shuffle"] = items
    draws["choice"] = make().choice(13, size=9).tolist()
    draws["choice_without_replacement"] = make().choice(40, size=7, replace=False).tolist()
    weights = [0.1, 0.2, 0.0, 0.4, 0.25, 0.05]
    draws["choice_weighted"] = make().choice(6, size=9, p=weights).tolist()
    draws["choice_weighted_without_replacement"] = make().choice(6, size=5, replace=False, p=weights).tolist()
    draws["uniform"] = make().uniform(-2.0, 3.0, 4).tolist()
    draws["randn"] = make().randn(5).tolist()
    draws["normal"] = make().normal(1.0, 0.5, 3).tolist()
    return draws


def numpy_state():
    """A state taken in mid-stream and the draws after it."""
    rng = np.random.RandomState(5)
    rng.random_sample(100)
    _, key, position, _, _ = rng.get_state()
    return {"key": key.tolist(), "position": position, "permutation": rng.permutation(20).tolist()}


def table_vectors():
    frame = lambda rows: pd.DataFrame({"row": range(rows)})
    dataset = lambda rows: Dataset.from_dict({"row": list(range(rows))})
    splits = []
    for rows, fraction, seed in [(50, 0.8, 42), (7, 0.5, 0), (123, 0.3, 2**40 + 1)]:
        split = dataset(rows).train_test_split(test_size=fraction, seed=seed)
        splits.append([rows, fraction, seed, split["train"]["row"], split["test"]["row"]])
    return {
        "pandas_sample": [[n, k, s, frame(n).sample(n=k, random_state=s)["row"].tolist()] for n, k, s in [(60, 9, 1234), (5, 5, 0)]],
        "pandas_sample_fraction": [
            [n, f, s, frame(n).sample(frac=f, random_state=s)["row"].tolist()] for n, f, s in [(65, 0.1, 1234), (75, 0.1, 7), (13, 1.0, 0)]
        ],
        "dataset_shuffle": [[n, s, dataset(n).shuffle(seed=s)["row"]] for n, s in [(70, 42), (1, 3), (200, 2**32), (33, 2**64 - 1)]],
        "dataset_train_test_split": splits,
    }


def main():
    vectors = {
        "python": python_vectors(),
        "python_samples": python_samples(),
        "numpy": [numpy_draws(seed) for seed in (0, 1, 42, 1234, 2**32 - 1)],
        "numpy_state": numpy_state(),
        "tables": table_vectors(),
    }
    with open(sys.argv[1], "w") as file:
        json.dump(vectors, file, separators=(",", ":"), ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main()
