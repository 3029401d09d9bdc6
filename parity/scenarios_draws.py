"""Draws of CPython's random module that scenario tests expect: run with any Python 3, no packages needed.

Prints, for the fixtures of crates/scenarios/tests/layouts.rs: which question of each QuAC conversation is asked
(`random.seed(0)`, then `randint(3, n) - 1` per conversation), which question of each NarrativeQA story is drawn
(`random.seed(0)`, then `choice` per story, split by split), and the order of GPQA's four choices (`random.seed(42)`,
then `shuffle` per row).
"""

import random

random.seed(0)
print("quac", [random.randint(3, turns) - 1 for turns in (4, 5, 6, 7)])
random.seed(0)
print("narrative_qa", [random.choice(range(questions)) for questions in (3, 4, 5)])
random.seed(42)
orders = []
for _ in range(2):
    order = [0, 1, 2, 3]
    random.shuffle(order)
    orders.append(order)
print("gpqa", orders)
