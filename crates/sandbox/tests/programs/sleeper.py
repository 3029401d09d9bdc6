# Waits.
# ends: OutOfTime
import time
time.sleep(20)
print("ESCAPED: time has no limit")
