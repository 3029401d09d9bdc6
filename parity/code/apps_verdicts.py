"""Writes what HELM's own run_test says of programs held to tests in the manner of APPS.

usage: python3 apps_verdicts.py CODE_METRICS_HELPER.py > crates/metrics/tests/fixtures/apps_verdicts.json
The argument is HELM's src/helm/benchmark/metrics/code_metrics_helper.py; it needs NumPy. Its import of HELM's logger is replaced. The
programs are ours, and harmless.
"""

import contextlib
import io
import json
import os
import pathlib
import sys
import tempfile
import types

logger = types.ModuleType("helm.common.hierarchical_logger")
logger.hlog = lambda *words: None
for name in ("helm", "helm.common"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["helm.common.hierarchical_logger"] = logger
helper = types.ModuleType("helper")
exec(compile(pathlib.Path(sys.argv[1]).read_text(), "helper", "exec"), helper.__dict__)

ADD = {"inputs": ["1 2\n", "10 -4\n", "0 0\n"], "outputs": ["3\n", "6\n", "0\n"]}
LINES = {"inputs": ["3\n1\n2\n3\n", "2\n5\n5\n"], "outputs": ["1\n2\n3\n", "5\n5\n"]}
FLOATS = {"inputs": ["2\n", "3\n"], "outputs": ["1.41421356\n", "1.73205081\n"]}
LISTED = {"inputs": [["1", "2"], ["3", "4"]], "outputs": [["3"], ["7"]]}
SETS = {"inputs": ["x\n"], "outputs": ["a b c\nd e\n"]}
CALLS = {"fn_name": "add", "inputs": [[1, 2], [3, 4], ["a", "b"]], "outputs": [3, [7], "ab"]}
PAIRS = {"fn_name": "pair", "inputs": [[1], [2]], "outputs": [[1, 1], [[2, 2]]]}
TUPLES = {"fn_name": "pairs", "inputs": [[2]], "outputs": [[[[0, 0], [1, 1]]]]}
KEYS = {"fn_name": "total", "inputs": [[{"1": 2, "3": 4}]], "outputs": [{"4": 6}]}

CASES = [
    ("a, b = map(int, input().split())\nprint(a + b)", ADD),
    ("import sys\nprint(sum(map(int, sys.stdin.read().split())))", ADD),
    ("from sys import stdin\nprint(sum(map(int, stdin.readline().split())))", ADD),
    ("print(sum(map(int, open(0).read().split())))", ADD),
    ("def main():\n    a, b = map(int, input().split())\n    print(a + b)\nmain()", ADD),
    ("if __name__ == '__main__':\n    print(sum(map(int, input().split())))", ADD),
    ("a, b = map(int, input().split())\nprint(a - b)", ADD),
    ("a, b = map(int, input().split())\nprint(a + b)\nimport math\nprint(math.pi)", ADD),
    ("a, b = map(int, input().split())\nprint(a + b, end='')\nexit()", ADD),
    ("a, b = map(int, input().split())\nif a == 0:\n    raise ValueError\nprint(a + b)", ADD),
    ("a, b = map(int, input().split())\nwhile a == 0:\n    pass\nprint(a + b)", ADD),
    ("this is no Python", ADD),
    ("", ADD),
    ("print(float(sum(map(int, input().split()))))", ADD),
    ("n = int(input())\nfor _ in range(n):\n    print(input())", LINES),
    ("n = int(input())\nfor _ in range(n):\n    print(' ', input(), ' ')", LINES),
    ("n = int(input())\nprint(*[input() for _ in range(n)])", LINES),
    ("n = int(input())\nfor _ in range(n):\n    print(input())\n    print()", LINES),
    ("n = int(input())\nfor line in reversed([input() for _ in range(n)]):\n    print(line)", LINES),
    ("print(int(input()) ** 0.5)", FLOATS),
    ("print(round(int(input()) ** 0.5, 3))", FLOATS),
    ("print(int(input()) ** 0.5 + 0.001)", FLOATS),
    ("print(int(input()) + int(input()))", LISTED),
    ("print(int(input()) * int(input()))", LISTED),
    ("print('c b a')\nprint('e d')", SETS),
    ("print('d e')\nprint('a b c')", SETS),
    ("print('a b')\nprint('c d e')", SETS),
    ("def add(a, b):\n    return a + b", CALLS),
    ("class Solution:\n    def add(self, a, b):\n        return a + b", CALLS),
    ("def plus(a, b):\n    return a + b", CALLS),
    ("def add(a, b):\n    return int(a) + int(b)", CALLS),
    ("def add(a, b):\n    print('noise')\n    return a + b", CALLS),
    ("def add(a, b):\n    while a == 3:\n        pass\n    return a + b", CALLS),
    ("def add(a, b:\n    return a + b", CALLS),
    ("def pair(a):\n    return (a, a)", PAIRS),
    ("def pair(a):\n    return [a, a]", PAIRS),
    ("def pair(a):\n    return {a}", PAIRS),
    ("def pairs(n):\n    return [(i, i) for i in range(n)]", TUPLES),
    ("def total(d):\n    return {4: sum(d.values())}", KEYS),
    ("def total(d):\n    return sum(d)", KEYS),
]
# Pairs of programs and tests that were not written for each other, so that failures of many kinds occur.
PROGRAMS = sorted({program for program, _ in CASES})
CASES += [(program, tests) for tests in (ADD, LINES, FLOATS, SETS) for program in PROGRAMS if "while" not in program and "def add" not in program]

found = []
for solution, tests in CASES:
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "input_output.json"), "w") as file:
            json.dump(tests, file)
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                verdicts = helper.run_test(folder, solution, 2)
            except BaseException as error:
                sys.__stderr__.write(f"left out, HELM's own function fails: {error!r}: {solution!r}\n")
                continue
    verdicts = [bool(verdict) if not isinstance(verdict, int) or isinstance(verdict, bool) else verdict for verdict in verdicts]
    found.append({"solution": solution, "tests": tests, "verdicts": verdicts})
print(json.dumps(found, indent=0))
