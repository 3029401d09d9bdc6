# Goes through /proc.
# ends: Exited(0)
import os
for path in [
    "/proc/{{HARNESS}}/mem", "/proc/{{HARNESS}}/environ", "/proc/{{HARNESS}}/root/{{SECRET}}", "/proc/{{HARNESS}}/cwd",
    "/proc/1/mem", "/proc/1/environ", "/proc/1/root/{{SECRET}}", "/proc/self/root/{{SECRET}}",
    "/proc/%d/root/{{SECRET}}" % os.getppid(), "/proc/%d/mem" % os.getppid(), "/proc/%d/environ" % os.getppid(),
]:
    try:
        with open(path, "rb") as file:
            file.read(1)
        print("ESCAPED: read", path)
    except OSError as error:
        print(path, error.errno)
for path in ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches", "/sys/kernel/uevent_helper"]:
    try:
        os.close(os.open(path, os.O_WRONLY))
        print("ESCAPED: may write", path)
    except OSError as error:
        print(path, error.errno)
