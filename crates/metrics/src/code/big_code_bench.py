# Takes the code out of an answer, runs it with the unit tests of a BigCodeBench problem, and prints a verdict: passed, failed, or the modules
# that the interpreter lacks for the problem.
import ast, importlib.util, io, json, os, sys, types, unittest

task = json.load(sys.stdin)
word, report = task["word"], sys.__stdout__


def code_in(text):
    """The longest run of lines that is Python, by its lines that are not empty; of equal ones the first."""
    lines = text.split("\n")
    filled = [bool(line.strip()) for line in lines]
    best, found = 0, ""
    for start in range(len(lines)):
        for end in range(len(lines), start + 1, -1):
            size = sum(filled[start:end])
            if size <= best:
                break
            candidate = "\n".join(lines[start:end])
            try:
                ast.parse(candidate)
            except (SyntaxError, MemoryError, ValueError, RecursionError):
                continue
            best, found = size, candidate
            break
    return found


def finish(verdict):
    report.write("\n" + word + json.dumps(verdict) + "\n")
    report.flush()
    os._exit(0)


lacking = [name for name in task["modules"] if importlib.util.find_spec(name.split(".")[0]) is None]
if lacking:
    finish({"lacking": lacking})
sys.stdout = sys.stderr = io.StringIO()
sys.stdin = io.StringIO()
passed = False
try:
    module = types.ModuleType("__test__")
    sys.modules["__test__"] = module
    program = task["stub"] + "\n    pass\n" + code_in(task["answer"]) + "\n" + task["test"]
    exec(compile(program, "__test__.py", "exec"), module.__dict__)
    result = unittest.TestResult()
    unittest.TestLoader().loadTestsFromTestCase(module.TestCases).run(result)
    passed = result.testsRun > 0 and not result.failures and not result.errors
except BaseException:
    pass
finish({"passed": passed})
