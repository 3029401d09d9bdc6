"""Times HELM's metric functions on a file of predictions, one by one as HELM calls them, and prints their means.

    python -m venv venv && venv/bin/pip install nltk==3.9.4 rouge-score==0.1.2
    venv/bin/python parity/metrics/throughput.py make REFERENCE_DATA predictions.jsonl 100000
    NLTK_DATA=FOLDER venv/bin/python parity/metrics/throughput.py time HELM_CHECKOUT predictions.jsonl
    time holometer score --metrics exact_match,quasi_exact_match,prefix_exact_match,quasi_prefix_exact_match,f1_score,rouge_1,rouge_2,rouge_l,bleu_1,bleu_4 predictions.jsonl

The predictions are answers of GSM8K with words replaced, dropped and swapped; the references are the answers.
"""

import ast
import json
import random
import re
import string
import sys
import time
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List, Optional, Set, Tuple

NAMES = ["exact_match", "quasi_exact_match", "prefix_exact_match", "quasi_prefix_exact_match", "f1_score", "rouge_1", "rouge_2", "rouge_l", "bleu_1", "bleu_4"]


def make(shared, path, number):
    rng = random.Random(7)
    answers = [json.loads(line)["answer"] for line in (Path(shared) / "data/gsm8k/train.jsonl").open()]
    vocabulary = sorted({word for answer in answers[:500] for word in answer.split()})
    with open(path, "w") as out:
        for i in range(number):
            gold = answers[i % len(answers)]
            words = gold.split(" ")
            for _ in range(rng.randint(0, len(words) // 2)):
                at = rng.randrange(len(words))
                words[at : at + 1] = rng.choice([[rng.choice(vocabulary)], [], [words[at], rng.choice(vocabulary)]])
                words = words or ["nothing"]
            out.write(json.dumps({"prediction": " ".join(words), "references": [gold]}) + "\n")


def helm_functions(checkout):
    from nltk.metrics.scores import f_measure
    from nltk.tokenize import word_tokenize
    from nltk.translate.bleu_score import sentence_bleu
    from rouge_score import rouge_scorer

    space = {**globals(), **locals()}
    source = (Path(checkout) / "src/helm/benchmark/metrics/evaluate_reference_metrics.py").read_text()
    wanted = {*NAMES, "normalize_text", "rouge_score", "get_rouge_function"}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name in wanted:
            exec(compile(ast.Module([node], []), "helm", "exec"), space)
    for name, kind in (("rouge_1", "rouge1"), ("rouge_2", "rouge2"), ("rouge_l", "rougeL")):
        space[name] = space["get_rouge_function"](kind)
    return [space[name] for name in NAMES]


def measure(checkout, path):
    functions = helm_functions(checkout)
    functions[-1]("warm up", "warm up")
    start = time.perf_counter()
    sums = [0.0] * len(NAMES)
    number = 0
    for line in open(path):
        row = json.loads(line)
        number += 1
        for at, function in enumerate(functions):
            sums[at] += max(function(gold, row["prediction"]) for gold in row["references"])
    seconds = time.perf_counter() - start
    print(json.dumps({"lines": number, "seconds": round(seconds, 2), "means": {n: s / number for n, s in zip(NAMES, sums)}}, indent=1))


if sys.argv[1] == "make":
    make(sys.argv[2], sys.argv[3], int(sys.argv[4]))
else:
    measure(sys.argv[2], sys.argv[3])
