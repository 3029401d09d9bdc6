#!/usr/bin/env python3
"""How fast the pages are over a million instances.

    python3 parity/pages/million.py make FOLDER HOLOMETER           evaluates two test models on 10,000 made-up questions and their
                                                                    copies in lower case, then enters what the first did 50 times
    python3 parity/pages/million.py time FOLDER HOLOMETER           asks a server for every kind of page, prints a table in Markdown

The questions are made up (a seeded generator); their evaluation is the real one: `holometer run` with every metric that the scenario
asks for. The first run's instances, requests and scores (of the metrics that pages read one by one) are then copied under further positions and ids, so that its tables
hold a million instances; their texts are stored once. Times are those of a client on the same machine: from sending the request to the first byte and to the last one.
"""

import contextlib
import json
import random
import re
import socket
import sqlite3
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

QUESTIONS = 10_000  # each is asked once more in lower case
COPIES = 50
COPIED = ["exact_match", "quasi_exact_match", "unparsed", "refusal", "max_prob", "logprob", "num_completion_tokens", "inference_runtime"]
ROUNDS = 15
ENOUGH = 20.0  # seconds for one kind of page


def make(folder: Path, holometer: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(20261126)
    words = [f"word{index}" for index in range(500)]
    with open(folder / "questions.jsonl", "w", encoding="utf-8") as file:
        for index in range(QUESTIONS):
            row = {
                "question": f"Question {index}: {' '.join(draw.choices(words, k=40))}?",
                "options": ["the first", "the second", "the third", "the fourth"],
                "answer": draw.randrange(4),
                "about": ("these", "those")[index % 2],
            }
            file.write(json.dumps(row) + "\n")
    (folder / "million.toml").write_text(SCENARIO, encoding="utf-8")
    for model in ("one", "two"):
        command = [holometer, "run", "-m", f"{model}=test:random", "--scenario-file", str(folder / "million.toml")]
        command += ["-e", "million:data_augmentation=lower", "--db", str(folder / "holometer.db"), "--suite", "million", "--offline", "-q"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    multiply(folder / "holometer.db")


def multiply(database: Path) -> None:
    """Enters everything of the first run `COPIES` times."""
    link = sqlite3.connect(database, isolation_level=None)
    link.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-400000; BEGIN")
    run, instances, requests = link.execute("SELECT id, instances, requests FROM runs ORDER BY id LIMIT 1").fetchone()
    only = f" AND metric IN (SELECT id FROM labels WHERE label IN ({', '.join(repr(name) for name in COPIED)}))"
    shifted = {"instances": {"position": instances}, "requests": {"position": requests, "instance": instances}, "scores": {"instance": instances}}
    for table, shifts in shifted.items():
        columns = [row[1] for row in link.execute(f"PRAGMA table_info({table})")]
        key = next(iter(shifts))
        first = shifts[key]
        for copy in range(1, COPIES):
            made = [f"{name} + {shifts[name] * copy}" if name in shifts else name for name in columns]
            if table == "instances":
                made[columns.index("instance")] = f"instance || 'c{copy}'"
            link.execute(f"INSERT INTO {table} SELECT {', '.join(made)} FROM {table} WHERE run = {run} AND {key} < {first}{only if table == 'scores' else ''}")
    link.execute(f"UPDATE runs SET instances = instances * {COPIES}, requests = requests * {COPIES} WHERE id = {run}")
    link.execute(f"UPDATE tallies SET answered = answered * {COPIES} WHERE run = {run}")
    link.execute("COMMIT")


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

    def listed(query: str) -> list[str]:
        return [f"{of_run}/instances.html?{query}&from={at}" for at in somewhere]

    def words(query: str) -> list[str]:
        return [f"{of_run}/instances.html?q={query.format(word=f'word{at % 500}')}&from={at}" for at in somewhere]

    def card(kind: str, name: str) -> list[str]:
        return each(re.search(rf'href="({kind}/{name}-[^"]+)"', ask(port, f"{kind}.html")[3])[1])

    both = f"{suite}/compare.html?models={models[0]}&models={models[1]}"
    # A comparison is made in the background; its first page says so.
    for _ in range(600):
        linked = re.search(r'compare.html\?[^"]*scenario=([^"&#]+)', ask(port, both)[3])
        if linked:
            break
        time.sleep(0.5)
    scenario = linked[1]
    return {
        "leaderboard": each(f"{suite}/leaderboard.html"),
        "run": each(f"{of_run}/index.html"),
        "instances, first page": each(f"{of_run}/instances.html"),
        "instances, from anywhere": listed("copies="),
        "instances, back from anywhere": [f"{of_run}/instances.html?before={at}" for at in somewhere],
        "instances and all copies": listed("copies=all"),
        "one perturbation's copies": listed("copies=lower_case"),
        "only right ones": listed("show=right"),
        "only wrong ones": listed("show=wrong"),
        "only partly right ones (none is)": listed("show=partly"),
        "only those changed under perturbation": listed("show=changed"),
        "only unparsed ones": listed("show=unparsed"),
        "only refused ones (none is)": listed("show=refused"),
        "only failed ones (none is)": listed("show=failed"),
        "only those not run (none is)": listed("show=unasked"),
        "a metric's range": listed("metric=logprob&max=-1"),
        "a metric's range that none is in": listed("metric=logprob&min=1"),
        "a group": listed("group=about%3Dthose"),
        "a group that none is of": listed("group=about%3Dnobody"),
        "a word searched": words("{word}"),
        "an expression searched": words("{word}%20word[0-9]7&regex=1"),
        "an expression that few match": words("{word}%20word1%20word2%20word3&regex=1"),
        "the same, a further part": words("{word}%20word1%20word2%20word3&regex=1&part=25"),
        "a word among wrong ones": words("{word}&show=wrong"),
        "an id": [f"{of_run}/instances.html?q=id{at % QUESTIONS}c7" for at in somewhere],
        "one instance": [f"{of_run}/i/{at}.html" for at in somewhere],
        "one instance, of a search that few match": [f"{of_run}/i/{at}.html?q=word1%20word2%20word3" for at in somewhere],
        "comparison of two models": each(both),
        "the same with instances": each(f"{both}&scenario={scenario}"),
        "plots": each(f"{suite}/plots.html"),
        "fairness, while it is computed": each(f"{suite}/fairness.html"),
        "coverage": each(f"{suite}/coverage.html"),
        "live": each("live.html"),
        "live, its numbers": each("live.json"),
        "models": each("models.html"),
        "one model": each(f"models/{models[0]}.html"),
        "scenarios": each("scenarios.html"),
        "one scenario": card("scenarios", "million"),
        "metrics": each("metrics.html"),
        "one metric": card("metrics", "exact-match"),
        "perturbations": each("perturbations.html"),
        "one perturbation": card("perturbations", "lower-case"),
    }


def going_on(port: int) -> dict[str, list[str]]:
    """The pages about a run that has not been scored."""
    suite = re.search(r'href="(suite/[^/]+)/', ask(port, "")[3])[1]
    kinds = {"live, its numbers": "live.json", "coverage": f"{suite}/coverage.html", "run": "run/1/index.html", "leaderboard": f"{suite}/leaderboard.html"}
    return {f"{kind}, while the run goes on": [path] * ROUNDS for kind, path in kinds.items()}


def table(port: int, kinds: dict[str, list[str]]) -> None:
    for kind, paths in kinds.items():
        asked, began = [], time.perf_counter()
        for path in paths:
            asked.append(ask(port, path))
            if time.perf_counter() - began > ENOUGH:
                break
        shown = [f"{statistics.median(times):.1f} ms ({max(times):.1f})" for times in ([each[0] for each in asked], [each[1] for each in asked])]
        print(f"| {kind} | {shown[0]} | {shown[1]} | {statistics.median(each[2] for each in asked) / 1000:.0f} |", flush=True)


def search_to_the_end(port: int) -> None:
    """Goes on as the page's script does, until the whole run has been searched."""
    began, parts, path = time.perf_counter(), 0, "run/1/instances.html?q=no%20question%20has%20this"
    while path:
        _, _, _, text = ask(port, path)
        parts += 1
        further = re.search(r'<p class="notice" data-search-on.*?href="\.\./\.\./([^"]+)"', text)
        path = further and further[1].replace("&amp;", "&") + "&part=25"
    print(f"\nA text that nothing contains: all instances searched in {time.perf_counter() - began:.1f} s, {parts} parts.", flush=True)


def wait_for_fairness(port: int, since: float) -> None:
    suite = re.search(r'href="(suite/[^/]+)/', ask(port, "")[3])[1]
    while True:
        first, whole, _, text = ask(port, f"{suite}/fairness.html")
        if "data-wait" not in text:
            break
        time.sleep(1)
    print(f"The fairness measures were there {time.perf_counter() - since:.0f} s after they were first asked for.\n")


@contextlib.contextmanager
def unfinished(database: Path):
    """While it lasts, the first run has not been scored."""
    link = sqlite3.connect(database, isolation_level=None)
    (finished,) = link.execute("SELECT finished FROM runs WHERE id = 1").fetchone()
    link.execute("UPDATE runs SET finished = NULL WHERE id = 1")
    try:
        yield
    finally:
        link.execute("UPDATE runs SET finished = ? WHERE id = 1", [finished])
        link.close()


def measure(folder: Path, holometer: str) -> None:
    command = [holometer, "serve", "--db", str(folder / "holometer.db"), "--port", "0", "--scenario-file", str(folder / "million.toml")]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        port = next(int(found[1]) for line in server.stderr if (found := re.search(r"http://127\.0\.0\.1:(\d+)/", line)))
        size = (folder / "holometer.db").stat().st_size
        print(f"A database of {size / 1e9:.2f} GB; medians of up to {ROUNDS} requests, the slowest in brackets.\n")
        heading = "| page | first byte | whole page | kB |\n| --- | --- | --- | --- |"
        print(heading)
        table(port, pages(port))
        since = time.perf_counter()
        search_to_the_end(port)
        wait_for_fairness(port, since)
        print(heading)
        suite = re.search(r'href="(suite/[^/]+)/', ask(port, "")[3])[1]
        table(port, {"fairness": [f"{suite}/fairness.html"] * ROUNDS})
        with unfinished(folder / "holometer.db"):
            table(port, going_on(port))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    words = sys.argv[1:]
    if len(words) == 3 and words[0] == "make":
        make(Path(words[1]), words[2])
    elif len(words) == 3 and words[0] == "time":
        measure(Path(words[1]), words[2])
    else:
        raise SystemExit(__doc__)
