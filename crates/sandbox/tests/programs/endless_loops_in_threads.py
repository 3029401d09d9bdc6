# Never ends, many times over.
# ends: OutOfProcessorTime OutOfTime
import threading, time
end = time.monotonic() + 20
def work():
    while time.monotonic() < end:
        pass
for _ in range(4):
    try:
        threading.Thread(target=work).start()
    except RuntimeError:
        break
work()
print("ESCAPED: time has no limit")
