# Takes in several processes what one may not take.
# ends: OutOfMemory Exited(0)
import os, time
children = []
for _ in range(8):
    try:
        pid = os.fork()
    except OSError:
        break
    if pid == 0:
        held = bytearray(b"x") * (100 << 20)
        time.sleep(20)
        os._exit(len(held) & 1)
    children.append(pid)
if len(children) < 4:
    # The user has too many processes already to start more.
    os._exit(0)
time.sleep(10)
print("ESCAPED: several processes may take more than one")
