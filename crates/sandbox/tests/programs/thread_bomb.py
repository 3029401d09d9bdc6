# Starts threads until there are no more.
# ends: any
import os, threading, time
threading.stack_size(64 << 10)
count = 0
try:
    while count < 500:
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
        count += 1
    print("ESCAPED: threads have no limit", flush=True)
except (RuntimeError, MemoryError):
    print("no more after", count, flush=True)
os._exit(0)
