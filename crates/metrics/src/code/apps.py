# Holds a program to the tests of an APPS problem, in the manner of APPS's own test_one_solution.py as HELM calls it, and prints one
# verdict per test: true or false for passed and failed, -1 where it raised or ran out of time, -2 where it does not compile, -3 where
# it has no function of the wanted name.
import builtins, io, json, signal, sys, types

task = json.load(sys.stdin)
solution, tests, seconds, word = task["solution"], task["tests"], task["seconds"], task["word"]
del task
report = sys.__stdout__


class Bound(io.StringIO):
    """Standard input as it is while a solution is loaded, which may keep it under a name of its own."""


sys.stdin = bound = Bound()
PRELUDE = """
import sys, time, itertools, collections, math, fractions, random, heapq
from itertools import accumulate, product, permutations, combinations
from collections import Counter, OrderedDict, deque, defaultdict, ChainMap
from functools import lru_cache
from math import sqrt, sin, cos, tan, ceil, fabs, floor, gcd, exp, log, log2
from typing import List, Tuple
from heapq import *
try:
    import numpy as np
except ImportError:
    pass
"""


class OutOfTime(Exception):
    pass


def out_of_time(number, frame):
    raise OutOfTime()


signal.signal(signal.SIGALRM, out_of_time)


def timed(action, *arguments):
    signal.alarm(seconds)
    try:
        return action(*arguments)
    finally:
        signal.alarm(0)


def as_function(text):
    """The body of a script as a function `code`; imports at its start stay outside."""
    lines, inside = [], False
    for line in text.split("\n"):
        is_import = line.startswith(("from ", "import "))
        if not inside and not is_import:
            lines += ["stdin = sys.stdin", "stdout = sys.stdout", "def code():"]
            inside = True
        lines.append("\t" + line if inside else line)
    return "\n".join(lines) + "\n"


def load(text):
    module = types.ModuleType("tmp_sol")
    exec(compile(PRELUDE + text, "<solution>", "exec"), module.__dict__)
    return module


def integer_keys(value):
    """JSON makes every key a text; this undoes it for a single dictionary."""
    try:
        if isinstance(value, dict):
            return [{int(key): item for key, item in value.items()}]
    except ValueError:
        pass
    return value


def call(function, arguments, expected):
    arguments = integer_keys(arguments[0]) if arguments and isinstance(arguments[0], dict) else arguments
    expected = integer_keys(expected)
    if isinstance(expected, list) and expected and isinstance(expected[0], dict):
        expected = integer_keys(expected[0])
    output = timed(function, *arguments)
    first = expected[0] if isinstance(expected, list) and expected else None
    has_first = isinstance(expected, list) and len(expected) > 0
    if isinstance(output, tuple):
        output = list(output)
    if output == expected or (has_first and output == first):
        return True
    try:
        if isinstance(output[0], tuple):
            return has_first and [list(item) for item in output] == first
    except Exception:
        pass
    return False


def script(function, inputs):
    """What a script prints, line by line, when it reads `inputs`."""
    captured = io.StringIO()
    lines = iter(inputs.split("\n"))
    bound.read = lambda *arguments: inputs
    bound.readline = lambda *arguments: next(lines)
    bound.readlines = lambda *arguments: inputs.split("\n")
    old = sys.stdin, sys.stdout, builtins.open
    sys.stdin, sys.stdout = io.StringIO(inputs), captured
    # Whatever file it opens holds the input, since some programs open descriptor 0.
    builtins.open = lambda *arguments, **options: io.StringIO(inputs)
    try:
        timed(function)
    except SystemExit:
        pass
    finally:
        sys.stdin, sys.stdout, builtins.open = old
    return captured.getvalue().splitlines()


def numbers(items):
    return [float(item) for item in items]


def close(one, other):
    return len(one) == len(other) and all(abs(a - b) <= 1e-8 + 1e-5 * abs(b) for a, b in zip(one, other))


def same_sets(output, expected, change):
    return {frozenset(map(change, words)) for words in output} == {frozenset(map(change, words)) for words in expected}


def matches(output, expected):
    if isinstance(expected, list):
        expected = "\n".join(map(str, expected))
    if "\n".join(output).strip() == expected.strip() or "\n".join(line.strip() for line in output).strip() == expected.strip():
        return True
    if output == [expected]:
        return True
    lines = [line.strip() for line in expected.split("\n") if line]
    if output == lines:
        return True
    filled = [line for line in output if line]
    if filled == lines:
        return True
    try:
        if close(numbers(filled), numbers(lines)):
            return True
    except ValueError:
        pass
    # The words of each line without their order, then without the lines' order, then numbers to three places.
    found, wanted = [set(line.split()) for line in filled], [set(line.split()) for line in lines]
    if same_sets(found, wanted, str):
        return True
    try:
        return same_sets(found, wanted, lambda word: round(float(word), 3))
    except ValueError:
        return False


def verdicts():
    name = tests.get("fn_name")
    try:
        module = timed(load, solution if name else as_function(solution))
        holder = module.Solution() if name and "class Solution" in solution else module
    except BaseException:
        return [-2]
    function = getattr(holder, name or "code", None)
    if function is None:
        return [-3]
    results = []
    for inputs, expected in zip(tests["inputs"], tests["outputs"]):
        try:
            if name:
                results.append(call(function, inputs, expected))
            else:
                text = "\n".join(inputs) if isinstance(inputs, list) else inputs
                results.append(matches(script(function, text), expected))
        except BaseException:
            results.append(-1)
    return results


quiet = io.StringIO()
sys.stdout = sys.stderr = quiet
found = verdicts()
report.write("\n" + word + " " + json.dumps(found) + "\n")
