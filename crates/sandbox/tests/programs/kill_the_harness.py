# Sends signals to everyone.
# ends: any
import os, signal
for pid in ({{HARNESS}}, os.getppid(), -1, 1):
    for number in (signal.SIGTERM, signal.SIGKILL):
        if pid == -1 and number == signal.SIGKILL:
            continue
        try:
            os.kill(pid, number)
        except OSError as error:
            print(pid, error.errno)
try:
    os.killpg(os.getpgid({{HARNESS}}), signal.SIGKILL)
except OSError as error:
    print(error.errno)
