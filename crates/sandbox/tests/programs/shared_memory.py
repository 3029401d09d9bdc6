# Takes memory that belongs to no process.
# ends: any
import ctypes, mmap, os
libc = ctypes.CDLL(None, use_errno=True)
held = 0
for number in range(8):
    try:
        file = os.memfd_create("m")
        os.write(file, b"x" * (1 << 20))
        for _ in range(63):
            os.write(file, b"x" * (1 << 20))
        held += 64
    except OSError:
        break
for number in range(8):
    key = libc.shmget(0, 64 << 20, 0o1600)
    if key >= 0:
        held += 64
if held >= 128:
    print("ESCAPED: memory without a process has no limit", held)
