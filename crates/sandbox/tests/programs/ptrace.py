# Looks into other processes as a debugger does.
# ends: Exited(0)
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for pid in ({{HARNESS}}, os.getppid(), 1):
    for request in (16, 0x4206):
        if libc.ptrace(request, pid, None, None) == 0:
            print("ESCAPED: attached to", pid)
class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
buffer = ctypes.create_string_buffer(8)
here, there = Part(ctypes.addressof(buffer), 8), Part(0x400000, 8)
for pid in ({{HARNESS}}, os.getppid(), 1):
    if libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
        print("ESCAPED: read the memory of", pid)
print("done")
