# Never ends.
# ends: OutOfProcessorTime OutOfTime
import time
end = time.monotonic() + 20
while time.monotonic() < end:
    pass
print("ESCAPED: time has no limit")
