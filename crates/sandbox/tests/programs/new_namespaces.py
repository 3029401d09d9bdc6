# Makes namespaces and mounts of its own.
# ends: Exited(0)
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for flag in (0x10000000, 0x00020000, 0x20000000, 0x40000000):
    if libc.unshare(flag) == 0:
        print("ESCAPED: unshare", hex(flag))
    if libc.syscall(56 if os.uname().machine == "x86_64" else 220, flag | 17, 0, 0, 0, 0) >= 0:
        print("ESCAPED: clone", hex(flag))
if libc.mount(b"none", b".", b"tmpfs", 0, None) == 0:
    print("ESCAPED: mounted")
if libc.umount2(b"/tmp", 2) == 0:
    print("ESCAPED: unmounted")
if libc.chroot(b".") == 0:
    print("ESCAPED: changed its root")
print("done")
