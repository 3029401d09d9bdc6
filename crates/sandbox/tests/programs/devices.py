# Opens the machine.
# ends: Exited(0)
import os
for path in ["/dev/mem", "/dev/kmem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/fuse", "/dev/kvm", "/dev/tty", "/dev/ptmx", "/dev/net/tun"]:
    try:
        os.close(os.open(path, os.O_RDWR))
        print("ESCAPED: opened", path)
    except OSError:
        pass
try:
    os.mknod("device", 0o60666, os.makedev(254, 0))
    print("ESCAPED: made a device")
except OSError as error:
    print(error.errno)
