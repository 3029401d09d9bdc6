#!/usr/bin/env python3
"""How fast the pages are over a million instances.

    python3 parity/pages/million.py make FOLDER HOLOMETER [COUNT]   writes questions, evaluates two test models on them
    python3 parity/pages/million.py time FOLDER HOLOMETER           asks a server for every kind of page, prints a table in Markdown

The questions are made up (a seeded generator), the evaluation is the real one: `holometer run` with every metric that the scenario
asks for. Times are those of a client on the same machine: from sending the request to the first byte and to the last one.
"""

import json
import random
import re
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

SCENARIO = """name = "million"
summary = "Made-up questions"
languages = ["en"]

[licence]
id = "CC0-1.0"

[data]
format = "jsonl"

[[data.files]]
path = "questions.jsonl"

[instance]
input = "{{ question }}"
groups = ["about={{ about }}"]

[[instance.references]]
each = "options"
correct = "index == answer"

[[adapter]]
like = "multiple_choice"
input_noun = "Question"
output_noun = "Answer"
max_train_instances = 0

[[metrics]]
set = "exact_match"

[main_metric]
metric = "exact_match"
split = "test"
"""

ROUNDS = 15


def make(folder: Path, holometer: str, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(20261126)
    words = [f"word{index}" for index in range(500)]
    with open(folder / "questions.jsonl", "w", encoding="utf-8") as file:
        for index in range(count):
            row = {
                "question": f"Question {index}: {' '.join(draw.choices(words, k=40))}?",
                "options": ["the first", "the second", "the third", "the fourth"],
                "answer": draw.randrange(4),
                "about": ("these", "those")[index % 2],
            }
            file.write(json.dumps(row) + "\n")
    (folder / "million.toml").write_text(SCENARIO, encoding="utf-8")
    for model, most in (("one", count), ("two", min(count, 20_000))):
        start = time.perf_counter()
        command = [holometer, "run", "-m", f"{model}=test:random", "--scenario-file", str(folder / "million.toml")]
        command += ["-e", "million", "-n", str(most), "--db", str(folder / "holometer.db"), "--suite", "million", "--offline", "-q"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        print(f"model {model}: {most:,} instances in {time.perf_counter() - start:.0f} s", file=sys.stderr)


def ask(port: int, path: str) -> tuple[float, float, int, str]:
    """Milliseconds to the first byte and to the last, the number of bytes, and the answer."""
    with socket.create_connection(("127.0.0.1", port)) as link:
        start = time.perf_counter()
        link.sendall(f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        parts = [link.recv(65536)]
        first = time.perf_counter()
        while parts[-1]:
            parts.append(link.recv(65536))
        last = time.perf_counter()
    body = b"".join(parts)
    if not body.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"{path}: {body[:300]!r}")
    return (first - start) * 1000, (last - start) * 1000, len(body), body.decode("utf-8", "replace")


def pages(port: int) -> dict[str, list[str]]:
    """Kinds of pages, each with an address for every round."""
    start = ask(port, "")[3]
    suite = re.search(r'href="(suite/[^/]+)/', start)[1]
    runs = sorted(set(re.findall(r'href="run/(\d+)/index.html"', start)), key=int)
    count = int(re.search(r"(\d+) instances in the run", ask(port, f"run/{runs[0]}/instances.html")[3])[1])
    models = re.findall(r'name="models" value="([^"]+)"', ask(port, f"{suite}/compare.html")[3])
    draw = random.Random(1)
    somewhere = [draw.randrange(count) for _ in range(ROUNDS)]
    of_run = f"run/{runs[0]}"

    def each(text: str) -> list[str]:
        return [text] * ROUNDS

    return {
        "leaderboard": each(f"{suite}/leaderboard.html"),
        "run": each(f"{of_run}/index.html"),
        "instances, first page": each(f"{of_run}/instances.html"),
        "instances, from anywhere": [f"{of_run}/instances.html?from={at}" for at in somewhere],
        "instances, only the wrong ones, from anywhere": [f"{of_run}/instances.html?show=wrong&from={at}" for at in somewhere],
        "instances, a word searched, from anywhere": [f"{of_run}/instances.html?q=word{at % 500}&from={at}" for at in somewhere],
        "instances, one id searched in all": [f"{of_run}/instances.html?q=Question%20{at}:" for at in somewhere],
        "instances, an expression that few match": [f"{of_run}/instances.html?q=word{at % 500}%20word1%20word2%20word3&regex=1" for at in somewhere],
        "one instance": [f"{of_run}/i/{at}.html" for at in somewhere],
        "comparison of two models": each(f"{suite}/compare.html?models={models[0]}&models={models[1]}"),
        "plots": each(f"{suite}/plots.html"),
        "fairness": each(f"{suite}/fairness.html"),
        "coverage": each(f"{suite}/coverage.html"),
        "live, its numbers": each("live.json"),
        "models": each("models.html"),
        "scenarios": each("scenarios.html"),
        "metrics": each("metrics.html"),
    }


def measure(folder: Path, holometer: str) -> None:
    command = [holometer, "serve", "--db", str(folder / "holometer.db"), "--port", "0", "--scenario-file", str(folder / "million.toml")]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        port = next(int(found[1]) for line in server.stderr if (found := re.search(r"http://127\.0\.0\.1:(\d+)/", line)))
        size = (folder / "holometer.db").stat().st_size
        print(f"A database of {size / 1e9:.2f} GB; medians of {ROUNDS} requests, the slowest in brackets.\n")
        print("| page | first byte | whole page | kB |\n| --- | --- | --- | --- |")
        for kind, paths in pages(port).items():
            asked = [ask(port, path) for path in paths]
            shown = [f"{statistics.median(times):.1f} ms ({max(times):.1f})" for times in ([each[0] for each in asked], [each[1] for each in asked])]
            print(f"| {kind} | {shown[0]} | {shown[1]} | {statistics.median(each[2] for each in asked) / 1000:.0f} |", flush=True)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    words = sys.argv[1:]
    if len(words) >= 3 and words[0] == "make":
        make(Path(words[1]), words[2], int(words[3]) if len(words) > 3 else 1_000_000)
    elif len(words) == 3 and words[0] == "time":
        measure(Path(words[1]), words[2])
    else:
        raise SystemExit(__doc__)
