# Each process starts the next and ends, so that the number is never the same.
# ends: any
import os, time
end = time.monotonic() + 20
while time.monotonic() < end:
    if os.fork() > 0:
        os._exit(0)
    try:
        os.setsid()
    except OSError:
        pass
