# Starts processes that start processes.
# ends: any
import os, time
started = 0
for _ in range(300):
    try:
        if os.fork() == 0:
            for _ in range(3):
                try:
                    os.fork()
                except OSError:
                    break
            time.sleep(20)
            os._exit(0)
        started += 1
    except OSError:
        break
print("started", started)
if started > 100:
    print("ESCAPED: the number of processes has no limit")
