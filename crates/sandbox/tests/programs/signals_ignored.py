# Ignores every signal that can be ignored.
# ends: OutOfProcessorTime OutOfTime
import signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
end = time.monotonic() + 20
while time.monotonic() < end:
    pass
print("ESCAPED: time has no limit")
