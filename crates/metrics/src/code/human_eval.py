# Runs a completed function with its tests, and says so when nothing went wrong. What the program itself writes is dropped.
import contextlib, io, json, sys

task = json.load(sys.stdin)
program, word = task["program"], task["word"]
sys.stdin = io.StringIO()
del task
done = False
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    exec(compile(program, "<completion>", "exec"), {})
    done = True
if done:
    sys.__stdout__.write("\n" + word + "\n")
