# Asks for parts of the kernel with a history of faults.
# ends: Exited(0)
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
import os
numbers = {"x86_64": (321, 298, 323, 425, 248, 304), "aarch64": (280, 241, 282, 425, 217, 265)}[os.uname().machine]
for number in numbers:
    if libc.syscall(number, 0, 0, 0, 0, 0) >= 0:
        print("ESCAPED: system call", number)
print("done")
