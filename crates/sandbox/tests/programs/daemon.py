# Leaves a process behind that has left the session and holds the output.
# ends: Exited(0)
import os, time
try:
    child = os.fork()
except OSError:
    child = None
if child == 0:
    try:
        os.setsid()
    except OSError:
        pass
    if os.fork() == 0:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                os.write(1, b".")
            except OSError:
                pass
            time.sleep(0.05)
    os._exit(0)
print("left behind")
