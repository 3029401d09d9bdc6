# Closes its output and goes on.
# ends: OutOfTime
import os, time
os.close(0)
os.close(1)
os.close(2)
time.sleep(20)
